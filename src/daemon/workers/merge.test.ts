import { describe, expect, it } from 'vitest'
import { Tally } from '../../base/tally.ts'
import { GatewayMeters } from '../../gateway/meters.ts'
import { mergeReports, mergeSessions } from './merge.ts'
import type { WorkerReport } from './messages.ts'

const workers = { configured: 2, running: 2, restartedTotal: 0 }

function report(count: number): WorkerReport {
  return {
    revision: 1,
    totals: { sessionsActive: count, admittedTotal: count, refusedTotal: count },
    stats: {
      sessionsActive: count,
      refusalsLingering: count,
      bytesFromClients: count,
      bytesFromUpstreams: count,
    },
    bound: ['*:25'],
    sessionsByService: { smtp: count },
    upstreams: [{ upstream: '127.0.0.1:26', isUp: count !== 10 }],
    measured: new GatewayMeters().values(),
    log: { suppressedTotal: count, droppedTotal: count, errorsTotal: count },
    audit: { drift: count, leakedIds: [count], unknownIds: [] },
  }
}

function session(id: number, ageMs: number) {
  return { id, listen: '*:25', client: '192.0.2.1', ageMs, isAwaitingAddress: false }
}

describe('the answers of several workers', () => {
  it('are summed up, but for what is the same everywhere', () => {
    const absent = [new Tally()]
    const meters = [new GatewayMeters(), new GatewayMeters()]
    for (const one of meters) one.authentication.observe(0.02)
    for (let time = 0; time < 100; time += 1) absent[0]?.admit()
    const merged = mergeReports([report(1), report(10)], { revision: 3, workers, absent, meters })
    expect(merged).toMatchObject({
      revision: 3,
      totals: { sessionsActive: 11, admittedTotal: 111, refusedTotal: 11 },
      bound: ['*:25'],
      sessionsByService: { smtp: 11 },
      upstreams: [{ upstream: '127.0.0.1:26', isUp: false }],
      measured: { authentication: { count: 2, sumSeconds: 0.04 } },
      log: { suppressedTotal: 11 },
      audit: { drift: 11, leakedIds: [1, 10] },
      workers,
    })
  })

  it('name the oldest sessions of all', () => {
    const answer = mergeSessions(
      [
        {
          ok: true,
          result: {
            sessionsActive: 2,
            matchingCount: 2,
            sessions: [session(1, 30), session(2, 10)],
          },
        },
        { ok: true, result: { sessionsActive: 1, matchingCount: 1, sessions: [session(3, 20)] } },
      ],
      { limit: 2 },
    )
    expect(answer).toMatchObject({
      ok: true,
      result: { sessionsActive: 3, matchingCount: 3, sessions: [{ id: 1 }, { id: 3 }] },
    })
  })
})
