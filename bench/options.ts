// The flags of the bench, and how much work each of its two sizes does.

import { parseArgs } from 'node:util'

const caseNames = [
  'refusals',
  'fairness',
  'sessions',
  'logins',
  'bytes',
  'idle',
  'idle-login',
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

// Seven rounds give a median that one bad second of a shared machine does not move. With two
// seconds a round, a server handles tens of thousands of connections in it; the whole run takes
// about five minutes with Node 24 and four without.
const wholeSize: Size = {
  rounds: 7,
  rushMs: 2_000,
  warmUpMs: 3_000,
  bytesPerRound: 768 * 1024 * 1024,
  idleRounds: 2,
  idleSessions: 5_000,
  settleMs: 10_000,
}

// For a look while working, in under a minute.
const quickSize: Size = {
  rounds: 3,
  rushMs: 600,
  warmUpMs: 1_000,
  bytesPerRound: 192 * 1024 * 1024,
  idleRounds: 1,
  idleSessions: 1_000,
  settleMs: 2_000,
}

const usage = `npm run bench -- [options]
  --quick            in under a minute, for a look while working
  --node24           measure Postern on Node 24 too (fetched with npm into .tmp)
  --cases a,b        only these: ${caseNames.join(', ')}
  --subjects a,b     only these: nginx, haproxy, haproxy-lua, postern, postern-node24, rival
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
