// A program with imapflow, as its README begins one: argv holds port, user and password.

import { ImapFlow } from 'imapflow'

const [port, user, pass] = process.argv.slice(2)
const client = new ImapFlow({
  host: '127.0.0.1',
  port: Number(port),
  secure: false,
  doSTARTTLS: false,
  auth: { user, pass },
  logger: false,
})
// As its manual says: without a handler, a connection that breaks ends the program.
client.on('error', () => {})
try {
  await client.connect()
  const status = await client.status('INBOX', { messages: true })
  process.stdout.write(`INBOX has ${status.messages} messages\n`)
  await client.logout()
} catch (error) {
  const { message, responseText, serverResponseCode, authenticationFailed, code } = error
  const said = { message, code, responseText, serverResponseCode, authenticationFailed }
  process.stderr.write(`${JSON.stringify(said)}\n`)
  process.exitCode = 1
}
