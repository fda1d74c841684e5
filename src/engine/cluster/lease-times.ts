// How long what takes, all made from the length of a lease.

export interface LeaseTimes {
  readonly leaseMs: number
  /** Three in a lease: two may be lost. */
  readonly heartbeatMs: number
  /**
   * A node lets go of its lease so long before the server does. The server's clock may run faster
   * than ours by a tenth, which no clock does.
   */
  readonly marginMs: number
  /**
   * A store that has not answered for so long is away. Shorter than a client's patience with a
   * banner; longer than a full collection of garbage, or a fork of a large store, takes.
   */
  readonly answerMs: number
  /** A store that is new, or was out of everybody's reach, is given so long to hear from all. */
  readonly settleMs: number
  /** How soon to try again to register. */
  readonly retryMs: number
  /** Members are forgotten when nobody was heard for so long: nothing stays behind for good. */
  readonly forgetMs: number
}

const answerMinMs = 200
const answerMaxMs = 1000
const retryMs = 100

export function leaseTimes(leaseMs: number): LeaseTimes {
  return {
    leaseMs,
    heartbeatMs: Math.floor(leaseMs / 3),
    marginMs: Math.ceil(leaseMs / 10),
    answerMs: Math.max(answerMinMs, Math.min(answerMaxMs, Math.floor(leaseMs / 5))),
    settleMs: Math.ceil(leaseMs / 2),
    retryMs,
    forgetMs: leaseMs * 10,
  }
}
