// One holder's ledger in the store: what is asked of it and written to it, in calls that carry
// whatever has come together. One of these per worker and hash tag; its lease is lease.ts.
//
// Beside the state of its lease a ledger is `away` or not: whether those who ask are told at once
// that nobody knows, or wait for the store.

import { unreachable } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { Flights, NoAnswer } from './flights.ts'
import type { Flight } from './flights.ts'
import { HeldCounts } from './held-counts.ts'
import type { LeaseTimes } from './lease-times.ts'
import { Lease } from './lease.ts'
import type { Loss } from './lease.ts'
import { Membership } from './membership.ts'
import type { HolderName } from './membership.ts'
import type { ScriptStore } from './script-store.ts'
import { borrowOnce, SpareSlots } from './spare-slots.ts'
import { readAnswer, stepArgs, takenBy, withoutLease } from './steps.ts'
import type { Answer, Ask, Step } from './steps.ts'
import type { Timers } from './timers.ts'

export interface LedgerHandlers {
  /** Those who ask are told from now on that nobody knows. */
  readonly onAway: (loss: Loss) => void
  /** A lease is held and the store counts; `awayMs`: after so long without it. */
  readonly onCounting: (awayMs: number | undefined) => void
  /** The store's numbers differed by so much from what was written; they are written anew. */
  readonly onDrift: (drift: number) => void
}

export interface LedgerParts {
  readonly store: ScriptStore
  /** What its keys begin with; the hash tag. */
  readonly prefix: string
  readonly holder: HolderName
  readonly times: LeaseTimes
  readonly clock: Clock
  readonly timers: Timers
  readonly newEpoch: () => string
  readonly handlers: LedgerHandlers
}

/** So many clients may wait for an answer: each is a paused socket and some kilobytes. */
const waitingMax = 8192
/**
 * One call carries so many steps at most: the store is busy with it for a millisecond or two, and
 * everybody else waits.
 */
const stepsPerCallMax = 256
/** Enough to fill a connection to another town; while they are out, more gather for the next. */
const callsInFlightMax = 16

export class Ledger {
  readonly held: HeldCounts = new HeldCounts()
  readonly spares: SpareSlots = new SpareSlots()
  readonly membership: Membership
  readonly lease: Lease
  readonly #parts: LedgerParts
  readonly #flights: Flights
  #queue: Step[] = []
  #waitingCount = 0
  /** Budgets for which a block is on its way. */
  readonly #borrowing = new Set<string>()
  #isFlushDue = false
  /** '#seq' and '#count' as they must be now that so much was answered. */
  #sequence = 0
  #writtenTotal = 0
  #awaySinceMs: number | undefined
  #offGrace = noTimer

  constructor(parts: LedgerParts) {
    this.#parts = parts
    this.membership = new Membership(parts)
    this.#flights = new Flights(parts.timers, parts.times.answerMs)
    const { membership, held } = this
    this.lease = new Lease(
      { ...parts, membership, flights: this.#flights },
      {
        held,
        onPublished: (total) => this.#onPublished(total),
        onLost: () => this.#onLost(),
        onSettling: () => {
          this.#goAway()
          this.#flushSoon()
        },
        onCounting: () => this.#onCounting(),
        onBeat: () => this.#returnIdle(),
        driftFrom: (sequence, count) => this.#driftFrom(sequence, count),
      },
    )
  }

  get awaySinceMs(): number | undefined {
    return this.#awaySinceMs
  }

  /** Whether nobody knows. Looks at the clock, so that a process that was stopped knows at once. */
  isAway(): boolean {
    this.lease.check()
    return this.#awaySinceMs !== undefined || this.#waitingCount >= waitingMax
  }

  start(): void {
    this.#setGrace()
    this.lease.begin()
  }

  /**
   * Asks for a slot in every budget. `gives` are held, and given back in the same step, before
   * anything is looked at.
   */
  ask(ask: Ask, gives: readonly string[]): void {
    this.held.addAll(gives, -1)
    this.#waitingCount += 1
    // Without a lease nothing of them is written.
    this.#push({ kind: 'ask', gives: this.lease.epoch === undefined ? [] : gives, ask })
    if (this.#awaySinceMs !== undefined) this.#parts.timers.soon(() => this.#settleAll())
  }

  /** Slots of sessions that are over. */
  give(fields: readonly string[]): void {
    this.#change(
      fields.filter((field) => !this.spares.keep(field)),
      -1,
    )
  }

  /** A slot in each, of those borrowed; false: it has to be asked. */
  takeSpare(fields: readonly string[]): boolean {
    return this.lease.state === 'counting' && this.spares.take(fields)
  }

  /** Slots of sessions that were admitted without the store. */
  take(fields: readonly string[]): void {
    this.#change(fields, 1)
  }

  /** Counts over all nodes; undefined: nobody knows. */
  look(fields: readonly string[]): Promise<readonly number[] | undefined> {
    if (this.isAway() || this.lease.state !== 'counting') return Promise.resolve(undefined)
    return new Promise((settle) => {
      this.#push({ kind: 'look', fields, settle })
    })
  }

  /** Everything is counted otherwise from now on: `fields` of each session there is. */
  replaceHeld(fields: Iterable<readonly string[]>): void {
    this.#dropSpares()
    const counts = new Map<string, number>()
    for (const field of [...fields].flat()) counts.set(field, (counts.get(field) ?? 0) + 1)
    // Most policies count as the one before.
    if (this.held.differenceFrom(counts) === 0) return
    this.held.clear()
    for (const [field, count] of counts) this.held.add(field, count)
    this.lease.lose({ why: 'replaced', detail: 'a new policy counts otherwise' })
  }

  /** Gives the lease up. Whoever still asks is told that nobody knows. */
  async stop(): Promise<void> {
    const left = this.lease.stop()
    this.#offGrace()
    this.#settleAll()
    await left
  }

  #change(fields: readonly string[], change: 1 | -1): void {
    this.held.addAll(fields, change)
    if (this.lease.epoch === undefined || fields.length === 0) return
    const last = this.#queue.at(-1)
    const changes = last?.kind === 'change' ? last.changes : new Map<string, number>()
    for (const field of fields) changes.set(field, (changes.get(field) ?? 0) + change)
    if (last?.kind !== 'change') this.#push({ kind: 'change', changes })
  }

  #push(step: Step): void {
    this.#queue.push(step)
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#isFlushDue || this.lease.state === 'joining') return
    this.#isFlushDue = true
    this.#parts.timers.soon(this.#flush)
  }

  #flush = (): void => {
    this.#isFlushDue = false
    this.lease.check()
    if (this.lease.state === 'joining') return
    while (this.#queue.length > 0 && this.#flights.count < callsInFlightMax) {
      this.#send(this.#queue.splice(0, stepsPerCallMax))
    }
  }

  #send(steps: readonly Step[]): void {
    const { keys, revision, holderCount } = this.membership
    const flight: Flight = {
      steps: steps.map((step) => borrowOnce(step, this.#borrowing)),
      holderCount,
    }
    const args = [this.lease.epoch ?? '', revision, ...stepArgs(flight.steps)]
    this.#flights.run(this.#parts.store.run({ script: 'admit-n', keys, args })).then(
      (raw) => this.#onAnswer(flight, raw),
      (error: unknown) => this.#onFailure(flight, error),
    )
  }

  /** The store has them again. */
  #returnIdle(): void {
    const idle = this.spares.takeIdle()
    if (idle.size === 0) return
    const changes = new Map<string, number>()
    for (const [field, count] of idle) {
      this.held.add(field, -count)
      changes.set(field, -count)
    }
    this.#push({ kind: 'change', changes })
  }

  /** Nothing of them is published any more. */
  #dropSpares(): void {
    this.#borrowing.clear()
    for (const [field, count] of this.spares.takeAll()) this.held.add(field, -count)
  }

  #onAnswer(flight: Flight, raw: unknown): void {
    const { steps } = flight
    const answer = readAnswer(raw, steps)
    switch (answer?.kind) {
      case 'fenced':
        this.#askAgain(steps)
        this.lease.lose({ why: 'fenced', detail: 'the store does not know the lease' })
        break
      case 'stale':
        this.#queue.unshift(...steps)
        if (!this.membership.learn(answer.members)) {
          this.lease.lose({ why: 'fenced', detail: 'the store struck this node off' })
        }
        break
      case 'done':
        this.#onDone(flight, answer)
        break
      case undefined:
        this.#askAgain(steps)
        this.lease.lose({ why: 'unreachable', detail: 'it answers what no script of ours does' })
        break
      default:
        unreachable(answer)
    }
    this.#afterFlight()
  }

  #onDone(flight: Flight, answer: Extract<Answer, { readonly kind: 'done' }>): void {
    const isLate = this.lease.isOver
    let hasWritten = false
    let at = 0
    for (const step of flight.steps) {
      if (step.kind === 'change') {
        hasWritten = true
        for (const change of step.changes.values()) this.#writtenTotal += change
        continue
      }
      const { decided = 0, usedCounts = [] } = answer.outcomes[at] ?? {}
      at += 1
      if (step.kind === 'look') {
        step.settle(usedCounts)
        continue
      }
      const taken =
        decided > 0
          ? []
          : step.ask.budgets.map((budget, place) =>
              takenBy(budget, usedCounts[place] ?? 0, flight.holderCount),
            )
      const takenCount = taken.reduce((sum, count) => sum + count, 0)
      this.#writtenTotal += takenCount - step.gives.length
      if (takenCount + step.gives.length > 0) hasWritten = true
      for (const { field } of step.ask.budgets) this.#borrowing.delete(field)
      // What the end of the lease may have taken back is asked for again.
      if (isLate) this.#queue.push({ kind: 'ask', gives: [], ask: step.ask })
      else this.#settle(step.ask, { decided, usedCounts, taken })
    }
    if (isLate) this.lease.check()
    const expected = this.#sequence + (hasWritten ? 1 : 0)
    this.#sequence = answer.sequence
    if (answer.sequence !== expected) this.#onDrift(Math.abs(answer.sequence - expected))
  }

  #settle(ask: Ask, { decided, usedCounts, taken }: Granted): void {
    this.#waitingCount -= 1
    if (decided > 0) {
      ask.settle({ kind: 'refused', place: decided - 1, usedCounts })
      return
    }
    const fields = ask.budgets.map(({ field }) => field)
    for (const [place, { field, wantMax }] of ask.budgets.entries()) {
      const count = taken[place] ?? 1
      this.held.add(field, count)
      if (wantMax > 1) this.spares.borrowed(field, count)
    }
    if (!ask.settle({ kind: 'granted', usedCounts })) this.give(fields)
  }

  /** Nobody knows whether it was done. The next epoch makes that of no account. */
  #onFailure({ steps }: Flight, error: unknown): void {
    this.#askAgain(steps)
    const detail = error instanceof Error ? error.message : String(error)
    this.lease.lose({ why: 'unreachable', detail })
    if (error instanceof NoAnswer || this.#awaySinceMs !== undefined) this.#goAway()
    this.#afterFlight()
  }

  #afterFlight(): void {
    this.lease.begin()
    if (this.#queue.length > 0) this.#flushSoon()
  }

  #askAgain(steps: readonly Step[]): void {
    this.#queue.unshift(...steps.flatMap(withoutLease))
  }

  #onPublished(total: number): void {
    this.#sequence = 0
    this.#writtenTotal = total
  }

  #onLost(): void {
    this.#dropSpares()
    this.#queue = this.#queue.flatMap(withoutLease)
    if (this.#awaySinceMs === undefined) this.#setGrace()
    else this.#settleAll()
  }

  #onCounting(): void {
    const sinceMs = this.#awaySinceMs
    this.#offGrace()
    this.#offGrace = noTimer
    this.#awaySinceMs = undefined
    const awayMs = sinceMs === undefined ? undefined : this.#parts.clock.monotonicMs() - sinceMs
    this.#parts.handlers.onCounting(awayMs)
    this.#flushSoon()
  }

  /** Those who ask wait for a while: a store that is back soon was never away. */
  #setGrace(): void {
    if (this.#offGrace !== noTimer) return
    this.#offGrace = this.#parts.timers.after(this.#parts.times.answerMs, () => this.#goAway())
  }

  #goAway(): void {
    this.#offGrace()
    this.#offGrace = noTimer
    if (this.lease.isStopped) return
    if (this.#awaySinceMs === undefined) {
      this.#awaySinceMs = this.#parts.clock.monotonicMs()
      const none: Loss = { why: 'unreachable', detail: 'no answer yet' }
      this.#parts.handlers.onAway(this.lease.loss ?? none)
    }
    this.#settleAll()
  }

  /** Tells everybody who waits that nobody knows; who is in flight hears when that ends. */
  #settleAll(): void {
    const waiting = this.#queue
    this.#queue = waiting.filter(({ kind }) => kind === 'change')
    for (const step of waiting) {
      if (step.kind === 'look') step.settle(undefined)
      if (step.kind !== 'ask') continue
      this.#waitingCount -= 1
      step.ask.settle({ kind: 'away' })
    }
  }

  #driftFrom(sequence: number, count: number): number {
    const drift = Math.abs(count - this.#writtenTotal) + Math.abs(sequence - this.#sequence)
    if (drift > 0) this.#parts.handlers.onDrift(drift)
    return drift
  }

  #onDrift(drift: number): void {
    this.#parts.handlers.onDrift(drift)
    this.lease.lose({ why: 'drift', detail: `its counts differ by ${drift}` })
  }
}

/** What became of an ask, and how many slots of each budget it took. */
interface Granted {
  readonly decided: number
  readonly usedCounts: readonly number[]
  readonly taken: readonly number[]
}

function noTimer(): void {}
