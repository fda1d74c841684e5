// What Postern aims at beside nginx and the mail servers of npm, and whether the rounds reached it.

import { spreadOf } from './stats.ts'
import type { Figure, Measurement } from './cases/rig.ts'
import type { Spread } from './stats.ts'

/** The server every other one is compared with. */
export const yardstick = 'nginx'

interface Aim {
  readonly figure: Figure
  readonly subjectId: string
  /** The subject that it is compared with. */
  readonly besideId: string
  readonly text: string
  readonly sense: 'at most' | 'at least'
  readonly bound: number
  /** The figure is a ratio already: it is not held against the yardstick's. */
  readonly isOwn?: true
  /** How many in a second are compared, and not what each costs. */
  readonly isRate?: true
}

export type Compared = Pick<Aim, 'figure' | 'subjectId' | 'besideId' | 'isRate'>

export interface Judged extends Aim {
  readonly ratio: Spread
  readonly isReached: boolean
}

function aimsOf(subjectId: string, refusalBound: number): Aim[] {
  const atMost = { subjectId, besideId: yardstick, sense: 'at most' } as const
  const atLeast = { subjectId, besideId: yardstick, sense: 'at least', bound: 0.9 } as const
  return [
    { ...atMost, figure: 'refusals', text: 'CPU per refusal', bound: refusalBound },
    { ...atLeast, figure: 'refusals', text: 'refusals in a second', bound: 1, isRate: true },
    { ...atMost, figure: 'refusals-2', text: 'CPU per refusal, two workers', bound: refusalBound },
    { ...atMost, figure: 'sessions', text: 'CPU per session', bound: 1.2 },
    { ...atMost, figure: 'sessions-2', text: 'CPU per session, two workers', bound: 1.2 },
    {
      ...atMost,
      figure: 'fairness',
      text: 'p99 of a banner in a flood (beside its own without)',
      bound: 3,
      isOwn: true,
    },
    { ...atMost, figure: 'idle', text: 'memory per idle session', bound: 0.6 },
    { ...atMost, figure: 'login-imap', text: 'CPU per IMAP login', bound: 1.5 },
    { ...atMost, figure: 'login-pop3', text: 'CPU per POP3 login', bound: 1.5 },
    { ...atMost, figure: 'login-smtp', text: 'CPU per SMTP login', bound: 1.5 },
    { ...atMost, figure: 'idle-login', text: 'memory per logged-in session', bound: 1 },
    { ...atMost, figure: 'idle-login-tls', text: 'memory per logged-in TLS session', bound: 1 },
    { ...atLeast, figure: 'push', text: 'MB per CPU second to the upstream' },
    { ...atLeast, figure: 'pull', text: 'MB per CPU second to the client' },
  ]
}

/** Five times as many per CPU second as what is written for the same Node: a fifth of the cost. */
function aimsBesideNpm(besideId: string): Aim[] {
  const fifth = { subjectId: 'postern', besideId, sense: 'at most', bound: 0.2 } as const
  return [
    { ...fifth, figure: 'refusals', text: 'CPU per refusal' },
    { ...fifth, figure: 'sessions', text: 'CPU per session' },
  ]
}

/** A refusal may cost a little more on the older Node. */
const aims: readonly Aim[] = [
  ...aimsOf('postern', 1.2),
  ...aimsOf('postern-node24', 1.05),
  ...aimsBesideNpm('haraka'),
  ...aimsBesideNpm('smtp-server'),
]

/** A subject's cost, or rate, over another's in the same round, over all rounds. */
export function ratioOf(
  measurements: readonly Measurement[],
  { figure, subjectId, besideId, isRate }: Compared,
): Spread | undefined {
  const pick = (one: Measurement): number => (isRate === true ? one.perSecond : one.cost)
  const costs = measurements.filter((measured) => measured.figure === figure)
  const others = costs.filter((measured) => measured.subjectId === besideId)
  const own = costs.filter((measured) => measured.subjectId === subjectId)
  const ratios = own.flatMap((one) => {
    const beside = others.find(({ round }) => round === one.round)
    return beside === undefined ? [] : [pick(one) / pick(beside)]
  })
  return spreadOf(ratios)
}

function costOf(
  measurements: readonly Measurement[],
  { figure, subjectId }: Aim,
): Spread | undefined {
  const own = measurements.filter((one) => one.figure === figure && one.subjectId === subjectId)
  return spreadOf(own.map(({ cost }) => cost))
}

/** Every aim that the measurements can speak about. */
export function judge(measurements: readonly Measurement[]): Judged[] {
  return aims.flatMap((aim) => {
    const ratio = aim.isOwn === true ? costOf(measurements, aim) : ratioOf(measurements, aim)
    if (ratio === undefined) return []
    const { median } = ratio
    const isReached = aim.sense === 'at most' ? median <= aim.bound : median >= aim.bound
    return [{ ...aim, ratio, isReached }]
  })
}
