// The last words of a watch, and what the log reads beside them.

import { upstreamDown } from '../refusal.ts'
import type { WatchCloseReason, WatchNote } from './watch-actions.ts'

/** How a watch ends a session. */
export interface Refusal {
  /** Undefined: there is nothing to be said. */
  readonly reply: Buffer | undefined
  readonly close: WatchNote<WatchCloseReason>
}

/**
 * The page of Max_Receptions_Per_Connection says that a 421 is returned, Momentum's table of
 * responses has this text with a 452. The 421 is right: both are temporary, so no mail is lost by
 * either, but a 452 leaves a session open in which every further message is deferred, one by one,
 * by a client that has no reason to leave it, and which goes on holding its slot. After the 421 the
 * client's queue goes on in a new connection. It is said between messages, so nothing is in flight.
 */
export const batchLimit: Refusal = {
  reply: Buffer.from('421 4.5.3 Service unavailable, batch limit reached\r\n'),
  close: { reason: 'batch limit reached', level: 'info' },
}

/**
 * Momentum documents the rejection and the dropped connection, not the words. RFC 3463's 5.5.1 is
 * "out of sequence", as is RFC 5321's 503; RFC 2920 is what demands that STARTTLS be the last of a
 * group.
 */
export const injection: Refusal = {
  reply: Buffer.from('503 5.5.1 STARTTLS must be the last command in a group\r\n'),
  close: { reason: 'data pipelined after STARTTLS', level: 'warn' },
}

/** Upstream_XCLIENT = required, and the upstream does not offer it or does not take it from us. */
export const xclientRefused: Refusal = {
  reply: upstreamDown('smtp'),
  close: { reason: 'upstream refused XCLIENT', level: 'error' },
}

/** The upstream left while XCLIENT was spoken; the client has read nothing yet. */
export const greetingMissing: Refusal = {
  reply: upstreamDown('smtp'),
  close: { reason: 'upstream closed before its greeting', level: 'error' },
}

/** A caller that heeds `pauseClient` never sees this. */
export const overrun: Refusal = {
  reply: undefined,
  close: { reason: 'too much sent before the reply', level: 'warn' },
}

/** Reconfig_Message, between messages (momentum Reconfig_Message). */
export function reconfigured(reply: Buffer): Refusal {
  return { reply, close: { reason: 'reconfiguration in progress', level: 'info' } }
}
