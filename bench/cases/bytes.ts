// Big streams through a relayed session, in each direction: megabytes per second and CPU second.

import { inRounds, workAgainst } from './rig.ts'
import type { Rig } from './rig.ts'

// A few large messages at once, as a mail server sees them; more streams only add noise.
const streamsPerWorker = 2
const bytesPerMb = 1e6

/** Measures both directions in turn; round 0 warms up. */
export async function measureBytes(rig: Rig): Promise<void> {
  const streams = streamsPerWorker * rig.fleet.workerCount
  const bytesPerStream = Math.floor(rig.size.bytesPerRound / streams)
  await inRounds(rig, { roles: ['relay'] }, async (subject, daemon, round) => {
    for (const figure of ['push', 'pull'] as const) {
      const { outcome, cpuNs } = await workAgainst(rig, daemon, {
        kind: figure,
        port: daemon.port,
        streams: streamsPerWorker,
        bytesPerStream,
      })
      const { count, failedCount, elapsedMs, cpuMs } = outcome
      if (count === 0) throw new Error(`${subject.label}: no bytes came through`)
      const megabytes = count / bytesPerMb
      const cost = megabytes / (cpuNs / 1e9)
      rig.say(`${figure} ${round} ${subject.label}: ${cost.toFixed(0)} MB per CPU second`)
      if (round === 0) continue
      const perSecond = (megabytes * 1000) / elapsedMs
      const busy = cpuNs / 1e6 / elapsedMs
      const loadBusy = cpuMs / elapsedMs
      const subjectId = subject.id
      rig.record({ figure, subjectId, round, cost, perSecond, busy, loadBusy, failedCount })
    }
  })
}
