// Counts beside the engine's own: what each budget of the new policy holds in the replay, and what it
// would hold if nobody were refused.

import type { Span } from '../base/diagnostic.ts'
import type { Limit } from '../policy/limit.ts'
import type { Plan } from '../policy/plan.ts'
import type { Policy } from '../policy/policy.ts'
import type { AuthFacts } from '../engine/auth-facts.ts'
import { KeyedZones } from '../engine/keyed-budgets.ts'
import type { EngineSession } from '../engine/session.ts'
import { memoryZones } from '../engine/zone-source.ts'
import { Gauge } from './gauge.ts'
import { LimitRow } from './limit-row.ts'
import type { LimitIdentity } from './limit-row.ts'

/** Budgets that are reported together: one of the connect stage, or all of a zone. */
export class Group {
  readonly used: Gauge
  readonly demand: Gauge
  readonly rows: LimitRow[] = []
  readonly budgets: Set<Budget> = new Set()

  constructor(hasManyKeys: boolean) {
    this.used = new Gauge({ hasManyKeys })
    this.demand = new Gauge({ hasManyKeys })
  }
}

export class Budget {
  readonly key: string
  readonly group: Group
  used = 0
  demand = 0
  /** Of `used`, sessions whose length is assumed. */
  assumed = 0

  constructor(key: string, group: Group) {
    this.key = key
    this.group = group
  }
}

export type Budgets = readonly Budget[]

export class Meters {
  readonly #keyed: KeyedZones
  readonly #groups = new Map<string, Group>()
  readonly #budgets = new Map<string, Budget>()
  readonly #rows = new Map<string, LimitRow>()
  readonly #ofPlan = new Map<Plan, Budgets>()
  /** By where it is written: what was met before is found without making its name. */
  readonly #rowAt = new WeakMap<Span, { readonly plan: Plan; readonly row: LimitRow }>()
  #nowMs = 0

  constructor(policy: Policy) {
    this.#keyed = new KeyedZones(policy.zones, memoryZones())
  }

  /** Limits that any session met, in the order they were met. */
  rows(): readonly { readonly row: LimitRow; readonly group: Group }[] {
    return [...this.#groups.values()].flatMap((group) => group.rows.map((row) => ({ row, group })))
  }

  /** Every session of a plan has the same ones. */
  atConnect(plan: Plan): Budgets {
    const known = this.#ofPlan.get(plan)
    if (known !== undefined) return known
    const budgets = plan.limits.map((limit) => this.#budget(limit, plan))
    this.#ofPlan.set(plan, budgets)
    return budgets
  }

  atLogin(session: Pick<EngineSession, 'plan' | 'address'>, facts: AuthFacts): Budgets {
    if (session.plan.keyedLimits.length === 0) return []
    const { limits } = this.#keyed.budgetsOf(session, facts)
    return limits.map((limit) => this.#budget(limit, session.plan))
  }

  rowOf(limit: Limit, plan: Plan): LimitRow {
    const { origin: place, capMax: cap, scope, zone } = limit
    const last = place === undefined ? undefined : this.#rowAt.get(place)
    if (last?.plan === plan && last.row.cap === cap) {
      const { limit: same } = last.row
      if (same.scope === scope && same.zone === zone) return last.row
    }
    const row = this.#rowNamed(limit, plan)
    if (place !== undefined) this.#rowAt.set(place, { plan, row })
    return row
  }

  #rowNamed(limit: Limit, plan: Plan): LimitRow {
    const identity = identityOf(limit, plan)
    const { capMax, isDryRun, origin } = limit
    const keyPart = limit.tier === 'keyed' ? '' : limit.key
    const rowKey = [limit.zone, keyPart, limit.scope, capMax ?? '', isDryRun].join('\n')
    let row = this.#rows.get(rowKey)
    if (row === undefined) {
      row = new LimitRow(identity, {
        isDryRun,
        ...(capMax === undefined ? {} : { cap: capMax }),
        ...(origin === undefined ? {} : { origin }),
      })
      this.#rows.set(rowKey, row)
      const group = this.#group(limit)
      group.rows.push(row)
      // Met for the first time, its budgets may hold sessions that are subject to another limit.
      for (const { used } of group.budgets) row.note(this.#nowMs, 0, used)
    }
    return row
  }

  take(budgets: Budgets, atMs: number): void {
    this.#nowMs = atMs
    for (const budget of budgets) {
      const before = budget.used
      budget.used = before + 1
      budget.group.used.note(atMs, budget.key, before, before + 1)
      for (const row of budget.group.rows) row.note(atMs, before, before + 1)
    }
  }

  give(budgets: Budgets, atMs: number): void {
    this.#nowMs = atMs
    for (const budget of budgets) {
      const before = budget.used
      budget.used = before - 1
      budget.group.used.note(atMs, budget.key, before, before - 1)
      for (const row of budget.group.rows) row.note(atMs, before, before - 1)
      this.#forget(budget)
    }
  }

  want(budgets: Budgets, atMs: number): void {
    for (const budget of budgets) {
      budget.demand += 1
      budget.group.demand.note(atMs, budget.key, budget.demand - 1, budget.demand)
    }
  }

  leave(budgets: Budgets, atMs: number): void {
    for (const budget of budgets) {
      budget.demand -= 1
      budget.group.demand.note(atMs, budget.key, budget.demand + 1, budget.demand)
      this.#forget(budget)
    }
  }

  /** These budgets are held by a session whose length is assumed. */
  assume(budgets: Budgets): void {
    for (const budget of budgets) {
      budget.assumed += 1
      for (const row of budget.group.rows) row.assumedCount += 1
    }
  }

  unassume(budgets: Budgets): void {
    for (const budget of budgets) budget.assumed -= 1
  }

  /** True when a session of assumed length holds a slot of what this limit counts. */
  holdsAssumed({ tier, zone, key }: Limit): boolean {
    const budget = this.#budgets.get(budgetName(tier === 'keyed', zone, key))
    return budget !== undefined && budget.assumed > 0
  }

  #budget(limit: Limit, plan: Plan): Budget {
    this.rowOf(limit, plan)
    const name = budgetName(limit.tier === 'keyed', limit.zone, limit.key)
    const known = this.#budgets.get(name)
    if (known !== undefined) return known
    const group = this.#group(limit)
    const budget = new Budget(limit.key, group)
    group.budgets.add(budget)
    this.#budgets.set(name, budget)
    return budget
  }

  #group({ zone, key, tier }: Limit): Group {
    const name = budgetName(tier === 'keyed', zone, tier === 'keyed' ? '' : key)
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = new Group(tier === 'keyed')
      this.#groups.set(name, group)
    }
    return group
  }

  /** Key values are as many as users: those that nobody holds are not kept. */
  #forget(budget: Budget): void {
    if (budget.used !== 0 || budget.demand !== 0) return
    const [row] = budget.group.rows
    if (row?.limit.tier !== 'keyed') return
    this.#budgets.delete(budgetName(true, row.limit.zone, budget.key))
    budget.group.budgets.delete(budget)
  }
}

/** An operator may call a zone as the connect stage's is called. */
function budgetName(isKeyed: boolean, zone: string, key: string): string {
  return `${isKeyed ? 'keyed' : 'connect'}\n${zone}\n${key}`
}

function identityOf(limit: Limit, plan: Plan): LimitIdentity {
  const { stage, option, tier, zone, scope } = limit
  const on = option === 'listener_sessions' ? { on: plan.listen.id } : {}
  return { stage, option, tier, zone, scope, ...on }
}
