// The flags of the bench, and how much work each of its two sizes does.

import { parseArgs } from 'node:util'

const caseNames = [
  'refusals',
  'fairness',
  'sessions',
  'workers',
  'logins',
  'bytes',
  'idle',
  'idle-login',
  'curve',
] as const
export type CaseName = (typeof caseNames)[number]

/** How long, how often and how much is measured. */
export interface Size {
  readonly rounds: number
  readonly rushMs: number
  /** Before the first round: a just-in-time compiler has seen enough by then. */
  readonly warmUpMs: number
  readonly bytesPerRound: number
  readonly idleRounds: number
  readonly idleSessions: number
  /** How long the sessions do nothing before their memory is read. */
  readonly settleMs: number
  /** The points of the cost curve. */
  readonly curveSessions: readonly number[]
  readonly curveKeys: readonly number[]
  /** How long a settled server's CPU is watched at each point. */
  readonly curveIdleMs: number
}

export interface BenchOptions {
  readonly size: Size
  readonly isQuick: boolean
  readonly isNode24Wanted: boolean
  readonly cases: readonly CaseName[]
  /** Ids of the subjects to run; absent means all. */
  readonly subjects?: readonly string[]
  /** Another build of Postern's command line to measure beside the one in dist/. */
  readonly rival?: string
}

// Five rounds give a median that one bad second of a shared machine does not move. With two
// seconds a round, a server handles tens of thousands of connections in it. V8 gives garbage back
// after 20 to 40 s of quiet, so every idle server has 30 s before it is read: one round each, which
// repeats to within a few per cent, and five points of a curve in which the servers settle at the
// same time. By these numbers the whole run takes some nineteen minutes, without Node 24; half of
// that is waiting. It tells at its end how long it took.
const wholeSize: Size = {
  rounds: 5,
  rushMs: 2_000,
  warmUpMs: 3_000,
  bytesPerRound: 768 * 1024 * 1024,
  idleRounds: 1,
  idleSessions: 5_000,
  settleMs: 30_000,
  curveSessions: [100, 300, 1_000, 3_000, 9_000],
  curveKeys: [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000],
  curveIdleMs: 3_000,
}

// For a look while working, in a few minutes; too short to judge memory by.
const quickSize: Size = {
  rounds: 3,
  rushMs: 600,
  warmUpMs: 1_000,
  bytesPerRound: 192 * 1024 * 1024,
  idleRounds: 1,
  idleSessions: 1_000,
  settleMs: 2_000,
  curveSessions: [100, 300, 1_000],
  curveKeys: [1, 1_000, 100_000],
  curveIdleMs: 1_000,
}

const usage = `npm run bench -- [options]
  --quick            in a few minutes, for a look while working
  --node24           measure Postern on Node 24 too (fetched with npm into .tmp)
  --cases a,b        only these: ${caseNames.join(', ')}
  --subjects a,b     only these: nginx, haproxy, haproxy-lua, haraka, smtp-server, postern, postern-node24, rival
  --rival FILE       measure another build of dist/cli/main.js beside this one
  --help             this text
Only a whole run (no flag but --node24) writes docs/benchmarks.md; others write below .tmp/bench.
`

/** The options in the arguments; a text when they are wrong or help is wanted. */
export function parseOptions(args: readonly string[]): BenchOptions | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      node24: { type: 'boolean', default: false },
      cases: { type: 'string' },
      subjects: { type: 'string' },
      rival: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return usage
  const wanted = values.cases?.split(',') ?? caseNames
  const cases = caseNames.filter((name) => wanted.includes(name))
  if (cases.length !== wanted.length) return `unknown case in ${wanted.join(',')}\n\n${usage}`
  return {
    size: values.quick ? quickSize : wholeSize,
    isQuick: values.quick,
    isNode24Wanted: values.node24,
    cases,
    ...(values.subjects === undefined ? {} : { subjects: values.subjects.split(',') }),
    ...(values.rival === undefined ? {} : { rival: values.rival }),
  }
}

/** Whether this run measures everything the published page tells. */
export function isWhole(options: BenchOptions): boolean {
  const { isQuick, cases, subjects, rival } = options
  if (isQuick || subjects !== undefined || rival !== undefined) return false
  return cases.length === caseNames.length
}
