// What a client reads when its session cannot go on before or after its login, as finished texts.

import { unreachable } from '../../base/assert.ts'

/** The services that have a dialogue of their own. */
export type DialogueService = 'imap' | 'pop3' | 'smtp'

/** What is wrong with a client's certificate: it does not verify, or there is none. */
export type CertificateProblem = 'invalid' | 'missing'

const internalErrors: Readonly<Record<DialogueService, string>> = Object.freeze({
  imap: '* BAD internal server error\r\n',
  pop3: '-ERR internal server error\r\n',
  smtp: '451 4.3.2 Internal server error\r\n',
})

const certificateErrors: Readonly<Record<DialogueService, string>> = Object.freeze({
  imap: '* BYE SSL certificate error\r\n',
  pop3: '-ERR SSL certificate error\r\n',
  smtp: '421 4.7.1 SSL certificate error\r\n',
})

const certificatesMissing: Readonly<Record<DialogueService, string>> = Object.freeze({
  imap: '* BYE No required SSL certificate\r\n',
  pop3: '-ERR No required SSL certificate\r\n',
  smtp: '421 4.7.1 No required SSL certificate\r\n',
})

/** Said after AUTH when upstream is ready; in IMAP and POP3 the upstream's own words are relayed. */
export const smtpAuthenticated = '235 2.0.0 OK\r\n'

/** Something broke behind us, or a zone is exhausted (SEMANTICS S16). */
export function internalErrorText(service: DialogueService): string {
  return internalErrors[service]
}

/** `ssl_verify_client` is not satisfied (freenginx ssl module). Said inside TLS. */
export function certificateText(service: DialogueService, problem: CertificateProblem): string {
  switch (problem) {
    case 'invalid':
      return certificateErrors[service]
    case 'missing':
      return certificatesMissing[service]
    default:
      return unreachable(problem)
  }
}
