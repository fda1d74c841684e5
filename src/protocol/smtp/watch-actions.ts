// What a watch asks of the gateway, as plain data.

import type { LogLevelName } from '../../base/log.ts'

/** Why a watch ended a session. */
export type WatchCloseReason =
  | 'batch limit reached'
  | 'reconfiguration in progress'
  | 'data pipelined after STARTTLS'
  | 'upstream refused XCLIENT'
  | 'upstream closed before its greeting'
  | 'too much sent before the reply'

/** Something that happened and concerns the operator. */
export interface WatchNote<Reason extends string> {
  readonly reason: Reason
  readonly level: LogLevelName
}

/**
 * What is to be done, in this order: write `toClient` and `toUpstream`, end the upstream's side,
 * stop calling the watch, close. The buffers may share memory with the chunk that was passed in.
 */
export interface WatchActions {
  readonly toClient?: readonly Buffer[]
  readonly toUpstream?: readonly Buffer[]
  /**
   * Read nothing more from the client until an answer comes without it. Every answer says it anew.
   */
  readonly pauseClient?: true
  /** Pass the client's half-close on now: all it sent has been forwarded. */
  readonly endUpstream?: true
  /** From now on relay raw, without the watch. */
  readonly transparent?: true
  /** Write what is above, then close both sides. */
  readonly close?: WatchNote<WatchCloseReason>
  /** For the log only. */
  readonly note?: WatchNote<'upstream does not speak SMTP, session no longer watched'>
}

/** Bytes on their way to one side. Neighbours in memory are joined again: a write each is dear. */
export class Outbox {
  #buffers: Buffer[] = []

  push(bytes: Buffer): void {
    if (bytes.length === 0) return
    const last = this.#buffers.at(-1)
    if (last === undefined || !isFollowedBy(last, bytes)) {
      this.#buffers.push(bytes)
      return
    }
    const joined = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length)
    this.#buffers[this.#buffers.length - 1] = joined
  }

  take(): readonly Buffer[] {
    const buffers = this.#buffers
    this.#buffers = []
    return buffers
  }
}

function isFollowedBy(first: Buffer, second: Buffer): boolean {
  return first.buffer === second.buffer && first.byteOffset + first.length === second.byteOffset
}
