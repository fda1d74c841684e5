// The budgets of the authenticated stage: one per limit whose key has a value for the session.

import type { LimitZone } from '../policy/limit-zone.ts'
import type { Limit } from '../policy/limit.ts'
import type { KeyedLimit } from '../policy/plan.ts'
import { createBudgetSet } from './admission.ts'
import type { BudgetSet } from './admission.ts'
import type { AuthFacts } from './auth-facts.ts'
import { keyValue } from './key.ts'
import type { EngineSession } from './session.ts'
import type { Zone } from './zone.ts'
import type { ZoneSource } from './zone-source.ts'

/** What of a session, beside its facts, says how it is counted. */
type Counted = Pick<EngineSession, 'plan' | 'address'>

/** The zones of one policy, each with the key it counts by. */
export class KeyedZones {
  readonly #zones: ReadonlyMap<string, { readonly declared: LimitZone; readonly zone: Zone }>

  constructor(declared: readonly LimitZone[], source: ZoneSource) {
    this.#zones = new Map(
      declared.map((one) => [one.name, { declared: one, zone: source.keyed(one) }]),
    )
  }

  *zones(): Iterable<Zone> {
    for (const { zone } of this.#zones.values()) yield zone
  }

  /**
   * What a session must fit now that it is authenticated, in configuration order (SEMANTICS S14). A
   * limit whose key is empty for it is left out (S15); so is one of a zone that is not declared,
   * which no dialect lets through.
   */
  budgetsOf(session: Counted, facts: AuthFacts): BudgetSet {
    const limits = session.plan.keyedLimits.flatMap((keyed) => this.#limitOf(session, facts, keyed))
    return createBudgetSet(limits, (name) => this.#zoneNamed(name))
  }

  #limitOf(session: Counted, facts: AuthFacts, keyed: KeyedLimit): Limit[] {
    const declared = this.#zones.get(keyed.zone)?.declared
    if (declared === undefined) return []
    const { listener, settings } = session.plan
    const pathway = settings.pathway?.value
    const key = keyValue(declared.key, {
      ...facts,
      address: session.address,
      service: listener.service,
      listener: listener.label,
      ...(pathway === undefined ? {} : { pathway }),
    })
    if (key === undefined) return []
    const { zone, capMax, isDryRun, logLevel, cluster, scope, origin } = keyed
    return [
      {
        kind: 'limit',
        stage: 'authenticated',
        option: 'limit_conn',
        tier: 'keyed',
        zone,
        key,
        scope,
        capMax,
        isDryRun,
        logLevel,
        ...(cluster === undefined ? {} : { cluster }),
        origin,
      },
    ]
  }

  #zoneNamed(name: string): Zone {
    const found = this.#zones.get(name)
    if (found === undefined) throw new Error(`postern: no zone ${name}`)
    return found.zone
  }
}
