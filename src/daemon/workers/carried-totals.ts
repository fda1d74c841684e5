// Totals that do not fall when a host dies: what hosts before this one did, as far as anybody asked
// while they lived, is added to what this one says.

import { addMeters, GatewayMeters } from '../../gateway/meters.ts'
import type { MeterValues } from '../../gateway/meters.ts'
import type { PlaneReport } from '../plane.ts'

interface Carried {
  readonly admittedTotal: number
  readonly refusedTotal: number
  readonly bytesFromClients: number
  readonly bytesFromUpstreams: number
  readonly measured: MeterValues
}

export class CarriedTotals {
  #before: Carried = {
    admittedTotal: 0,
    refusedTotal: 0,
    bytesFromClients: 0,
    bytesFromUpstreams: 0,
    measured: new GatewayMeters().values(),
  }
  #last: Carried = this.#before

  /** Adds what is carried to a report of the host that lives. */
  addTo(report: PlaneReport): PlaneReport {
    const { totals, stats } = report
    const before = this.#before
    const sum = {
      ...report,
      measured: addMeters(report.measured, before.measured),
      totals: {
        ...totals,
        admittedTotal: totals.admittedTotal + before.admittedTotal,
        refusedTotal: totals.refusedTotal + before.refusedTotal,
      },
      stats: {
        ...stats,
        bytesFromClients: stats.bytesFromClients + before.bytesFromClients,
        bytesFromUpstreams: stats.bytesFromUpstreams + before.bytesFromUpstreams,
      },
    }
    this.#last = {
      admittedTotal: sum.totals.admittedTotal,
      refusedTotal: sum.totals.refusedTotal,
      bytesFromClients: sum.stats.bytesFromClients,
      bytesFromUpstreams: sum.stats.bytesFromUpstreams,
      measured: sum.measured,
    }
    return sum
  }

  /** The host is gone; the next one begins at nothing. */
  onHostEnded(): void {
    this.#before = this.#last
  }
}
