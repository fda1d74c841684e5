// Turns the headers of an auth server's answer into an outcome (freenginx auth_http).

import { parseAddress } from '../../base/address.ts'
import { authServerFault, authServerSentInvalid } from './log-text.ts'
import type { AuthBroken, AuthFail, AuthHeader, AuthOutcome } from './outcome.ts'

export interface JudgeOptions {
  /** `host:port` of the auth server, for the log. */
  readonly serverName: string
  /**
   * The client's password is not known (APOP, CRAM-MD5, EXTERNAL) and the upstream will want one.
   */
  readonly needsPassword: boolean
  /** The method has a failure dialogue of its own: XOAUTH2 and OAUTHBEARER. */
  readonly takesSaslChallenge?: boolean
}

/**
 * The longest wait: a day, well below the 24.8 days from which Node's timers fire at once.
 */
const waitMaxMs = 86_400_000
const portMax = 65_535
// An answer that an SMTP client takes for a success, or for one line of several, must not get out.
const errorCodePattern = /^[45]\d\d(?: [45]\.\d{1,3}\.\d{1,3})?$/

type Values = ReadonlyMap<string, Buffer>

/** The last header of a name counts, as in nginx; a failure outweighs WAIT, which outweighs OK. */
export function judgeHeaders(headers: readonly AuthHeader[], options: JudgeOptions): AuthOutcome {
  const values: Values = new Map(headers.map(({ name, value }) => [name.toLowerCase(), value]))
  const statuses = headers
    .filter(({ name }) => name.toLowerCase() === 'auth-status')
    .map(({ value }) => value.toString())
  const failure = statuses.findLast((status) => status !== 'OK' && status !== 'WAIT')
  const waitMs = waitOf(values)
  if (failure !== undefined) return { ...failureOf(failure, values, options), ...delayed(waitMs) }
  if (statuses.includes('WAIT')) return { kind: 'wait', waitMs }
  return accepted(headers, values, options)
}

/** Anything but digits is ignored, as nginx does. */
function waitOf(values: Values): number {
  const text = values.get('auth-wait')?.toString('latin1') ?? ''
  return /^\d+$/.test(text) ? Math.min(Number(text) * 1_000, waitMaxMs) : 0
}

function delayed(waitMs: number): Pick<AuthFail, 'waitMs'> {
  return waitMs === 0 ? {} : { waitMs }
}

function failureOf(text: string, values: Values, options: JudgeOptions): AuthFail {
  const errorCode = values.get('auth-error-code')?.toString('latin1') ?? ''
  const challenge = values.get('auth-error-sasl')?.toString()
  const isChallenged = options.takesSaslChallenge === true && challenge !== undefined
  return {
    kind: 'fail',
    text,
    ...(errorCodePattern.test(errorCode) ? { errorCode } : {}),
    ...(isChallenged ? { saslChallenge: challenge } : {}),
  }
}

function accepted(
  headers: readonly AuthHeader[],
  values: Values,
  { serverName, needsPassword }: JudgeOptions,
): AuthOutcome {
  const server = values.get('auth-server')
  const port = values.get('auth-port')
  if (server === undefined || server.length === 0 || port === undefined || port.length === 0) {
    return broken(authServerFault(serverName, 'did not send server or port'))
  }
  const user = values.get('auth-user')
  const password = values.get('auth-pass')
  if (needsPassword && password === undefined) {
    return broken(authServerFault(serverName, 'did not send password'))
  }
  const address = parseAddress(server.toString('latin1'))
  if (address === undefined) return broken(authServerSentInvalid(serverName, 'address', server))
  const portNumber = parsePort(port)
  if (portNumber === undefined) return broken(authServerSentInvalid(serverName, 'port', port))
  return {
    kind: 'accept',
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    server: address.text,
    port: portNumber,
    headers,
  }
}

/** Digits, with leading zeros if need be, as nginx reads numbers. */
function parsePort(value: Buffer): number | undefined {
  const text = value.toString('latin1')
  const port = /^\d+$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= portMax ? port : undefined
}

function broken(logText: string): AuthBroken {
  return { kind: 'broken', logText }
}
