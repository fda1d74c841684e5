// How cost grows: CPU and memory against sessions held open, and against keys in a zone.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuNs, portOf, residentBytes } from '../process.ts'
import type { Outcome } from '../load/orders.ts'
import type { Daemon } from '../process.ts'
import type { Subject } from '../subjects/subject.ts'
import type { Rig } from './rig.ts'

/** A server that holds so many sessions, none of which does anything. */
export interface SessionPoint {
  readonly role: 'relay' | 'login'
  readonly subjectId: string
  readonly sessions: number
  /** Resident memory over that of the empty server. */
  readonly bytes: number
  /** CPU of each session opened since the point before. */
  readonly openUs: number
  /** CPU in a second in which nothing happens. */
  readonly idleUsPerSecond: number
}

/** A zone with so many keys in it. */
export interface KeyPoint {
  readonly zone: string
  readonly keys: number
  readonly nsPerAdmission: number
  /** Resident memory over that of the empty zone; what one page cannot show is zero. */
  readonly bytes: number
}

export interface Curves {
  readonly sessions: readonly SessionPoint[]
  readonly keys: readonly KeyPoint[]
}

/** Two lines of each role: more sessions than two servers' would not fit into the mail server behind. */
const curveSubjects = ['nginx', 'postern'] as const
const zones = ['memory-zone', 'shared-zone'] as const
const afterStartMs = 500
// A server that loses some each time is not slow but broken.
const triesMax = 3
// A million keys take some seconds; one that is not done by then has hung.
const keysMs = 120_000

/** All servers at once, point after point: they settle while each other does, none is ever busy. */
export async function measureSessionCurve(rig: Rig): Promise<readonly SessionPoint[]> {
  const held: Held[] = []
  try {
    for (const role of ['relay', 'login'] as const) {
      for (const subject of rig.subjects) {
        if (!isDrawn(subject) || !subject.roles.includes(role)) continue
        held.push(await startHolder(rig, subject, role))
      }
    }
    await sleep(afterStartMs)
    for (const holder of held) holder.emptyBytes = residentBytes(holder.daemon.pids)
    const points: SessionPoint[] = []
    for (const sessions of rig.size.curveSessions) {
      points.push(...(await measurePoint(rig, held, sessions)))
    }
    return points
  } finally {
    await rig.fleet.run(() => ({ kind: 'letGo' }))
    await Promise.all(held.map(({ daemon }) => daemon.stop()))
  }
}

interface Held {
  readonly subject: Subject
  readonly role: 'relay' | 'login'
  readonly daemon: Daemon
  emptyBytes: number
  sessions: number
}

function isDrawn({ id }: Subject): boolean {
  return curveSubjects.some((drawn) => drawn === id)
}

async function startHolder(
  { lab, fleet }: Rig,
  subject: Subject,
  role: 'relay' | 'login',
): Promise<Held> {
  const { upstreamPort, authPort } = fleet
  const daemon = await subject.start({ lab, role, upstreamPort, authPort, workers: 1 })
  return { subject, role, daemon, emptyBytes: 0, sessions: 0 }
}

async function measurePoint(
  rig: Rig,
  held: readonly Held[],
  sessions: number,
): Promise<SessionPoint[]> {
  const openUs = new Map<Held, number>()
  for (const holder of held) openUs.set(holder, await openUntil(rig, holder, sessions))
  await sleep(rig.size.settleMs)
  const expected = held.length * sessions
  const count = await rig.fleet.upstreamCount()
  if (count !== expected) throw new Error(`${expected} sessions were opened, ${count} are there`)
  const before = held.map(({ daemon }) => cpuNs(daemon.pids))
  const startMs = performance.now()
  await sleep(rig.size.curveIdleMs)
  const seconds = (performance.now() - startMs) / 1000
  return held.map((holder, at) => {
    const { subject, role, daemon, emptyBytes } = holder
    const point: SessionPoint = {
      role,
      subjectId: subject.id,
      sessions,
      bytes: residentBytes(daemon.pids) - emptyBytes,
      openUs: openUs.get(holder) ?? 0,
      idleUsPerSecond: (cpuNs(daemon.pids) - (before[at] ?? 0)) / 1000 / seconds,
    }
    const each = (point.bytes / 1024 / sessions).toFixed(2)
    rig.say(
      `curve ${role} ${subject.label}: ${sessions} sessions, ${each} KB each, ` +
        `${point.openUs.toFixed(0)} µs to open, ${point.idleUsPerSecond.toFixed(0)} µs/s idle`,
    )
    return point
  })
}

/** Opens what is missing; answers the server's CPU microseconds for each. */
async function openUntil(rig: Rig, holder: Held, sessions: number): Promise<number> {
  const { daemon, subject } = holder
  const wanted = sessions - holder.sessions
  const before = cpuNs(daemon.pids)
  let missing = wanted
  // On a machine that does something else, some may stall: they are opened again, and told.
  for (let tries = 0; missing > 0; tries += 1) {
    const { failedCount, firstFailure } = await openMore(rig, holder, missing)
    missing = failedCount
    if (failedCount === 0) break
    const text = `${subject.label}: ${failedCount} sessions were not opened, first: ${firstFailure}`
    if (tries === triesMax) throw new Error(text)
    rig.say(`  ${text}; once more`)
  }
  holder.sessions = sessions
  return (cpuNs(daemon.pids) - before) / 1000 / wanted
}

function openMore({ fleet }: Rig, { role, daemon }: Held, count: number): Promise<Outcome> {
  const share = Math.floor(count / fleet.workerCount)
  const first = count - share * (fleet.workerCount - 1)
  return fleet.run((worker) => {
    const order = { kind: 'hold', count: worker === 0 ? first : share } as const
    return role === 'relay'
      ? { ...order, port: daemon.port }
      : { ...order, port: portOf(daemon, 'imap'), login: { isTls: false } }
  })
}

/** Each point in a process of its own, so that one leaves nothing behind for the next. */
export function measureKeyCurve(root: string, rig: Rig): readonly KeyPoint[] {
  const file = join(root, 'bench', 'micro', 'keys.bench.ts')
  return zones.flatMap((zone) =>
    rig.size.curveKeys.map((keys) => {
      const args = ['--expose-gc', '--import', 'tsx', file, zone, String(keys)]
      const options = { cwd: root, encoding: 'utf8', timeout: keysMs } as const
      const { status, stdout, stderr } = spawnSync(process.execPath, args, options)
      if (status !== 0) throw new Error(`the benchmark of ${keys} keys failed: ${stderr}`)
      const { ns, bytes } = JSON.parse(stdout) as { ns: number; bytes: number } // as it prints it
      const megabytes = (bytes / 1e6).toFixed(1)
      rig.say(`curve ${zone}: ${keys} keys, ${ns.toFixed(0)} ns, ${megabytes} MB`)
      return { zone, keys, nsPerAdmission: ns, bytes: Math.max(0, bytes) }
    }),
  )
}
