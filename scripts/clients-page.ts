// The parts of docs/clients.md that stand there whatever the clients do: its beginning and headings.

import type { MailClient, Stage } from '../test/interop/clients/table.ts'

export const clientsIntroduction = `<!-- Made by \`npm run docs:clients\`, which runs the clients. Change the table in test/interop/clients, not this page. -->

# What refused clients show

Each of these programs was run against Postern with Debian's Dovecot and Postfix behind it: let in, and turned away at each stage at which
a limit can turn it away. What is shown is what its user reads on the terminal, without traces of a program's own stack. How often it connected
and sent its password was counted at the gate: who connects once does not try again by itself. A mail server, which is not in this list, keeps the message and does.

- *At connect* (\`listener_sessions\`, \`service_sessions\`): \`421 4.4.5\`, \`* BYE [UNAVAILABLE]\`, \`-ERR [SYS/TEMP]\` in place of the greeting. Nobody is
  asked for a password, and none is sent.
- *After login* (\`limit_conn\`): \`454 4.7.0\`, \`NO [UNAVAILABLE]\`, \`-ERR [SYS/TEMP]\` in answer to the login. Clients that do not read the response code
  call it a failed login, and a client with a window in front of it may then ask for a password. So a limit per user should be one that
  a healthy client does not reach.
- *Zone exhausted*: the internal error of the protocol. Make the zone larger.
`

export function clientHeading({ name, protocol }: MailClient): string {
  return `## ${name}, ${protocol}`
}

export function stageHeading(stage: Stage): string {
  return `**${stage.slice(0, 1).toUpperCase()}${stage.slice(1)}**:`
}
