// Every limit of the policy in force: its cap, how full it is, and what it has done.

import type { Engine } from '../engine/engine.ts'
import type { LimitCounts } from '../engine/limit-counts.ts'
import type { Zone } from '../engine/zone.ts'
import { connectZone } from '../policy/fallback.ts'
import type { LimitRow } from '../policy/limit-table.ts'
import type { Policy } from '../policy/policy.ts'
import type { LimitsReport, LimitView, ZoneView } from './control-protocol.ts'
import { inSlices } from './slices.ts'

/** As for the fullest budgets: what the look at a zone may cost. */
const statesWalkedMax = 200_000
const stateBytes = 64

export interface LimitSources {
  readonly engine: Engine
  readonly counts: Pick<LimitCounts, 'countOf'>
  readonly limits: readonly LimitRow[]
}

export async function limitsOf({ engine, counts, limits }: LimitSources): Promise<LimitsReport> {
  const { revision, policy } = engine
  const zones = engine.zones()
  const used = await usedCounts(zones, limits)
  const views = limits.map((row): LimitView => {
    const { keys: _, ...facts } = row
    const key = policy.zones.find(({ name }) => name === row.zone)?.key.text
    return {
      ...facts,
      ...(key === undefined ? {} : { key }),
      ...changeOf(policy, row.id),
      usedCount: used.get(row.id) ?? 0,
      ...counts.countOf(row.id),
    }
  })
  return { revision, limits: views, zones: zones.map(zoneView) }
}

function changeOf(policy: Policy, id: string): Pick<LimitView, 'isChanged' | 'configuredMax'> {
  const change = policy.changes?.find((one) => one.id === id)
  if (change === undefined) return { isChanged: false }
  const { configuredMax } = change
  return { isChanged: true, ...(configuredMax === undefined ? {} : { configuredMax }) }
}

/** In the fullest budget of each limit. */
async function usedCounts(
  zones: readonly Zone[],
  limits: readonly LimitRow[],
): Promise<ReadonlyMap<string, number>> {
  const used = new Map<string, number>()
  const fullest = new Map<string, number>()
  for (const zone of zones) {
    if (zone.name !== connectZone) fullest.set(zone.name, await fullestOf(zone))
  }
  const connect = zones.find(({ name }) => name === connectZone)
  await inSlices(limits, ({ id, zone, keys }) => {
    const counts = keys.map((key) => connect?.peek(key) ?? 0)
    used.set(id, zone === connectZone ? Math.max(0, ...counts) : (fullest.get(zone) ?? 0))
  })
  return used
}

async function fullestOf(zone: Zone): Promise<number> {
  let fullest = 0
  let walkedCount = 0
  await inSlices(zone.states(), ({ usedCount }) => {
    walkedCount += 1
    if (usedCount > fullest) fullest = usedCount
    return walkedCount < statesWalkedMax
  })
  return fullest
}

function zoneView(zone: Zone): ZoneView {
  const { statesUsed, bytesUsed, bytesTotal } = zone.usage()
  const hasSize = bytesTotal !== undefined && zone.name !== connectZone
  const free = hasSize ? { statesFree: Math.floor((bytesTotal - bytesUsed) / stateBytes) } : {}
  return { name: zone.name, statesUsed, ...free }
}
