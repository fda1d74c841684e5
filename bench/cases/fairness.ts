// What a trusted client waits for its banner while strangers are refused at full speed, beside what
// it waits when nobody else is there.

import { strangers } from '../subjects/subject.ts'
import { inRounds, workBy } from './rig.ts'
import type { Waits } from '../load/orders.ts'
import type { Daemon } from '../process.ts'
import type { Subject } from '../subjects/subject.ts'
import type { Rig } from './rig.ts'

// Enough connections at once that the server always finds several strangers waiting. From one
// process: with two of them on two cores, it is the scheduler that keeps the trusted client waiting.
const inFlight = 64
// The flood is on before the first banner is asked for, and lasts until the last has come.
const headStartMs = 200

/** Round 0 warms up. */
export async function measureFairness(rig: Rig): Promise<void> {
  await inRounds(rig, { roles: ['fair'] }, async (subject, daemon, round) => {
    const forMs = round === 0 ? rig.size.warmUpMs : rig.size.rushMs
    const quiet = await waitsOf(rig, daemon, forMs)
    const { flooded, worked } = await inFlood(rig, { subject, daemon, forMs })
    const { outcome, cpuNs } = worked
    if (outcome.count === 0) throw new Error(`${subject.label}: nobody was refused`)
    const cost = flooded.p99Ms / quiet.p99Ms
    rig.say(
      `fairness ${round} ${subject.label}: p50/p99 ${texts(quiet)} ms alone, ${texts(flooded)} ms in the flood`,
    )
    if (round === 0) return
    rig.record({
      figure: 'fairness',
      subjectId: subject.id,
      round,
      cost,
      perSecond: (outcome.count * 1000) / outcome.elapsedMs,
      busy: cpuNs / 1e6 / outcome.elapsedMs,
      loadBusy: outcome.cpuMs / outcome.elapsedMs,
      failedCount: outcome.failedCount,
      waits: { quiet, flooded },
    })
  })
}

async function inFlood(
  rig: Rig,
  visit: { readonly subject: Subject; readonly daemon: Daemon; readonly forMs: number },
): Promise<{ flooded: Waits; worked: Awaited<ReturnType<typeof workBy>> }> {
  const { subject, daemon, forMs } = visit
  const order = {
    kind: 'refusals',
    port: daemon.port,
    inFlight,
    forMs: forMs + 2 * headStartMs,
    expect: subject.fairRefusalText ?? subject.refusalText,
    from: strangers,
  } as const
  const flood = workBy(rig, daemon, () => rig.fleet.runInOne(order))
  await new Promise((resolve) => setTimeout(resolve, headStartMs))
  const flooded = await waitsOf(rig, daemon, forMs)
  return { flooded, worked: await flood }
}

async function waitsOf(rig: Rig, { port }: Daemon, forMs: number): Promise<Waits> {
  const { waits, failedCount, firstFailure } = await rig.fleet.probe({ kind: 'probe', port, forMs })
  if (failedCount > 0) throw new Error(`a trusted client got no banner: ${firstFailure ?? ''}`)
  if (waits === undefined) throw new Error('a probe told no waits')
  return waits
}

function texts({ p50Ms, p99Ms }: Waits): string {
  return `${p50Ms.toFixed(2)}/${p99Ms.toFixed(2)}`
}
