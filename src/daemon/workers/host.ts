// The host: the process in which the workers run. It starts them, buries them, and has them reload
// together. It has no sessions, and no log: what it has to say the master writes.

import { unreachable } from '../../base/assert.ts'
import type { Tally } from '../../base/tally.ts'
import { LimitRows } from '../../engine/limit-counts.ts'
import { releaseDeadWorker } from '../../engine/shared-repair.ts'
import { shareZones } from '../../engine/share-zones.ts'
import type { SharedZones } from '../../engine/zone-source.ts'
import { orderMemory, sharedOrder } from '../feed/event-feed.ts'
import { lostBatch } from '../feed/lost.ts'
import type { ControlResponse, Question } from '../control-protocol.ts'
import type { Assignment, PlaneReport } from '../plane.ts'
import { Barrier } from './barrier.ts'
import { everyLook, hangLooksMax } from './heartbeat.ts'
import type {
  FromHost,
  HostOrder,
  HostStart,
  Listening,
  WorkerOrder,
  WorkerReport,
} from './messages.ts'
import { limitTable } from '../../policy/limit-table.ts'
import type { Policy } from '../../policy/policy.ts'
import { addCounts, mergeKicks, mergeRefusals, mergeReports, mergeSessions } from './merge.ts'
import { Rendezvous } from './rendezvous.ts'
import { Seat } from './seat.ts'
import { sessionNumberMemory } from './session-numbers.ts'

/** A thread that dies at once is tried again after so long, and each time after twice as long … */
const restartFirstMs = 50
/** … up to this. */
const restartMaxMs = 10_000
/** Whoever served for so long did not die of being started. */
const provenMs = 60_000
/** How soon to ask again for a lock that another dead thread holds. */
const repairRetryMs = 10

export type Say = (message: FromHost) => void

export class Host {
  readonly #say: Say
  readonly #start: HostStart
  readonly #sessionNumbers = sessionNumberMemory()
  readonly #eventOrder = orderMemory()
  #listening: Listening
  readonly #limitRows: LimitRows
  readonly #seats: readonly Seat[]
  #assignment: Assignment
  #zones: SharedZones
  #revision: number
  #rendezvous: Rendezvous | undefined
  /** Resolves when the reload under way, if any, has ended. */
  #reloading: Promise<unknown> = Promise.resolve()
  #opening = new Set<Promise<void>>()
  readonly #waitingForListens = new Map<number, () => void>()
  #restartedTotal = 0
  #isEnding = false

  constructor(start: HostStart, say: Say) {
    this.#say = say
    this.#start = start
    this.#assignment = start
    this.#revision = start.revision
    this.#listening = start.listening
    const { policy, settings } = start
    this.#zones = shareZones(policy, settings.workers)
    this.#limitRows = new LimitRows(idsOf(policy))
    this.#seats = Array.from(
      { length: settings.workers },
      (_, index) =>
        new Seat(index + 1, this.#limitRows, {
          onEvents: (batch) => this.#say({ kind: 'events', batch }),
          onPrepared: (seat) => this.#rendezvous?.prepared(seat.worker),
          onEnded: (seat, why) => this.#onEnded(seat, why),
        }),
    )
  }

  /** Resolves when every worker serves; rejects when one cannot. */
  async start(): Promise<void> {
    await Promise.all(this.#seats.map((seat) => this.#open(seat)))
    everyLook(() => this.#endWhoHangs())
  }

  async obey(order: Exclude<HostOrder, { readonly kind: 'start' }>): Promise<unknown> {
    switch (order.kind) {
      case 'reload': {
        const reloaded = this.#reload(order)
        this.#reloading = reloaded.catch(() => {})
        return reloaded
      }
      case 'drain':
      case 'close':
        this.#isEnding = true
        await this.#reloading
        await Promise.all(this.#opening)
        // Those that die meanwhile have nothing left to end.
        await Promise.allSettled(this.#tellAll(order))
        return undefined
      case 'give_up':
      case 'take_up':
      case 'reopen':
        await Promise.allSettled(this.#tellAll(order))
        return undefined
      case 'pulse':
        return this.#pulse()
      case 'report':
        return this.#report()
      case 'ask':
        return this.#ask(order.question)
      case 'listen_events':
        await this.#listen(order)
        return undefined
      default:
        return unreachable(order)
    }
  }

  /** A listening socket for one worker has come. */
  give(worker: number, listenId: string, fd: number): void {
    this.#seats[worker - 1]?.tell({ kind: 'listen', listenId, fd })
  }

  /** Every listening socket for one worker has come. */
  listensGiven(worker: number): void {
    this.#waitingForListens.get(worker)?.()
    this.#waitingForListens.delete(worker)
  }

  /** Has a thread take the seat, and resolves once it serves. */
  async #open(seat: Seat): Promise<void> {
    const { worker } = seat
    const { policy, settings } = this.#assignment
    seat.take({
      policy,
      settings,
      prefix: this.#start.prefix,
      revision: this.#revision,
      zones: this.#zones,
      sessionNumbers: this.#sessionNumbers,
      eventOrder: this.#eventOrder,
      listening: this.#listening,
    })
    const given = new Promise<void>((resolve) => this.#waitingForListens.set(worker, resolve))
    this.#say({ kind: 'want_listens', worker })
    await given
    await seat.order({ kind: 'open' })
    seat.isRunning = true
    seat.openedMs = performance.now()
  }

  #onEnded(seat: Seat, why: string): void {
    this.#rendezvous?.lost(seat.worker)
    this.listensGiven(seat.worker)
    this.#bury(seat, why)
  }

  /** Takes what the dead thread held out of every zone, then has a successor started. */
  #bury(seat: Seat, why: string): void {
    const all = [this.#zones, ...(this.#rendezvous === undefined ? [] : [this.#rendezvous.zones])]
    const memories = all.flatMap(({ connect, keyed }) => [connect, ...keyed])
    if (!memories.every((memory) => releaseDeadWorker(memory, seat.worker))) {
      setTimeout(() => this.#bury(seat, why), repairRetryMs)
      return
    }
    this.#tellLost(seat.worker)
    if (this.#isEnding) return
    const servedMs = performance.now() - seat.openedMs
    seat.failureCount = servedMs > provenMs ? 1 : seat.failureCount + 1
    const waitMs = Math.min(restartMaxMs, restartFirstMs * 2 ** (seat.failureCount - 1))
    const text = `worker ${seat.worker} ${why}; its sessions are gone and their slots free, the next one starts in ${waitMs} ms`
    this.#say({ kind: 'log', level: 'alert', text })
    setTimeout(() => this.#restart(seat), waitMs)
  }

  #restart(seat: Seat): void {
    const opening = this.#reloading
      .then(() => (this.#isEnding ? undefined : this.#reopenSeat(seat)))
      .catch((error: unknown) => {
        // It could not serve: it is ended, and so tried again.
        const text = `worker ${seat.worker} could not start: ${messageOf(error)}`
        this.#say({ kind: 'log', level: 'alert', text })
        return seat.end()
      })
      .finally(() => this.#opening.delete(opening))
    this.#opening.add(opening)
  }

  async #reopenSeat(seat: Seat): Promise<void> {
    this.#restartedTotal += 1
    await this.#open(seat)
    this.#say({ kind: 'log', level: 'notice', text: `worker ${seat.worker} serves again` })
  }

  async #reload(assignment: Assignment): Promise<void> {
    await Promise.all(this.#opening)
    const seats = this.#running()
    if (seats.length === 0) throw new Error('no worker serves just now')
    const { policy, settings } = assignment
    const zones = shareZones(policy, this.#seats.length)
    const barrier = new Barrier(Barrier.memory(this.#seats.length), seats.length)
    const workers = seats.map(({ worker }) => worker)
    const rendezvous = new Rendezvous({ zones, barrier, workers })
    this.#rendezvous = rendezvous
    const { words } = barrier
    const order = { kind: 'reload', policy, settings, zones, barrier: words } as const
    const outcomes = seats.map((seat) => {
      const done = seat.order({ ...order, expectedCount: seats.length })
      // One that fails before it is prepared has the others stay with the old policy, too.
      done.catch(() => rendezvous.lost(seat.worker))
      return done
    })
    const isOn = await rendezvous.settled
    for (const seat of seats) seat.tell({ kind: 'swap', isOn })
    const settled = await Promise.allSettled(outcomes)
    this.#rendezvous = undefined
    const failed = settled.find((outcome) => outcome.status === 'rejected')
    if (!barrier.isAgreed) {
      throw failed?.status === 'rejected' ? firstCause(settled) : new Error('the reload is off')
    }
    this.#assignment = assignment
    // As each of the workers did.
    this.#limitRows.add(idsOf(policy))
    this.#zones = zones
    this.#revision += 1
    // It is in force. Whoever failed after that is in no state to serve it.
    for (const [index, outcome] of settled.entries()) {
      if (outcome.status === 'rejected') await seats[index]?.end()
    }
  }

  /** Those that start later begin with all subscriptions there are. */
  async #listen(order: Extract<HostOrder, { readonly kind: 'listen_events' }>): Promise<void> {
    const { subscriptions } = order
    this.#listening = { ...order, beginning: subscriptions }
    const told = this.#seats.filter((seat) => seat.isTaken).map((seat) => seat.order(order))
    await Promise.allSettled(told)
  }

  #tellLost(worker: number): void {
    const order = sharedOrder(this.#eventOrder).next()
    for (const stream of this.#listening.streams) {
      this.#say({ kind: 'events', batch: lostBatch(stream, { worker, order }) })
    }
  }

  /** What a thread holds that never comes back to its event loop is free only with its end. */
  #endWhoHangs(): void {
    for (const seat of this.#seats.filter((taken) => taken.hangs())) {
      const text = `worker ${seat.worker} has not had a turn for ${hangLooksMax} s and is ended`
      this.#say({ kind: 'log', level: 'alert', text })
      seat.isRunning = false
      void seat.end()
    }
  }

  /** Resolves when every worker has answered. */
  async #pulse(): Promise<void> {
    for (const { worker, isRunning } of this.#seats) {
      if (!isRunning) throw new Error(`worker ${worker} does not serve`)
    }
    await Promise.all(this.#tellAll({ kind: 'pulse' }))
  }

  #running(): readonly Seat[] {
    return this.#seats.filter((seat) => seat.isRunning)
  }

  #tellAll(order: WorkerOrder): Promise<unknown>[] {
    return this.#running().map((seat) => seat.order(order))
  }

  async #report(): Promise<PlaneReport> {
    const reports: WorkerReport[] = []
    const absent: Tally[] = []
    await Promise.all(
      this.#seats.map(async (seat) => {
        const report = await reportOf(seat)
        if (report === undefined) absent.push(seat.tally)
        else reports.push(report)
      }),
    )
    return mergeReports(reports, {
      absent,
      meters: this.#seats.map(({ meters }) => meters),
      revision: this.#revision,
      workers: {
        configured: this.#seats.length,
        running: this.#running().length,
        restartedTotal: this.#restartedTotal,
        hostPid: process.pid,
      },
    })
  }

  /** What is counted in common any worker knows; sessions and refusals are each worker's own. */
  async #ask(question: Question): Promise<ControlResponse> {
    const seats = this.#running()
    const isOwn = ['sessions', 'refusals', 'kick'].includes(question.request)
    const asked = isOwn ? seats : seats.slice(0, 1)
    const settled = await Promise.allSettled(
      asked.map((seat) => seat.order({ kind: 'ask', question })),
    )
    const answers = settled.flatMap((outcome) =>
      // Checked by the protocol, as above.
      outcome.status === 'fulfilled' ? [outcome.value as ControlResponse] : [],
    )
    const [first = { ok: false, problem: 'No worker serves just now; ask again.' } as const] =
      answers
    if (!first.ok) return first
    switch (question.request) {
      case 'sessions':
        return mergeSessions(answers, question)
      case 'refusals':
        return mergeRefusals(answers, question.limit)
      case 'kick':
        return mergeKicks(answers)
      case 'limits':
        return addCounts(
          first,
          this.#seats.map(({ limitCounts }) => limitCounts),
        )
      default:
        return first
    }
  }
}

function idsOf(policy: Policy): readonly string[] {
  return limitTable(policy).map(({ id }) => id)
}

/** Undefined when nobody has the seat, or dies before he answers. */
async function reportOf(seat: Seat): Promise<WorkerReport | undefined> {
  if (!seat.isRunning) return undefined
  try {
    // Checked by the protocol: a worker answers `report` with a WorkerReport.
    return (await seat.order({ kind: 'report' })) as WorkerReport
  } catch {
    return undefined
  }
}

/** The first reason that is not only another's failure. */
function firstCause(settled: readonly PromiseSettledResult<unknown>[]): Error {
  const errors = settled.flatMap((outcome) =>
    outcome.status === 'rejected' && outcome.reason instanceof Error ? [outcome.reason] : [],
  )
  const own = errors.find(({ message }) => !message.startsWith('another worker'))
  return own ?? errors[0] ?? new Error('a worker could not take the new policy')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
