// What every case works with, and the measurements it leaves behind.

import { setTimeout as sleep } from 'node:timers/promises'
import { cpuNs } from '../process.ts'
import type { Lab } from '../lab.ts'
import type { Protocol } from '../load/dialogues.ts'
import type { Fleet } from '../load/fleet.ts'
import type { LoadOrder, Outcome, Waits } from '../load/orders.ts'
import type { Size } from '../options.ts'
import type { Daemon } from '../process.ts'
import type { Role, Subject } from '../subjects/subject.ts'

/** What is measured; bytes count once for each direction, logins once for each protocol. */
export type Figure =
  | 'refusals'
  | 'refusals-2'
  | 'fairness'
  | 'sessions'
  | 'sessions-2'
  | 'push'
  | 'pull'
  | 'idle'
  | `login-${Protocol}`
  | 'idle-login'
  | 'idle-login-tls'

/**
 * The numbers of one round. `busy` is the server's CPU and `loadBusy` the load processes', both as
 * shares of one core; `cost` is what the figure is about: CPU microseconds per refusal, session or login,
 * megabytes per CPU second, bytes per idle session, how many times longer a flood makes a wait.
 */
export interface Measurement {
  readonly figure: Figure
  readonly subjectId: string
  readonly round: number
  readonly cost: number
  readonly perSecond: number
  readonly busy: number
  readonly loadBusy: number
  readonly failedCount: number
  /** Sessions open when memory was read. */
  readonly sessions?: number
  /** Memory of the whole server then, in bytes. */
  readonly totalBytes?: number
  /** What a trusted client waited for its banner. */
  readonly waits?: { readonly quiet: Waits; readonly flooded: Waits }
}

export interface Rig {
  readonly lab: Lab
  readonly fleet: Fleet
  readonly size: Size
  readonly subjects: readonly Subject[]
  say(text: string): void
  record(measurement: Measurement): void
}

// Closings still under way when the clients have their last byte belong to the measured work.
const tailMs = 150

export interface Worked {
  readonly outcome: Outcome
  readonly cpuNs: number
}

/** Runs an order against a server, in all load processes, and tells what it cost the server. */
export async function workAgainst(rig: Rig, daemon: Daemon, order: LoadOrder): Promise<Worked> {
  return workBy(rig, daemon, () => rig.fleet.run(() => order))
}

/** The same with whatever gives the order. */
export async function workBy(
  rig: Rig,
  daemon: Daemon,
  work: () => Promise<Outcome>,
): Promise<Worked> {
  const beforeNs = cpuNs(daemon.pids)
  const outcome = await work()
  await sleep(tailMs)
  if (outcome.failedCount > 0) {
    rig.say(`  ${outcome.failedCount} failed, first: ${outcome.firstFailure ?? 'unknown'}`)
  }
  return { outcome, cpuNs: cpuNs(daemon.pids) - beforeNs }
}

/**
 * Starts every subject in the first of the roles that it has, runs the rounds with their order rotated so that no
 * subject always comes first, and stops them whatever happens.
 */
export async function inRounds(
  rig: Rig,
  { roles, workers = 1 }: { readonly roles: readonly Role[]; readonly workers?: number },
  visit: (subject: Subject, daemon: Daemon, round: number) => Promise<void>,
): Promise<void> {
  const running: { readonly subject: Subject; readonly daemon: Daemon }[] = []
  const { lab, fleet } = rig
  try {
    for (const subject of rig.subjects) {
      const role = roles.find((one) => subject.roles.includes(one))
      if (role === undefined || (workers > 1 && subject.scales !== true)) continue
      const { upstreamPort, authPort } = fleet
      const daemon = await subject.start({ lab, role, upstreamPort, authPort, workers })
      running.push({ subject, daemon })
    }
    for (const { subject, daemon } of running) await visit(subject, daemon, 0)
    for (let round = 1; round <= rig.size.rounds; round += 1) {
      const at = round % running.length
      for (const { subject, daemon } of [...running.slice(at), ...running.slice(0, at)]) {
        await visit(subject, daemon, round)
      }
    }
  } finally {
    await Promise.all(running.map(({ daemon }) => daemon.stop()))
  }
}
