// Everything an engine makes of one revision of its policy.

import { PlanTable } from '../policy/plan-table.ts'
import type { Plan } from '../policy/plan.ts'
import type { Policy } from '../policy/policy.ts'
import { countUnchecked, createBudgetSet } from './admission.ts'
import type { BudgetSet } from './admission.ts'
import type { Cluster } from './cluster/cluster.ts'
import type { ClusterPart } from './cluster/cluster-part.ts'
import type { AuthFacts } from './auth-facts.ts'
import { KeyedZones } from './keyed-budgets.ts'
import type { LiveSession } from './session.ts'
import type { StateHandle, Zone } from './zone.ts'
import type { ZoneSource } from './zone-source.ts'

/** What one admission asks: this node's zones, and of some budgets the store, too. */
export interface Demand {
  readonly budgets: BudgetSet
  /** Empty: it is decided here. */
  readonly parts: readonly ClusterPart[]
}

/** A plan with its budgets bound to zones, made once per Listen and block. */
export interface BoundPlan extends Demand {
  readonly plan: Plan
}

export interface Revision {
  readonly policy: Policy
  readonly number: number
  /** The one zone of the connect stage. */
  readonly connect: Zone
  readonly keyed: KeyedZones
  readonly plans: PlanTable<BoundPlan>
  /** Absent: nothing counts over several nodes. */
  readonly cluster: Cluster | undefined
}

export interface RevisionParts {
  readonly policy: Policy
  readonly number: number
  readonly zones: ZoneSource
  readonly cluster: Cluster | undefined
}

const noParts: readonly ClusterPart[] = Object.freeze([])
const noSlots: readonly StateHandle[] = Object.freeze([])

export function createRevision({ policy, number, zones, cluster }: RevisionParts): Revision {
  const { connect } = zones
  const bind = (plan: Plan): BoundPlan => ({
    plan,
    budgets: createBudgetSet(plan.limits, () => connect),
    parts: cluster?.partsOf(plan.limits) ?? noParts,
  })
  const keyed = new KeyedZones(policy.zones, zones)
  return { policy, number, connect, keyed, plans: new PlanTable(policy, bind), cluster }
}

export function zonesOf(revision: Revision): readonly Zone[] {
  return [revision.connect, ...revision.keyed.zones()]
}

/** What a session must fit now that it is authenticated. */
export function loginDemand(
  revision: Revision,
  session: Pick<LiveSession, 'plan' | 'address'>,
  facts: AuthFacts,
): Demand {
  const budgets = revision.keyed.budgetsOf(session, facts)
  return { budgets, parts: revision.cluster?.partsOf(budgets.limits) ?? noParts }
}

export interface Recounted {
  readonly live: LiveSession
  readonly plan: Plan
  readonly slots: readonly StateHandle[]
  readonly parts: readonly ClusterPart[]
}

/**
 * Counts a live session under a new policy, unchecked (SEMANTICS S19); the old zones are dropped
 * whole. What the store is asked for just now is not held yet.
 */
export function recount(next: Revision, live: LiveSession): Recounted {
  const { listen, listener } = live.plan
  next.plans.addRetired(listen, listener.service)
  // Its whole service is gone: nothing counts it any more, and nothing of it may be given back.
  if (!next.plans.has(live.listenId)) {
    return { live, plan: live.plan, slots: noSlots, parts: noParts }
  }
  const bound = next.plans.get(live.listenId, live.isAwaitingAddress ? undefined : live.address)
  const { plan } = bound
  const ofUser =
    live.facts === undefined
      ? undefined
      : loginDemand(next, { address: live.address, plan }, live.facts)
  return {
    live,
    plan,
    slots: [
      ...countUnchecked(bound.budgets),
      ...(ofUser === undefined ? [] : countUnchecked(ofUser.budgets)),
    ],
    parts: [
      ...(live.asking === 'connect' ? [] : bound.parts),
      ...(ofUser === undefined || live.asking === 'authenticated' ? [] : ofUser.parts),
    ],
  }
}
