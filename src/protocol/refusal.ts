// The last words a client reads from us when its session does not go on, as finished bytes.

import type { ServiceName } from '../policy/policy.ts'

type Words = Readonly<Record<ServiceName, Buffer | undefined>>

/** ECStream is a binary protocol of its own and is closed without a byte (CONTRACT). */
function words(smtp: string, imap: string, pop3: string): Words {
  return Object.freeze({
    smtp: Buffer.from(`${smtp}\r\n`),
    imap: Buffer.from(`${imap}\r\n`),
    pop3: Buffer.from(`${pop3}\r\n`),
    ecstream: undefined,
  })
}

// The text, the full stop included, is momentum Service_Sessions'. RFC 5530 gives IMAP the code
// for "temporary, try again" and RFC 3206 gives POP3 one; both let a client tell it from a wrong
// password.
const refusedAtConnect = words(
  '421 4.4.5 Service unavailable, concurrency limit reached.',
  '* BYE [UNAVAILABLE] Service unavailable, concurrency limit reached.',
  '-ERR [SYS/TEMP] Service unavailable, concurrency limit reached.',
)

// Momentum's response table has this line without a full stop ("System outage").
const noUpstream = words(
  '421 4.4.5 Service unavailable',
  '* BYE [UNAVAILABLE] Service unavailable',
  '-ERR [SYS/TEMP] Service unavailable',
)

// All of these are said before the relay begins (SEMANTICS S22), in the place of a greeting. In
// the three protocols the server speaks first, so the silence is the server side's, not the
// client's: SMTP's 4.4.2 (RFC 3463, "timed out"), IMAP's greeting BYE (RFC 9051 7.1.5) with
// RFC 5530's "a subsystem is down", and POP3's RFC 3206 code in RFC 2449's place for it are right.
// RFC 1939's rule to end an idle POP3 session without a word speaks of a session already greeted.
const idleTooLong = words(
  '421 4.4.2 Idle timeout, closing connection',
  '* BYE [UNAVAILABLE] Idle timeout, closing connection',
  '-ERR [SYS/TEMP] Idle timeout, closing connection',
)

// 4.3.2 is RFC 3463's "system not accepting network messages", its example being a shutdown.
const shuttingDown = words(
  '421 4.3.2 Service shutting down',
  '* BYE [UNAVAILABLE] Service shutting down',
  '-ERR [SYS/TEMP] Service shutting down',
)

/** What a client refused at connect reads; undefined: nothing, the connection is just closed. */
export function connectRefusal(service: ServiceName): Buffer | undefined {
  return refusedAtConnect[service]
}

/** What a client reads when no mail server behind us answers. */
export function upstreamDown(service: ServiceName): Buffer | undefined {
  return noUpstream[service]
}

/** What a client reads when Idle_Time ends its session before the relay began. */
export function idleGoodbye(service: ServiceName): Buffer | undefined {
  return idleTooLong[service]
}

/** What a client not yet relayed reads when the daemon stops. */
export function shutdownGoodbye(service: ServiceName): Buffer | undefined {
  return shuttingDown[service]
}
