// The engine: one policy, its zones, the live sessions. No sockets, no files, no text formats.

import { addressOfClient } from '../base/address.ts'
import type { Address } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { Tally } from '../base/tally.ts'
import type { Plan } from '../policy/plan.ts'
import type { Policy } from '../policy/policy.ts'
import {
  acquireAll,
  isRefusing,
  lockOrderOf,
  lookAt,
  releaseAll,
  zonesOfSlots,
} from './admission.ts'
import type { Acquisition } from './admission.ts'
import { auditCounts } from './audit.ts'
import type { AuditReport } from './audit.ts'
import type {
  BudgetView,
  Engine,
  EngineOptions,
  Explanation,
  OpenRequest,
  PolicySwap,
  Snapshot,
  Totals,
} from './engine.ts'
import type { EngineEvent } from './events.ts'
import { loginOf } from './auth-facts.ts'
import type { AuthFacts } from './auth-facts.ts'
import { openCluster } from './cluster/cluster-source.ts'
import type { ClusterOpening } from './cluster/cluster-source.ts'
import type { ClusterPart } from './cluster/cluster-part.ts'
import type { ClusterView } from './cluster/cluster-view.ts'
import { createRevision, loginDemand, recount, zonesOf } from './revision.ts'
import type { Revision } from './revision.ts'
import { LiveSession } from './session.ts'
import type { EngineSession } from './session.ts'
import { withCounts } from './standing.ts'
import { StoreDesk } from './store-desk.ts'
import type { Refused } from './store-desk.ts'
import type { Admit, Finding, FirstVerdict, Refuse } from './verdict.ts'
import type { StateHandle, Zone } from './zone.ts'
import { memoryZones } from './zone-source.ts'

/**
 * Makes an engine that counts in this process's memory.
 *
 * @example
 * const engine = createEngine({ policy })
 * const verdict = engine.open({ listenId: '*:25', remote: '192.0.2.1' })
 * if (verdict.kind === 'admit') engine.close(verdict.session)
 */
export function createEngine(options: EngineOptions): Engine {
  return new MemoryEngine(options)
}

const noSlots: readonly StateHandle[] = Object.freeze([])
const noParts: readonly ClusterPart[] = Object.freeze([])

class MemoryEngine implements Engine {
  readonly #clock: Clock
  readonly #onEvent: ((event: EngineEvent) => void) | undefined
  readonly #sessions = new Map<number, LiveSession>()
  #revision: Revision
  readonly #nextSessionId: () => number
  readonly #tally: Tally
  readonly #nextOrder: (() => number) | undefined
  readonly #opening: ClusterOpening
  readonly #desk: StoreDesk
  /** The place of what was decided last. */
  #order = 0

  constructor(options: EngineOptions) {
    this.#clock = options.clock ?? systemClock
    this.#onEvent = options.onEvent
    this.#tally = options.tally ?? new Tally()
    this.#nextSessionId = options.nextSessionId ?? countFromOne()
    this.#nextOrder = options.nextOrder
    const { policy, zones = memoryZones(), revision = 1 } = options
    const onEvent = (event: EngineEvent): void => this.#onEvent?.(event)
    this.#opening = { source: options.cluster, clock: this.#clock, onEvent }
    const cluster = openCluster(policy, undefined, this.#opening)
    this.#revision = createRevision({ policy, number: revision, zones, cluster })
    this.#desk = new StoreDesk({
      revision: () => this.#revision,
      isOpen: (live) => this.#sessions.get(live.id) === live,
      forget: (live) => this.#sessions.delete(live.id),
      onDecided: this.#onDecided,
      admit: (live, stage, acquired) =>
        stage === 'connect' ? this.#admit(live, acquired) : this.#admitUser(live, acquired),
      refuse: (refused) => this.#refuse(refused),
    })
  }

  get policy(): Policy {
    return this.#revision.policy
  }

  get revision(): number {
    return this.#revision.number
  }

  open(request: OpenRequest): FirstVerdict {
    const { remote, listenId } = request
    const address = addressOf(remote)
    const shared = this.#revision.plans.get(listenId, undefined)
    const isAwaitingAddress = shared.plan.settings.proxyProtocol.value
    const bound = isAwaitingAddress ? shared : this.#revision.plans.get(listenId, address)
    const { plan } = bound
    const id = this.#nextSessionId()
    const standing = this.#desk.standing(bound)
    const acquired = acquireAll(standing.budgets, noSlots, this.#onDecided)
    if (acquired.decidedBy !== undefined) {
      return this.#refuse({ sessionId: id, plan, acquired, remote })
    }
    const session = new LiveSession({
      id,
      listenId,
      address,
      plan,
      openedMs: this.#clock.monotonicMs(),
      isAwaitingAddress,
      slots: acquired.slots,
    })
    this.#sessions.set(id, session)
    if (bound.parts.length === 0) return this.#admit(session, acquired)
    return this.#desk.ask({ live: session, stage: 'connect', standing, acquired, remote }, noParts)
  }

  adopt(session: EngineSession, remote: string): FirstVerdict {
    const live = this.#live(session)
    assert(live.isAwaitingAddress, 'adopt on a session whose address is known')
    live.address = addressOf(remote)
    live.isAwaitingAddress = false
    const bound = this.#revision.plans.get(live.listenId, live.address)
    const { slots: held, parts } = live
    live.slots = noSlots
    live.parts = noParts
    const standing = this.#desk.standing(bound)
    const acquired = acquireAll(standing.budgets, held, this.#onDecided)
    live.plan = bound.plan
    if (acquired.decidedBy !== undefined) {
      this.#sessions.delete(live.id)
      this.#revision.cluster?.give(parts)
      return this.#refuse({ sessionId: live.id, plan: bound.plan, acquired, remote })
    }
    live.slots = acquired.slots
    if (bound.parts.length + parts.length === 0) return this.#admit(live, acquired)
    return this.#desk.ask({ live, stage: 'connect', standing, acquired, remote }, parts)
  }

  authenticate(session: EngineSession, facts: AuthFacts): FirstVerdict {
    const live = this.#live(session)
    assert(!live.isAwaitingAddress, 'authenticate before the address is known')
    assert(live.facts === undefined, 'authenticate twice')
    live.facts = facts
    const demand = loginDemand(this.#revision, live, facts)
    const standing = this.#desk.standing(demand)
    const { budgets } = standing
    // A refused session holds no slot, not even that of its connection (SEMANTICS S3).
    const acquired = acquireAll(budgets, noSlots, this.#onDecided, {
      giveIfRefused: live.slots,
      lockOrder: lockOrderOf([...zonesOfSlots(live.slots), ...budgets.lockOrder]),
    })
    const remote = facts.isUnix ? 'unix' : live.address.text
    if (acquired.decidedBy !== undefined) {
      this.#sessions.delete(live.id)
      live.slots = noSlots
      this.#desk.give(live)
      return this.#refuse({ sessionId: live.id, plan: live.plan, acquired, remote, facts })
    }
    live.slots = [...live.slots, ...acquired.slots]
    if (demand.parts.length === 0) return this.#admitUser(live, acquired)
    const question = { live, stage: 'authenticated', standing, acquired, remote, facts } as const
    return this.#desk.ask(question, noParts)
  }

  close(session: EngineSession): void {
    const live = this.#sessions.get(session.id)
    if (live === undefined || live !== session) return
    this.#sessions.delete(live.id)
    const slots = live.slots
    live.slots = noSlots
    releaseAll(slots, this.#onDecided)
    this.#desk.give(live)
    const [closedMs, order] = [this.#clock.monotonicMs(), this.#order]
    this.#onEvent?.({ kind: 'session_closed', session: live, closedMs, order })
  }

  replacePolicy(policy: Policy, swap?: PolicySwap): boolean {
    const zones = swap?.zones ?? memoryZones()
    const { number, cluster: before } = this.#revision
    const cluster = openCluster(policy, before, this.#opening)
    const next = createRevision({ policy, number: number + 1, zones, cluster })
    const recounted = Array.from(this.#sessions.values(), (live) => recount(next, live))
    // Until all agree every session holds its old slots, too: nobody sees it uncounted.
    if (swap?.agree() === false) {
      if (cluster !== before) void cluster?.stop()
      return false
    }
    for (const { live, plan, slots, parts } of recounted) {
      live.plan = plan
      live.slots = slots
      live.parts = parts
    }
    this.#revision = next
    cluster?.replaceHeld(recounted.map(({ parts }) => parts))
    if (cluster !== before) void before?.stop()
    this.#onDecided()
    this.#onEvent?.({
      kind: 'policy_replaced',
      order: this.#order,
      revision: next.number,
      recountedCount: this.#sessions.size,
    })
    return true
  }

  plan(listenId: string, address: Address | undefined): Plan | undefined {
    const { plans } = this.#revision
    return plans.has(listenId) ? plans.get(listenId, address).plan : undefined
  }

  explain(request: OpenRequest): Explanation | undefined {
    const { plans } = this.#revision
    if (!plans.has(request.listenId)) return undefined
    const bound = plans.get(request.listenId, addressOf(request.remote))
    const findings = lookAt(this.#desk.standing(bound).budgets)
    return { plan: bound.plan, findings, wouldAdmit: !findings.some(isRefusing) }
  }

  async explainLive(request: OpenRequest): Promise<Explanation | undefined> {
    const { plans, cluster } = this.#revision
    const here = this.explain(request)
    if (here === undefined || cluster === undefined) return here
    const { parts } = plans.get(request.listenId, addressOf(request.remote))
    const findings = withCounts(here.findings, await cluster.look(parts))
    return { plan: here.plan, findings, wouldAdmit: !findings.some(isRefusing) }
  }

  snapshot(): Snapshot {
    const budgets: BudgetView[] = []
    for (const zone of zonesOf(this.#revision)) {
      for (const { key, usedCount } of zone.states()) {
        budgets.push({ zone: zone.name, key, usedCount })
      }
    }
    return { revision: this.#revision.number, ...this.totals(), budgets }
  }

  zones(): readonly Zone[] {
    return zonesOf(this.#revision)
  }

  totals(): Totals {
    return {
      sessionsActive: this.#sessions.size,
      admittedTotal: this.#tally.admittedTotal,
      refusedTotal: this.#tally.refusedTotal,
    }
  }

  sessions(): Iterable<EngineSession> {
    return this.#sessions.values()
  }

  audit(openIds: ReadonlySet<number>): AuditReport {
    const counted = auditCounts(zonesOf(this.#revision), this.#sessions, openIds)
    const open = [...this.#sessions.values()].filter(({ id }) => openIds.has(id))
    const driftThere = this.#revision.cluster?.driftFrom(open.map(({ parts }) => parts)) ?? 0
    const report = { ...counted, drift: counted.drift + driftThere }
    this.#onEvent?.({ kind: 'audited', report })
    return report
  }

  cluster(): ClusterView | undefined {
    return this.#revision.cluster?.view()
  }

  async joined(): Promise<void> {
    await this.#revision.cluster?.joined()
  }

  async leave(): Promise<void> {
    await this.#revision.cluster?.stop()
  }

  #onDecided = (): void => {
    if (this.#nextOrder !== undefined) this.#order = this.#nextOrder()
  }

  #live(session: EngineSession): LiveSession {
    const live = this.#sessions.get(session.id)
    assert(live !== undefined && live === session, 'the session is not open')
    return live
  }

  /** Counts as admitted once its address is known: before that it is only waiting. */
  #admit(session: LiveSession, acquired: Acquisition): Admit {
    const { findings } = acquired
    const verdict: Admit = {
      kind: 'admit',
      stage: 'connect',
      session,
      plan: session.plan,
      findings,
    }
    const order = this.#order
    if (session.isAwaitingAddress) {
      this.#onEvent?.({ kind: 'session_accepted', session, order })
      return verdict
    }
    this.#tally.admit()
    this.#tellDryRuns(session, findings)
    this.#onEvent?.({ kind: 'session_opened', verdict, order })
    return verdict
  }

  #admitUser(session: LiveSession, acquired: Acquisition): Admit {
    const { findings } = acquired
    const { plan } = session
    const verdict: Admit = { kind: 'admit', stage: 'authenticated', session, plan, findings }
    this.#tellDryRuns(session, findings)
    this.#onEvent?.({ kind: 'session_authenticated', verdict, order: this.#order })
    return verdict
  }

  #tellDryRuns(session: LiveSession, findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (!finding.isOver && !finding.isExhausted) continue
      this.#onEvent?.({ kind: 'dry_run_exceeded', session, finding, order: this.#order })
    }
  }

  #refuse(refused: Refused): Refuse {
    const { sessionId, plan, acquired, remote, facts } = refused
    const { findings, decidedBy } = acquired
    assert(decidedBy !== undefined, 'a refusal that no limit decided')
    this.#tally.refuse()
    const verdict: Refuse = {
      kind: 'refuse',
      stage: decidedBy.limit.stage,
      sessionId,
      plan,
      findings,
      decidedBy,
      reason: decidedBy.isExhausted ? 'exhausted' : 'full',
    }
    const login = loginOf(facts)
    const who = {
      ...(login === undefined ? {} : { login }),
      ...(facts === undefined ? {} : { facts }),
    }
    this.#onEvent?.({ kind: 'session_refused', verdict, remote, ...who, order: this.#order })
    return verdict
  }
}

function countFromOne(): () => number {
  let last = 0
  return () => {
    last += 1
    return last
  }
}

function addressOf(remote: string): Address {
  const address = addressOfClient(remote)
  assert(address !== undefined, 'a remote address that is none')
  return address
}
