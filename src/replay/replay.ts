// Runs a trace through an engine with another policy: what would have happened.
//
// Two worlds are counted side by side. In the replay the engine decides. In the demand nobody is
// refused, so its peaks are the caps that would have refused nobody.

import { addressOfClient } from '../base/address.ts'
import type { Refuse } from '../engine/verdict.ts'
import { needsLogin } from '../policy/login.ts'
import type { Policy } from '../policy/policy.ts'
import { Assumed } from './assumed.ts'
import type { LimitRow } from './limit-row.ts'
import type { Meters } from './meters.ts'
import { Retries } from './retries.ts'
import { Tallies } from './tallies.ts'
import type {
  OpenAtStart,
  TraceHeader,
  TraceListen,
  TraceLogin,
  TraceRefusal,
  TraceVisitor,
} from './trace.ts'
import { Worlds } from './worlds.ts'
import type { Live } from './worlds.ts'

export interface ReplayOptions {
  readonly policy: Policy
  /** The Listen of the policy that a Listen of the trace stands for; undefined: it has none. */
  readonly listenOf: (listen: TraceListen) => string | undefined
  /** How long a session of this Listen of the trace would have lasted that was refused. */
  readonly assumedMs: (listen: TraceListen) => number
  /**
   * A client that was refused and comes again within so long is the same session, tried again; 0:
   * every refused connection stands for a session.
   */
  readonly retryMs: number
  readonly onRefusal?: (refusal: ReplayRefusal) => void
}

/** A session that the new policy refuses. */
export interface ReplayRefusal {
  readonly atMs: number
  readonly id: number
  readonly listen: string
  readonly client: string
  readonly user?: string
  readonly row: LimitRow
  readonly usedCount: number
  /** The limit that refused it in the record; absent: it was admitted there. */
  readonly recorded?: TraceRefusal['limit']
}

type Who = Pick<ReplayRefusal, 'id' | 'client' | 'user' | 'recorded'>

export class Replay implements TraceVisitor {
  readonly #options: ReplayOptions
  readonly #worlds: Worlds
  readonly tallies: Tallies = new Tallies()
  readonly #assumed = new Assumed<Live>((live, atMs) => this.#onAssumedEnd(live, atMs))
  readonly #retries: Retries
  readonly #listens = new Map<string, string | undefined>()
  readonly #live = new Map<number, Live>()
  #header: TraceHeader | undefined
  /** This file goes on where the one before it ended. */
  #isContinued = false
  #isStarting = false
  /** Added to the times of a file: they count from its own start. */
  #shiftMs = 0

  constructor(options: ReplayOptions) {
    this.#options = options
    this.#worlds = new Worlds(options.policy)
    this.#retries = new Retries(options.retryMs)
  }

  get meters(): Meters {
    return this.#worlds.meters
  }

  /** Milliseconds since 1970 at which the first file begins. */
  get startMs(): number {
    return this.#worlds.clock.startMs
  }

  /** Milliseconds from the start to the last line. */
  get endMs(): number {
    return this.#worlds.clock.nowMs
  }

  header(header: TraceHeader): void {
    const before = this.#header
    this.#header = header
    if (before === undefined) {
      this.#worlds.clock.startMs = header.startMs
      return
    }
    this.#shiftMs = Math.max(header.startMs - this.startMs, this.endMs)
    this.#isContinued = before.record === header.record && before.part === header.part - 1
  }

  begin(atMs: number): void {
    const now = this.#advance(atMs)
    // The next file of the same record tells anew what is known already.
    this.#isStarting = !this.#isContinued
    this.#isContinued = false
    if (!this.#isStarting) return
    for (const live of this.#live.values()) this.#end(live, now)
    this.#live.clear()
    this.#assumed.endAll(now)
    this.#worlds.begin()
  }

  openAtStart(open: OpenAtStart): void {
    if (!this.#isStarting) return
    this.tallies.openAtStartCount += 1
    this.#endKnown(open.id)
    const live = this.#meet(open.listen, open.client)
    if (live === undefined) return
    this.#live.set(open.id, live)
    if (open.isAwaitingAddress) {
      this.#worlds.await(live)
      return
    }
    this.#worlds.ask(live)
    if (open.login === undefined || live.session === undefined) return
    this.tallies.noteHeaders(open.login)
    this.#worlds.logIn(live, open.login)
  }

  /** What was open is counted under the policy, whatever its caps say, as a reload counts it. */
  started(): void {
    if (!this.#isStarting) return
    this.#isStarting = false
    this.#worlds.settle(this.#live.values())
  }

  accepted(atMs: number, id: number, listen: TraceListen, client: string): void {
    this.#advance(atMs)
    this.tallies.eventCount += 1
    this.#endKnown(id)
    const live = this.#meet(listen, client)
    if (live === undefined) return
    this.#live.set(id, live)
    const refused = this.#worlds.await(live)
    if (refused !== undefined) this.#refuse(live, refused, { id, client })
  }

  opened(atMs: number, id: number, listen: TraceListen, client: string): void {
    this.#advance(atMs)
    this.tallies.eventCount += 1
    this.tallies.sessionCount += 1
    const live = this.#arrive(id, listen, client)
    if (live === undefined) return
    this.#live.set(id, live)
    const refused = this.#worlds.ask(live)
    if (refused !== undefined) this.#refuse(live, refused, { id, client })
  }

  authenticated(atMs: number, id: number, login: TraceLogin): void {
    this.#advance(atMs)
    this.tallies.eventCount += 1
    this.tallies.loginCount += 1
    this.tallies.noteHeaders(login)
    const live = this.#known(id)
    if (live === undefined) return
    const refused = this.#worlds.logIn(live, login)
    if (refused === undefined) return
    const [user, { client }] = [userOf(login), live]
    this.#refuse(live, refused, user === undefined ? { id, client } : { id, client, user })
  }

  refused(refusal: TraceRefusal): void {
    const now = this.#advance(refusal.atMs)
    const { id, listen, client, limit: recorded, login } = refusal
    this.tallies.eventCount += 1
    this.tallies.noteRecorded(recorded)
    if (this.#retries.isRetry(listen.id, client, now)) {
      this.tallies.retryCount += 1
      this.#endKnown(id)
      return
    }
    const live = login === undefined ? this.#arrive(id, listen, client) : this.#known(id)
    if (live === undefined) return
    const refused = login === undefined ? this.#worlds.ask(live) : this.#worlds.logIn(live, login)
    this.#live.delete(id)
    if (refused !== undefined) {
      const user = userOf(login)
      const who = user === undefined ? { id, client, recorded } : { id, client, user, recorded }
      this.#refuse(live, refused, who)
    } else if (live.refusedBy !== undefined) this.#refusedEarlier(live.refusedBy)
    else this.#assume(live, login)
    this.#assumed.add(listen.id, live, now + this.#options.assumedMs(listen))
  }

  closed(atMs: number, id: number): void {
    this.#advance(atMs)
    this.tallies.eventCount += 1
    this.#endKnown(id)
  }

  replaced(atMs: number): void {
    this.#advance(atMs)
    this.tallies.eventCount += 1
    this.tallies.reloadCount += 1
  }

  lost(atMs: number, count: number): void {
    this.#advance(atMs)
    this.tallies.lostCount += count
  }

  ended(atMs: number): void {
    this.#advance(atMs)
  }

  /** Ends what is assumed to end before this line, and answers the time of the line. */
  #advance(atMs: number): number {
    if (this.#isStarting) this.started()
    const now = Math.max(this.#worlds.clock.nowMs, atMs + this.#shiftMs)
    this.#assumed.endUntil(now)
    this.#worlds.clock.nowMs = now
    return now
  }

  /** A session that nothing is known of yet; undefined: it cannot be asked about. */
  #meet(listen: TraceListen, client: string): Live | undefined {
    const listenId = this.#listenOf(listen)
    if (listenId === undefined) return undefined
    const address = addressOfClient(client)
    if (address === undefined) {
      this.tallies.badAddressCount += 1
      return undefined
    }
    return this.#worlds.meet({ listenId, client, address })
  }

  /** Whoever is admitted or refused now, with the address that counts. */
  #arrive(id: number, listen: TraceListen, client: string): Live | undefined {
    const waiting = this.#live.get(id)
    if (waiting?.isWaiting !== true) {
      this.#endKnown(id)
      return this.#meet(listen, client)
    }
    const address = addressOfClient(client)
    if (address === undefined) {
      this.tallies.badAddressCount += 1
      this.#endKnown(id)
      return undefined
    }
    waiting.client = client
    waiting.address = address
    return waiting
  }

  /** No two sessions have one number at a time: what had it before has ended unnoticed. */
  #endKnown(id: number): void {
    const live = this.#live.get(id)
    if (live === undefined) return
    this.#live.delete(id)
    this.#end(live, this.endMs)
  }

  #known(id: number): Live | undefined {
    const live = this.#live.get(id)
    // Of a Listen that is left out, nothing is known of any session.
    if (live === undefined && this.tallies.leftOut.size === 0) this.tallies.unknownSessionCount += 1
    return live
  }

  #listenOf(listen: TraceListen): string | undefined {
    if (!this.#listens.has(listen.id)) {
      this.#listens.set(listen.id, this.#options.listenOf(listen))
    }
    const found = this.#listens.get(listen.id)
    if (found === undefined) this.tallies.leftOut.add(listen.id)
    return found
  }

  #refuse(live: Live, verdict: Refuse, who: Who): void {
    const { decidedBy, plan, reason } = verdict
    const row = this.meters.rowOf(decidedBy.limit, plan)
    live.refusedBy = row
    this.tallies.refusedCount += 1
    row.refuse(this.endMs, who)
    if (reason === 'exhausted') row.exhaustedCount += 1
    if (who.recorded !== undefined) this.#refusedEarlier(row)
    if (this.meters.holdsAssumed(decidedBy.limit)) row.refusedByAssumptionCount += 1
    if (this.#options.onRefusal === undefined) return
    this.#options.onRefusal({
      ...who,
      atMs: this.endMs,
      listen: live.listenId,
      row,
      usedCount: decidedBy.usedCount,
    })
  }

  /** The record shows it refused, as the replay does. */
  #refusedEarlier(row: LimitRow): void {
    row.refusedBeforeCount += 1
    this.tallies.refusedInBothCount += 1
  }

  /** The record shows it refused, the replay does not: it stays for as long as is assumed. */
  #assume(live: Live, login: TraceLogin | undefined): void {
    this.tallies.assumedCount += 1
    this.meters.assume(live.held)
    if (login === undefined && needsLogin(this.#worlds.planOf(live, live.address))) {
      this.tallies.assumedNamelessCount += 1
    }
  }

  #onAssumedEnd(live: Live, atMs: number): void {
    this.#worlds.clock.nowMs = Math.max(this.#worlds.clock.nowMs, atMs)
    if (live.session !== undefined) this.meters.unassume(live.held)
    this.#end(live, atMs)
  }

  #end(live: Live, now: number): void {
    if (this.#worlds.isNameless(live)) this.tallies.nameless.add(live.listenId)
    this.#worlds.end(live, now)
  }
}

function userOf(login: TraceLogin | undefined): string | undefined {
  const user = login?.user
  return typeof user === 'object' ? `base64 ${user.base64}` : user
}
