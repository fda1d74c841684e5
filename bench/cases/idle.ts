// What a session that does nothing keeps resident in the server: relayed from its first byte, or
// logged in at the gate, in plain text or inside TLS.

import { setTimeout as sleep } from 'node:timers/promises'
import { cpuNs, portOf, residentBytes } from '../process.ts'
import type { Outcome } from '../load/orders.ts'
import type { Daemon } from '../process.ts'
import type { Subject } from '../subjects/subject.ts'
import type { Rig } from './rig.ts'

// A server that has just bound its port may still be settling its own start.
const afterStartMs = 500
// The upstream has seen the last round's sessions go by then, or something leaks.
const emptyMs = 5_000
const pollMs = 50

export type IdleKind = 'idle' | 'idle-login' | 'idle-login-tls'

interface Visit {
  readonly kind: IdleKind
  readonly subject: Subject
  readonly daemon: Daemon
  readonly round: number
}

/** A fresh server process for every subject and round: before, open, wait, after. */
export async function measureIdle(rig: Rig, kind: IdleKind): Promise<void> {
  const role = kind === 'idle' ? 'relay' : 'login'
  for (let round = 1; round <= rig.size.idleRounds; round += 1) {
    for (const subject of rig.subjects) {
      if (!subject.roles.includes(role)) continue
      await waitUntilEmpty(rig)
      const { lab, fleet } = rig
      const { upstreamPort, authPort } = fleet
      const daemon = await subject.start({ lab, role, upstreamPort, authPort, workers: 1 })
      try {
        await measureOne(rig, { kind, subject, daemon, round })
      } finally {
        await fleet.run(() => ({ kind: 'letGo' }))
        await daemon.stop()
      }
    }
  }
}

async function measureOne(rig: Rig, { kind, subject, daemon, round }: Visit): Promise<void> {
  await sleep(afterStartMs)
  const beforeBytes = residentBytes(daemon.pids)
  const beforeNs = cpuNs(daemon.pids)
  const opened = await openSessions(rig, daemon, kind)
  const openNs = cpuNs(daemon.pids) - beforeNs
  await sleep(rig.size.settleMs)
  // What the upstream sees is what is really relayed.
  const sessions = await rig.fleet.upstreamCount()
  const totalBytes = residentBytes(daemon.pids)
  const cost = (totalBytes - beforeBytes) / sessions
  rig.say(`${kind} ${round} ${subject.label}: ${sessions} sessions, ${cost.toFixed(0)} bytes each`)
  rig.record({
    figure: kind,
    subjectId: subject.id,
    round,
    cost,
    perSecond: (opened.count * 1000) / opened.elapsedMs,
    busy: openNs / 1e6 / opened.elapsedMs,
    loadBusy: opened.cpuMs / opened.elapsedMs,
    failedCount: rig.size.idleSessions - sessions,
    sessions,
    totalBytes,
  })
}

async function openSessions(rig: Rig, daemon: Daemon, kind: IdleKind): Promise<Outcome> {
  const { fleet, size } = rig
  const share = Math.floor(size.idleSessions / fleet.workerCount)
  const first = size.idleSessions - share * (fleet.workerCount - 1)
  const opened = await fleet.run((worker) => {
    const order = { kind: 'hold', count: worker === 0 ? first : share } as const
    if (kind === 'idle') return { ...order, port: daemon.port }
    const isTls = kind === 'idle-login-tls'
    return { ...order, port: portOf(daemon, isTls ? 'imaps' : 'imap'), login: { isTls } }
  })
  if (opened.failedCount > 0) {
    rig.say(`  ${opened.failedCount} not opened, first: ${opened.firstFailure ?? 'unknown'}`)
  }
  return opened
}

async function waitUntilEmpty(rig: Rig): Promise<void> {
  for (let waitedMs = 0; waitedMs < emptyMs; waitedMs += pollMs) {
    if ((await rig.fleet.upstreamCount()) === 0) return
    await sleep(pollMs)
  }
  throw new Error('the upstream still has sessions that nobody holds')
}
