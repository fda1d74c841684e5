// The engine: one policy, its zones, the live sessions. No sockets, no files, no text formats.

import { addressOfClient } from '../base/address.ts'
import type { Address } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { Tally } from '../base/tally.ts'
import { PlanTable } from '../policy/plan-table.ts'
import type { Plan } from '../policy/plan.ts'
import type { Policy } from '../policy/policy.ts'
import {
  acquireAll,
  countUnchecked,
  createBudgetSet,
  isRefusing,
  lockOrderOf,
  lookAt,
  releaseAll,
  zonesOfSlots,
} from './admission.ts'
import type { Acquisition, BudgetSet } from './admission.ts'
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
import { KeyedZones } from './keyed-budgets.ts'
import { LiveSession } from './session.ts'
import type { EngineSession } from './session.ts'
import type { Admit, Finding, Refuse, Verdict } from './verdict.ts'
import type { StateHandle, Zone } from './zone.ts'
import { memoryZones } from './zone-source.ts'
import type { ZoneSource } from './zone-source.ts'

/** A plan with its budgets bound to zones, made once per Listen and block. */
interface BoundPlan {
  readonly plan: Plan
  readonly budgets: BudgetSet
}

/** Everything that belongs to one revision of the policy. */
interface Revision {
  readonly policy: Policy
  readonly number: number
  /** The one zone of the connect stage. */
  readonly connect: Zone
  readonly keyed: KeyedZones
  readonly plans: PlanTable<BoundPlan>
}

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

const noSlots = Object.freeze([])

class MemoryEngine implements Engine {
  readonly #clock: Clock
  readonly #onEvent: ((event: EngineEvent) => void) | undefined
  readonly #sessions = new Map<number, LiveSession>()
  #revision: Revision
  readonly #nextSessionId: () => number
  readonly #tally: Tally
  readonly #nextOrder: (() => number) | undefined
  /** The place of what was decided last. */
  #order = 0

  constructor(options: EngineOptions) {
    this.#clock = options.clock ?? systemClock
    this.#onEvent = options.onEvent
    this.#tally = options.tally ?? new Tally()
    this.#nextSessionId = options.nextSessionId ?? countFromOne()
    this.#nextOrder = options.nextOrder
    const { zones = memoryZones(), revision = 1 } = options
    this.#revision = createRevision(options.policy, revision, zones)
  }

  get policy(): Policy {
    return this.#revision.policy
  }

  get revision(): number {
    return this.#revision.number
  }

  open(request: OpenRequest): Verdict {
    const address = addressOf(request.remote)
    const shared = this.#revision.plans.get(request.listenId, undefined)
    const isAwaitingAddress = shared.plan.settings.proxyProtocol.value
    const bound = isAwaitingAddress ? shared : this.#revision.plans.get(request.listenId, address)
    const id = this.#nextSessionId()
    const acquired = acquireAll(bound.budgets, noSlots, this.#onDecided)
    if (acquired.decidedBy !== undefined) {
      return this.#refuse({ sessionId: id, plan: bound.plan, acquired, remote: request.remote })
    }
    const session = new LiveSession({
      id,
      listenId: request.listenId,
      address,
      plan: bound.plan,
      openedMs: this.#clock.monotonicMs(),
      isAwaitingAddress,
      slots: acquired.slots,
    })
    this.#sessions.set(id, session)
    return this.#admit(session, acquired)
  }

  adopt(session: EngineSession, remote: string): Verdict {
    const live = this.#live(session)
    assert(live.isAwaitingAddress, 'adopt on a session whose address is known')
    live.address = addressOf(remote)
    live.isAwaitingAddress = false
    const bound = this.#revision.plans.get(live.listenId, live.address)
    const held = live.slots
    live.slots = noSlots
    const acquired = acquireAll(bound.budgets, held, this.#onDecided)
    live.plan = bound.plan
    if (acquired.decidedBy !== undefined) {
      this.#sessions.delete(live.id)
      return this.#refuse({ sessionId: live.id, plan: bound.plan, acquired, remote })
    }
    live.slots = acquired.slots
    return this.#admit(live, acquired)
  }

  authenticate(session: EngineSession, facts: AuthFacts): Verdict {
    const live = this.#live(session)
    assert(!live.isAwaitingAddress, 'authenticate before the address is known')
    assert(live.facts === undefined, 'authenticate twice')
    live.facts = facts
    const budgets = this.#revision.keyed.budgetsOf(live, facts)
    // A refused session holds no slot, not even that of its connection (SEMANTICS S3).
    const acquired = acquireAll(budgets, noSlots, this.#onDecided, {
      giveIfRefused: live.slots,
      lockOrder: lockOrderOf([...zonesOfSlots(live.slots), ...budgets.lockOrder]),
    })
    if (acquired.decidedBy === undefined) {
      live.slots = [...live.slots, ...acquired.slots]
      return this.#admitUser(live, acquired)
    }
    this.#sessions.delete(live.id)
    live.slots = noSlots
    const remote = facts.isUnix ? 'unix' : live.address.text
    return this.#refuse({ sessionId: live.id, plan: live.plan, acquired, remote, facts })
  }

  close(session: EngineSession): void {
    const live = this.#sessions.get(session.id)
    if (live === undefined || live !== session) return
    this.#sessions.delete(live.id)
    const slots = live.slots
    live.slots = noSlots
    releaseAll(slots, this.#onDecided)
    const [closedMs, order] = [this.#clock.monotonicMs(), this.#order]
    this.#onEvent?.({ kind: 'session_closed', session: live, closedMs, order })
  }

  replacePolicy(policy: Policy, swap?: PolicySwap): boolean {
    const zones = swap?.zones ?? memoryZones()
    const next = createRevision(policy, this.#revision.number + 1, zones)
    const recounted = Array.from(this.#sessions.values(), (live) => recount(next, live))
    // Until all agree every session holds its old slots, too: nobody sees it uncounted.
    if (swap?.agree() === false) return false
    for (const { live, plan, slots } of recounted) {
      live.plan = plan
      live.slots = slots
    }
    this.#revision = next
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
    const findings = lookAt(bound.budgets)
    return { plan: bound.plan, findings, wouldAdmit: !findings.some(isRefusing) }
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
    const report = auditCounts(zonesOf(this.#revision), this.#sessions, openIds)
    this.#onEvent?.({ kind: 'audited', report })
    return report
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

interface Refused {
  readonly sessionId: number
  readonly plan: Plan
  readonly acquired: Acquisition
  readonly remote: string
  readonly facts?: AuthFacts
}

function countFromOne(): () => number {
  let last = 0
  return () => {
    last += 1
    return last
  }
}

function createRevision(policy: Policy, number: number, zones: ZoneSource): Revision {
  const { connect } = zones
  const bind = (plan: Plan): BoundPlan => ({
    plan,
    budgets: createBudgetSet(plan.limits, () => connect),
  })
  const keyed = new KeyedZones(policy.zones, zones)
  return { policy, number, connect, keyed, plans: new PlanTable(policy, bind) }
}

function zonesOf(revision: Revision): readonly Zone[] {
  return [revision.connect, ...revision.keyed.zones()]
}

interface Recounted {
  readonly live: LiveSession
  readonly plan: Plan
  readonly slots: readonly StateHandle[]
}

/**
 * Counts a live session under a new policy, unchecked (SEMANTICS S19); the old zones are dropped
 * whole.
 */
function recount(next: Revision, live: LiveSession): Recounted {
  const { listen, listener } = live.plan
  next.plans.addRetired(listen, listener.service)
  // Its whole service is gone: nothing counts it any more, and nothing of it may be given back.
  if (!next.plans.has(live.listenId)) return { live, plan: live.plan, slots: noSlots }
  const address = live.isAwaitingAddress ? undefined : live.address
  const { plan, budgets } = next.plans.get(live.listenId, address)
  const ofUser =
    live.facts === undefined
      ? []
      : countUnchecked(next.keyed.budgetsOf({ address: live.address, plan }, live.facts))
  return { live, plan, slots: [...countUnchecked(budgets), ...ofUser] }
}

function addressOf(remote: string): Address {
  const address = addressOfClient(remote)
  assert(address !== undefined, 'a remote address that is none')
  return address
}
