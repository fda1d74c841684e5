// The store as an engine sees it: what it is asked, what is held there, and what holds while it
// cannot be asked.

import type { Clock } from '../../base/clock.ts'
import type { ClusterStore as StoreSettings, WhenAway } from '../../policy/cluster.ts'
import type { Limit } from '../../policy/limit.ts'
import { partsOf } from './cluster-part.ts'
import type { ClusterPart } from './cluster-part.ts'
import type { ClusterEvent, ClusterView, LedgerView } from './cluster-view.ts'
import { FullHints } from './full-hints.ts'
import { Ledger } from './ledger.ts'
import { leaseTimes } from './lease-times.ts'
import type { LeaseTimes } from './lease-times.ts'
import type { HolderName } from './membership.ts'
import type { ScriptStore } from './script-store.ts'
import type { Reply } from './steps.ts'
import type { Timers } from './timers.ts'

export interface ClusterParts {
  readonly store: ScriptStore
  readonly settings: StoreSettings
  readonly holder: HolderName
  readonly clock: Clock
  readonly timers: Timers
  readonly newEpoch: () => string
  readonly onEvent: (event: ClusterEvent) => void
}

/** What became of an ask over all its parts. */
export type ClusterReply =
  | { readonly kind: 'granted'; readonly usedCounts: UsedCounts }
  /** `place` among the limits of the admission. */
  | { readonly kind: 'refused'; readonly place: number; readonly usedCounts: UsedCounts }
  /** Nobody knows about `parts`; what the others granted is held. */
  | {
      readonly kind: 'away'
      readonly granted: readonly ClusterPart[]
      readonly parts: readonly ClusterPart[]
      readonly usedCounts: UsedCounts
    }

/** Counts over all nodes, by the limit's place. */
export type UsedCounts = ReadonlyMap<number, number>

/** The one ledger of a store that is one server. */
const allZones = ''

export class Cluster {
  readonly #parts: ClusterParts
  readonly #times: LeaseTimes
  readonly #ledgers = new Map<string, Ledger>()
  readonly #everCounted = new Set<Ledger>()
  readonly #hints = new FullHints()
  readonly #askings = new Set<Asking>()
  #driftTotal = 0
  #waitingToJoin: (() => void)[] = []

  /** `zones`: those that are sure to be asked for. */
  constructor(parts: ClusterParts, zones: readonly string[]) {
    this.#parts = parts
    this.#times = leaseTimes(parts.settings.leaseMs)
    for (const zone of zones) this.#ledgerOf(zone)
  }

  get settings(): StoreSettings {
    return this.#parts.settings
  }

  /** Resolves when the store counts, or when it is plain that it does not for now. */
  joined(): Promise<void> {
    return new Promise((resolve) => {
      this.#waitingToJoin.push(resolve)
      this.#tellJoined()
    })
  }

  /** The budgets among `limits` that are asked of the store; empty: none. */
  partsOf(limits: readonly Limit[]): readonly ClusterPart[] {
    return partsOf(limits, (zone) => this.#ledgerOf(zone))
  }

  /** A limit that is known to be full, by its place, without asking: it was a moment ago. */
  knownFull(parts: readonly ClusterPart[]): { place: number; usedCount: number } | undefined {
    const nowMs = this.#parts.clock.monotonicMs()
    for (const { budgets, places } of parts) {
      for (const [at, { field, capMax, isDryRun }] of budgets.entries()) {
        const usedCount = isDryRun ? undefined : this.#hints.usedCount(field, nowMs)
        const place = places[at]
        if (usedCount === undefined || usedCount < capMax || place === undefined) continue
        return { place, usedCount }
      }
    }
    return undefined
  }

  /**
   * Asks for a slot in every budget of the parts, one part after the other. `gives` are given back
   * first, in the same step where they stand in the same ledger. `settle` answers whether somebody
   * still wants the slots.
   */
  ask(
    parts: readonly ClusterPart[],
    gives: readonly ClusterPart[],
    settle: (reply: ClusterReply) => boolean,
  ): void {
    const first = parts[0]?.ledger
    this.give(gives.filter(({ ledger }) => ledger !== first))
    const together = gives.filter(({ ledger }) => ledger === first)
    this.#hints.forget(together.flatMap(({ fields }) => fields))
    const asking: Asking = { parts, at: 0, usedCounts: new Map(), settle }
    this.#askings.add(asking)
    this.#askNext(asking, together)
  }

  give(parts: readonly ClusterPart[]): void {
    for (const { ledger, fields } of parts) {
      this.#hints.forget(fields)
      ledger.give(fields)
    }
  }

  /** A slot in every budget, of those this node has borrowed; false: the store must be asked. */
  takeSpare(parts: readonly ClusterPart[]): boolean {
    const taken: ClusterPart[] = []
    for (const part of parts) {
      if (part.ledger.takeSpare(part.fields)) taken.push(part)
      else {
        this.give(taken)
        return false
      }
    }
    return true
  }

  /** Slots of a session that was admitted without the store. */
  take(parts: readonly ClusterPart[]): void {
    for (const { ledger, fields } of parts) ledger.take(fields)
  }

  /** Counts over all nodes now; a part whose store is away is left out. */
  async look(parts: readonly ClusterPart[]): Promise<UsedCounts> {
    const usedCounts = new Map<number, number>()
    await Promise.all(
      parts.map(async (part) => {
        const counts = await part.ledger.look(part.fields)
        if (counts !== undefined) noteCounts(usedCounts, part, counts)
      }),
    )
    return usedCounts
  }

  /** What a limit comes to on this node while the store is away. */
  alone(limit: Limit): Limit {
    const { capMax, cluster, zone } = limit
    if (cluster === undefined || capMax === undefined) return limit
    const mode = cluster.whenAway
    return { ...limit, capMax: this.#aloneCap(capMax, mode, zone), alone: mode }
  }

  /** Every session is counted as its parts say from now on. */
  replaceHeld(held: readonly (readonly ClusterPart[])[]): void {
    const fields = new Map<Ledger, (readonly string[])[]>()
    for (const ledger of this.#ledgers.values()) fields.set(ledger, [])
    const all = [...held.flat(), ...this.#grantedSoFar()]
    for (const part of all) fields.get(part.ledger)?.push(part.fields)
    for (const [ledger, some] of fields) ledger.replaceHeld(some)
  }

  /** By how much what the ledgers say differs from what the sessions hold; must be 0. */
  driftFrom(held: readonly (readonly ClusterPart[])[]): number {
    const expected = new Map<Ledger, Map<string, number>>()
    for (const { ledger, fields } of [...held.flat(), ...this.#grantedSoFar()]) {
      const counts = expected.get(ledger) ?? new Map<string, number>()
      expected.set(ledger, counts)
      for (const field of fields) counts.set(field, (counts.get(field) ?? 0) + 1)
    }
    let drift = 0
    for (const ledger of this.#ledgers.values()) {
      const counts = expected.get(ledger) ?? new Map<string, number>()
      for (const [field, spare] of ledger.spares.entries()) {
        counts.set(field, (counts.get(field) ?? 0) + spare)
      }
      drift += ledger.held.differenceFrom(counts)
    }
    return drift
  }

  view(): ClusterView {
    const { settings, holder } = this.#parts
    return {
      name: settings.name,
      node: holder.node,
      worker: holder.worker,
      leaseMs: settings.leaseMs,
      driftTotal: this.#driftTotal,
      ledgers: Array.from(this.#ledgers, ([zone, ledger]) => this.#viewOf(zone, ledger)),
    }
  }

  /** Gives up all leases and closes the store. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#ledgers.values(), (ledger) => ledger.stop()))
    await this.#parts.store.close()
  }

  #askNext(asking: Asking, gives: readonly ClusterPart[]): void {
    const { parts, at, usedCounts } = asking
    const part = parts[at]
    if (part === undefined) {
      if (!this.#settle(asking, { kind: 'granted', usedCounts })) this.give(parts)
      return
    }
    const given = gives.flatMap(({ fields }) => fields)
    const settle = (reply: Reply): boolean => {
      this.#onReply(asking, part, reply)
      // What is granted is kept until all parts are.
      return true
    }
    part.ledger.ask({ budgets: part.budgets, settle }, given)
  }

  #onReply(asking: Asking, part: ClusterPart, reply: Reply): void {
    const { parts, at, usedCounts } = asking
    const granted = parts.slice(0, at)
    if (reply.kind === 'away') {
      const answer = { kind: 'away', granted, parts: parts.slice(at), usedCounts } as const
      if (!this.#settle(asking, answer)) this.give(granted)
      return
    }
    noteCounts(usedCounts, part, reply.usedCounts)
    if (reply.kind === 'granted') {
      asking.at += 1
      this.#askNext(asking, [])
      return
    }
    this.#learn(part, reply.usedCounts)
    this.give(granted)
    const place = part.places[reply.place] ?? 0
    this.#settle(asking, { kind: 'refused', place, usedCounts })
  }

  #settle(asking: Asking, reply: ClusterReply): boolean {
    this.#askings.delete(asking)
    return asking.settle(reply)
  }

  /** Slots of sessions whose other parts are still asked for. */
  #grantedSoFar(): readonly ClusterPart[] {
    return [...this.#askings].flatMap(({ parts, at }) => parts.slice(0, at))
  }

  #learn({ budgets }: ClusterPart, usedCounts: readonly number[]): void {
    const nowMs = this.#parts.clock.monotonicMs()
    for (const [at, { field, capMax }] of budgets.entries()) {
      const usedCount = usedCounts[at] ?? 0
      if (usedCount >= capMax) this.#hints.learn(field, usedCount, nowMs)
    }
  }

  #aloneCap(capMax: number, mode: WhenAway, zone: string): number {
    if (mode === 'admit') return capMax
    if (mode === 'refuse') return 0
    const { share } = this.#parts.settings
    const { part, whole } = share ?? { part: 1, whole: this.#ledgerOf(zone).membership.nodeCount }
    return Math.ceil((capMax * part) / whole)
  }

  #ledgerOf(zone: string): Ledger {
    const { store, settings } = this.#parts
    const tag = store.isSharded ? zone : allZones
    const found = this.#ledgers.get(tag)
    if (found !== undefined) return found
    const made: Ledger = new Ledger({
      ...this.#parts,
      prefix: store.isSharded ? `${settings.name}/${zone}` : settings.name,
      times: this.#times,
      handlers: {
        onAway: ({ why, detail }) => {
          const isFirst = why === 'settling' && !this.#everCounted.has(made)
          if (!isFirst) this.#parts.onEvent({ kind: 'cluster_away', ...zoneOf(tag), why, detail })
          this.#tellJoined()
        },
        onCounting: (awayMs) => this.#onCounting(tag, made, awayMs),
        onDrift: (drift) => {
          this.#driftTotal += drift
          this.#parts.onEvent({ kind: 'cluster_drift', ...zoneOf(tag), drift })
        },
      },
    })
    this.#ledgers.set(tag, made)
    made.start()
    return made
  }

  #onCounting(tag: string, ledger: Ledger, awayMs: number | undefined): void {
    const isFirst = !this.#everCounted.has(ledger)
    this.#everCounted.add(ledger)
    const { nodeCount } = ledger.membership
    const after = isFirst || awayMs === undefined ? {} : { awayMs }
    // A lease that was lost and begun again before anybody had to wait for it is no news.
    if (isFirst || awayMs !== undefined) {
      this.#parts.onEvent({ kind: 'cluster_counting', ...zoneOf(tag), nodeCount, ...after })
    }
    this.#tellJoined()
  }

  #tellJoined(): void {
    const isSettled = (ledger: Ledger): boolean =>
      ledger.lease.state === 'counting' ||
      (ledger.awaySinceMs !== undefined && ledger.lease.state === 'joining')
    if (!Array.from(this.#ledgers.values()).every(isSettled)) return
    for (const resolve of this.#waitingToJoin.splice(0)) resolve()
  }

  #viewOf(zone: string, { lease, awaySinceMs, membership, held }: Ledger): LedgerView {
    const nowMs = this.#parts.clock.monotonicMs()
    return {
      ...zoneOf(zone),
      state: lease.state,
      ...(lease.epoch === undefined ? {} : { epoch: lease.epoch }),
      leasesTotal: lease.begunTotal,
      leaseLeftMs: Math.round(lease.leftMs),
      nodeCount: membership.nodeCount,
      holderCount: membership.holderCount,
      slotsHeld: held.total,
      ...(awaySinceMs === undefined ? {} : { awayMs: Math.round(nowMs - awaySinceMs) }),
      ...(lease.loss === undefined ? {} : { why: lease.loss.why, detail: lease.loss.detail }),
    }
  }
}

interface Asking {
  readonly parts: readonly ClusterPart[]
  /** The part that is asked now; those before it are granted. */
  at: number
  readonly usedCounts: Map<number, number>
  readonly settle: (reply: ClusterReply) => boolean
}

function noteCounts(
  usedCounts: Map<number, number>,
  { places }: ClusterPart,
  counts: readonly number[],
): void {
  for (const [at, place] of places.entries()) usedCounts.set(place, counts[at] ?? 0)
}

function zoneOf(tag: string): { readonly zone?: string } {
  return tag === allZones ? {} : { zone: tag }
}
