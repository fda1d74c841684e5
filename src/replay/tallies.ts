// What a replay counts beside its limits.

import { identityKey, Names } from './limit-row.ts'
import type { TraceLimit, TraceLogin } from './trace.ts'

/** A limit that refused in the record. */
export interface RecordedRow {
  readonly limit: TraceLimit
  count: number
}

export class Tallies {
  eventCount = 0
  openAtStartCount = 0
  /** Sessions that the record shows admitted at connect. */
  sessionCount = 0
  loginCount = 0
  reloadCount = 0
  lostCount = 0
  recordedRefusedCount = 0
  refusedCount = 0
  /** Refused in the record and in the replay. */
  refusedInBothCount = 0
  /** Sessions of assumed length that the replay admitted. */
  assumedCount = 0
  /** Of these, sessions that would have logged in, nobody knows as whom. */
  assumedNamelessCount = 0
  retryCount = 0
  badAddressCount = 0
  /** Lines about sessions that nothing told of before. */
  unknownSessionCount = 0
  /** Sessions on Listens that the policy does not have, by Listen. */
  readonly leftOut: Names = new Names()
  /** Sessions, by Listen, that log in under the policy and did not in the record. */
  readonly nameless: Names = new Names()
  readonly headers: Set<string> = new Set()
  readonly recorded: Map<string, RecordedRow> = new Map()
  /** A trace describes each limit once, so the next one is found without its name. */
  readonly #rows = new WeakMap<TraceLimit, RecordedRow>()

  noteHeaders({ headers }: TraceLogin): void {
    for (const [name] of headers) this.headers.add(name)
  }

  noteRecorded(limit: TraceLimit): void {
    this.recordedRefusedCount += 1
    const known = this.#rows.get(limit)
    if (known !== undefined) {
      known.count += 1
      return
    }
    const key = identityKey(limit)
    const row = this.recorded.get(key) ?? { limit, count: 0 }
    row.count += 1
    this.recorded.set(key, row)
    this.#rows.set(limit, row)
  }
}
