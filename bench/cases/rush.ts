// Refused connections and whole short sessions: how many in a second, and at what CPU each.

import { inRounds, workAgainst } from './rig.ts'
import type { Rig } from './rig.ts'

// Enough connections at once that the server always finds several waiting.
const inFlightPerWorker = 32

export interface Rush {
  readonly kind: 'refusals' | 'sessions'
  readonly workers: 1 | 2
}

/** Measures refusals (role refuse) or relayed sessions (role relay, or answer); round 0 warms up. */
export async function measureRush(rig: Rig, { kind, workers }: Rush): Promise<void> {
  const figure = workers === 1 ? kind : (`${kind}-2` as const)
  // A server with nothing behind it has less to do for a session, which its row says.
  const roles = kind === 'refusals' ? (['refuse'] as const) : (['relay', 'answer'] as const)
  await inRounds(rig, { roles, workers }, async (subject, daemon, round) => {
    const { outcome, cpuNs } = await workAgainst(rig, daemon, {
      kind,
      port: daemon.port,
      inFlight: inFlightPerWorker,
      forMs: round === 0 ? rig.size.warmUpMs : rig.size.rushMs,
      expect: kind === 'refusals' ? subject.refusalText : '220 ',
    })
    const { count, failedCount, elapsedMs, cpuMs } = outcome
    if (count === 0) throw new Error(`${subject.label}: no ${figure} at all`)
    const cost = cpuNs / 1000 / count
    rig.say(`${figure} ${round} ${subject.label}: ${count}, ${cost.toFixed(1)} µs CPU each`)
    if (round === 0) return
    const perSecond = (count * 1000) / elapsedMs
    const busy = cpuNs / 1e6 / elapsedMs
    const loadBusy = cpuMs / elapsedMs
    const subjectId = subject.id
    rig.record({ figure, subjectId, round, cost, perSecond, busy, loadBusy, failedCount })
  })
}
