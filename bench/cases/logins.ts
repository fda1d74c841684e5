// Whole sessions that log in at the gate, by protocol: how many in a second, at what CPU each.

import { protocols } from '../load/dialogues.ts'
import { portOf } from '../process.ts'
import { inRounds, workAgainst } from './rig.ts'
import type { Rig } from './rig.ts'

// Every login keeps an auth server and a mail server busy, too; these are enough to fill a core.
const inFlightPerWorker = 16

/** Round 0 warms up. */
export async function measureLogins(rig: Rig): Promise<void> {
  for (const protocol of protocols) {
    const figure = `login-${protocol}` as const
    await inRounds(rig, { roles: ['login'] }, async (subject, daemon, round) => {
      const { outcome, cpuNs } = await workAgainst(rig, daemon, {
        kind: 'logins',
        protocol,
        port: portOf(daemon, protocol),
        inFlight: inFlightPerWorker,
        forMs: round === 0 ? rig.size.warmUpMs : rig.size.rushMs,
      })
      const { count, failedCount, elapsedMs, cpuMs } = outcome
      if (count === 0) throw new Error(`${subject.label}: no logins at all`)
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
}
