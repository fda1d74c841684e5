// The lease under which one holder's ledger stands in the store: begins it, keeps it, and knows when
// it is over, by its own clock before the server does.
//
//   joining ─▶ settling ─▶ counting
//      ▲───────────┴───────────╯ fenced, at its end, store lost, counts that differ
//
// In `joining` there is none: nothing is written, and what is held is published anew, whole, as soon
// as the store takes it. In `settling` there is one, but others may not have theirs yet, so the
// counts of the store are not relied upon.

import type { Clock } from '../../base/clock.ts'
import type { Flights } from './flights.ts'
import type { HeldCounts } from './held-counts.ts'
import type { LeaseTimes } from './lease-times.ts'
import type { Membership } from './membership.ts'
import type { ScriptStore } from './script-store.ts'
import { isCount, readMembers } from './steps.ts'
import type { Timers } from './timers.ts'

export type LeaseState = 'joining' | 'settling' | 'counting'

/** Why there is no lease, or none to rely on. */
export type LossReason =
  /** The store says that the lease has ended, or does not know the ledger. */
  | 'fenced'
  /** The lease ran out by our own clock. */
  | 'expired'
  /** The store cannot be reached, or does not answer in time. */
  | 'unreachable'
  /** It answers, and waits to hear from every node. */
  | 'settling'
  /** What it says is not what was written. */
  | 'drift'
  /** A new policy counts otherwise: everything is published anew. */
  | 'replaced'

export interface Loss {
  readonly why: LossReason
  /** For the log; nothing that a client wrote. */
  readonly detail: string
}

export interface LeaseParts {
  readonly store: ScriptStore
  readonly times: LeaseTimes
  readonly clock: Clock
  readonly timers: Timers
  readonly membership: Membership
  readonly flights: Flights
  /** Unlike any that was drawn before. */
  readonly newEpoch: () => string
}

/** What a lease needs from its ledger, and tells it. */
export interface LeaseHooks {
  readonly held: HeldCounts
  /** A lease was asked for: `total` slots are published. */
  readonly onPublished: (total: number) => void
  /** It did not come about, or is over. */
  readonly onLost: () => void
  readonly onSettling: () => void
  readonly onCounting: () => void
  /** A heartbeat came through. */
  readonly onBeat: () => void
  /** By how much the store's numbers differ from what was written. */
  readonly driftFrom: (sequence: number, count: number) => number
}

const notUnderstood: Loss = { why: 'unreachable', detail: 'it answers what no script of ours does' }

export class Lease {
  readonly #parts: LeaseParts
  readonly #hooks: LeaseHooks
  #state: LeaseState = 'joining'
  /** Present from the moment at which a lease is asked for. */
  #epoch: string | undefined
  #untilMs = 0
  #loss: Loss | undefined
  #begunTotal = 0
  #isRegistering = false
  #isStopped = false
  #offHeartbeat = noTimer
  #offRetry = noTimer
  #offSettled = noTimer

  constructor(parts: LeaseParts, hooks: LeaseHooks) {
    this.#parts = parts
    this.#hooks = hooks
  }

  get state(): LeaseState {
    return this.#state
  }

  /** Of the lease that is held or asked for: what changes now must be written under it. */
  get epoch(): string | undefined {
    return this.#epoch
  }

  /** Why it is not counting. */
  get loss(): Loss | undefined {
    return this.#loss
  }

  /** Leases begun so far. */
  get begunTotal(): number {
    return this.#begunTotal
  }

  /** By our own clock; 0: there is none. */
  get leftMs(): number {
    return this.#state === 'joining' ? 0 : Math.max(0, this.#untilMs - this.#nowMs())
  }

  /** Whether what the store did up to now was done under this lease. */
  get isOver(): boolean {
    return this.#nowMs() >= this.#untilMs
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Looks at the clock: a process that was stopped knows at once. */
  check(): void {
    if (this.#state === 'joining' || !this.isOver) return
    this.lose({ why: 'expired', detail: 'the lease ran out' })
  }

  lose(loss: Loss): void {
    if (this.#isStopped) return
    this.#loss = loss
    if (this.#epoch === undefined) return
    this.#drop()
    this.#hooks.onLost()
    this.begin()
  }

  /**
   * Begins a lease and publishes what is held, unless one is held or asked for. Nothing else may be
   * in flight: an answer to something older would be taken for one under this lease.
   */
  begin(): void {
    if (this.#isRegistering || this.#isStopped || this.#epoch !== undefined) return
    const { flights, times, newEpoch, store, membership } = this.#parts
    if (flights.count > 0) return
    this.#isRegistering = true
    this.#offRetry()
    const epoch = newEpoch()
    this.#epoch = epoch
    const { held } = this.#hooks
    const lengths = [times.leaseMs, times.settleMs, times.forgetMs, held.total].map(String)
    const args = [membership.ownName, epoch, ...lengths]
    for (const [field, count] of held.entries()) args.push(field, `${count}`)
    this.#hooks.onPublished(held.total)
    const sentMs = this.#nowMs()
    const keys = [membership.membersKey, membership.ownKey]
    flights.run(store.run({ script: 'register-2', keys, args })).then(
      (raw) => this.#onRegistered(epoch, sentMs, raw),
      (error: unknown) => {
        const detail = error instanceof Error ? error.message : String(error)
        this.#onNotRegistered(epoch, { why: 'unreachable', detail })
      },
    )
  }

  /** Gives it up at once. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    const epoch = this.#epoch
    this.#drop()
    if (epoch === undefined) return
    const { store, flights, membership } = this.#parts
    const { membersKey, ownKey, ownName } = membership
    const keys = [membersKey, ownKey]
    await flights.run(store.run({ script: 'leave-2', keys, args: [ownName, epoch] })).catch(() => {
      // Then it ends by itself.
    })
  }

  #drop(): void {
    this.#state = 'joining'
    this.#epoch = undefined
    this.#offHeartbeat()
    this.#offSettled()
    this.#offRetry()
  }

  #onNotRegistered(epoch: string, loss: Loss): void {
    this.#isRegistering = false
    this.#loss = loss
    if (this.#epoch === epoch) this.#epoch = undefined
    if (this.#isStopped) return
    this.#hooks.onLost()
    this.#offRetry()
    this.#offRetry = this.#parts.timers.after(this.#parts.times.retryMs, () => this.begin())
  }

  #onRegistered(epoch: string, sentMs: number, raw: unknown): void {
    this.#isRegistering = false
    // A new policy came meanwhile: what was published is not what is held.
    if (this.#epoch !== epoch) {
      this.begin()
      return
    }
    const [settleMs, ...rest] = Array.isArray(raw) ? (raw as readonly unknown[]) : []
    const members = readMembers(rest)
    const isUnderstood = isCount(settleMs) && members !== undefined
    if (!isUnderstood || !this.#parts.membership.learn(members)) {
      this.#onNotRegistered(epoch, notUnderstood)
      return
    }
    this.#begunTotal += 1
    this.#extend(sentMs)
    this.#beatAfter(this.#parts.times.heartbeatMs)
    this.#state = 'settling'
    if (settleMs === 0) {
      this.#count()
      return
    }
    this.#loss = { why: 'settling', detail: `it hears from every node for ${settleMs} ms` }
    this.#offSettled = this.#parts.timers.after(settleMs, () => this.#count())
    this.#hooks.onSettling()
  }

  #count(): void {
    this.#state = 'counting'
    this.#loss = undefined
    this.#hooks.onCounting()
  }

  #extend(sentMs: number): void {
    const { leaseMs, marginMs } = this.#parts.times
    this.#untilMs = sentMs + leaseMs - marginMs
  }

  #beatAfter(ms: number): void {
    this.#offHeartbeat()
    this.#offHeartbeat = this.#parts.timers.after(ms, () => this.#beat())
  }

  #beat(): void {
    this.check()
    const epoch = this.#epoch
    if (this.#state === 'joining' || epoch === undefined) return
    const { times, store, flights, membership } = this.#parts
    const { keys, revision, others } = membership
    const args = [epoch, revision, `${times.leaseMs}`, `${times.forgetMs}`, ...others]
    const sentMs = this.#nowMs()
    flights.run(store.run({ script: 'heartbeat-n', keys, args })).then(
      (raw) => this.#onBeat(epoch, sentMs, raw),
      () => {
        // The lease still stands: until it ends there is time for another.
        if (this.#epoch === epoch) this.#beatAfter(times.retryMs)
        this.begin()
      },
    )
  }

  #onBeat(epoch: string, sentMs: number, raw: unknown): void {
    if (this.#epoch === epoch) {
      const loss = this.#readBeat(sentMs, raw)
      if (loss === undefined) {
        this.#beatAfter(this.#parts.times.heartbeatMs)
        this.#hooks.onBeat()
      } else this.lose(loss)
    }
    this.begin()
  }

  #readBeat(sentMs: number, raw: unknown): Loss | undefined {
    const { membership } = this.#parts
    const [sequence, count, ...rest] = Array.isArray(raw) ? (raw as readonly unknown[]) : []
    if (sequence === -1) return { why: 'fenced', detail: 'the store does not know the lease' }
    const members = readMembers(rest)
    if (!isCount(sequence) || typeof count !== 'number' || members === undefined) {
      return notUnderstood
    }
    this.#extend(sentMs)
    if (members.revision !== membership.revision && !membership.learn(members)) {
      return { why: 'fenced', detail: 'the store struck this node off' }
    }
    const drift = this.#hooks.driftFrom(sequence, count)
    return drift === 0 ? undefined : { why: 'drift', detail: `its counts differ by ${drift}` }
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicMs()
  }
}

function noTimer(): void {}
