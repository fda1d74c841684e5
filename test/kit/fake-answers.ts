// A gate at three in the morning, as data: two limits full, one nearly, a dry run, a cap that somebody
// changed, and an hour behind it in which it became so.

import type {
  Budgets,
  HistoryAnswer,
  Limits,
  Refusals,
  ReloadAnswer,
  Sessions,
  Status,
} from '../../src/admin/answers.ts'
import type { Answer } from '../../src/admin/view.ts'

/** What it answers, as long as nobody changes it. */
export interface FakeAnswers {
  status: Omit<Status, 'access'>
  limits: Limits
  budgets: Budgets
  sessions: Sessions
  refusals: Refusals
  /** Undefined: the server's own, which begins when it is started. */
  history: HistoryAnswer | undefined
  reload: Answer<ReloadAnswer>
}

type Limit = FakeAnswers['limits']['limits'][number]
type Refusal = FakeAnswers['refusals']['refusals'][number]

const file = '/etc/postern/postern.conf'
const zeroHour = Date.UTC(2026, 10, 25, 2, 58, 40)

function limit(
  name: { readonly scope: string; readonly line: number; readonly text: string },
  more: Partial<Limit>,
): Limit {
  const { scope, line, text } = name
  return {
    id: `service_sessions+${scope.replaceAll(' ', '+').replaceAll('/', '~')}`,
    stage: 'connect',
    option: 'service_sessions',
    tier: 'block',
    scope,
    zone: 'connect',
    isDryRun: false,
    origin: { file, line, column: 3 },
    line: text,
    isChanged: false,
    usedCount: 0,
    refusedTotal: 0,
    exhaustedTotal: 0,
    dryRunTotal: 0,
    highWaterCount: 0,
    ...more,
  }
}

export const everyoneElse = limit(
  { scope: 'ESMTP_Listener Peer 0.0.0.0/0', line: 14, text: '    Service_Sessions = 600' },
  { capMax: 600, usedCount: 600, highWaterCount: 600, refusedTotal: 41_204 },
)

const trusted = limit(
  { scope: 'ESMTP_Listener Peer 10.0.0.0/8', line: 10, text: '    Service_Sessions = 1500' },
  { capMax: 1500, usedCount: 212, highWaterCount: 640 },
)

const ceiling = limit(
  { scope: 'ESMTP_Listener', line: 7, text: '  Service_Sessions = 2000 # absolute ceiling' },
  { tier: 'shared', capMax: 2000, usedCount: 812, highWaterCount: 1240 },
)

const perUser: Limit = {
  ...limit(
    { scope: 'IMAP_Listener', line: 31, text: '  Limit_Conn "user" { Sessions = 10 }' },
    { capMax: 10, usedCount: 10, highWaterCount: 10, refusedTotal: 87 },
  ),
  id: 'limit_conn+user+IMAP_Listener',
  stage: 'authenticated',
  option: 'limit_conn',
  tier: 'keyed',
  zone: 'user',
  key: '$remote_user',
}

const perNetwork: Limit = {
  ...perUser,
  id: 'limit_conn+net+IMAP_Listener',
  zone: 'net',
  key: '$remote_net',
  capMax: 60,
  usedCount: 52,
  highWaterCount: 57,
  refusedTotal: 0,
  origin: { file, line: 32, column: 3 },
  line: '  Limit_Conn "net" { Sessions = 60 }',
}

const submission = limit(
  { scope: 'ESMTP_Listener Listen *:587', line: 22, text: '    Listener_Sessions = 300' },
  { capMax: 400, configuredMax: 300, isChanged: true, usedCount: 171, highWaterCount: 300 },
)

const dry = limit(
  { scope: 'POP3_Listener', line: 41, text: '  Service_Sessions = 50' },
  { capMax: 50, usedCount: 58, highWaterCount: 61, isDryRun: true, dryRunTotal: 930 },
)

const limits = [everyoneElse, trusted, ceiling, perUser, perNetwork, submission, dry]

const points = 360

/** Rises to the cap in the last half hour. */
function hourOf({ id, capMax = 100, usedCount, refusedTotal }: Limit): HistoryOf {
  const used = Array.from({ length: points }, (_, index) => {
    const share = 0.55 + 0.5 * (index / points) + 0.07 * Math.sin(index / 9)
    return Math.min(capMax, Math.round(usedCount * Math.min(1, share)))
  })
  const late = Array.from({ length: points }, (_, index) => Math.max(0, index - 300) ** 1.3)
  const all = late.reduce((sum, value) => sum + value, 0)
  return { id, used, refused: late.map((value) => Math.round((refusedTotal * value) / all)) }
}

type HistoryOf = NonNullable<FakeAnswers['history']>['limits'][number]

function refusal(index: number): Refusal {
  const isLogin = index % 5 === 3
  const decided = isLogin ? perUser : everyoneElse
  const client = isLogin ? `192.0.2.${40 + index}` : `203.0.113.${(index * 37) % 250}`
  const passed = [everyoneElse, ceiling].map((one) => findingOf(one, '0.0.0.0/0'))
  const findings = isLogin
    ? [findingOf(perNetwork, '192.0.2.0/24', 31), findingOf(perUser, 'webmail-sync', 10)]
    : passed
  const atMs = zeroHour - index * 1370
  return {
    at: new Date(atMs).toISOString(),
    atMs,
    sessionId: 90_000 - index,
    stage: isLogin ? 'authenticated' : 'connect',
    reason: 'full',
    service: isLogin ? 'imap' : 'smtp',
    listen: isLogin ? '*:993' : '*:25',
    client,
    ...(isLogin ? { login: 'webmail-sync' } : {}),
    limitId: decided.id,
    decidedBy: isLogin ? 1 : 0,
    findings,
  }
}

function findingOf(
  one: Limit,
  key: string,
  usedCount = one.usedCount,
): Refusal['findings'][number] {
  const { id, option, tier, scope, zone, capMax, isDryRun, origin } = one
  return {
    limitId: id,
    option,
    tier,
    scope,
    zone,
    key,
    usedCount,
    ...(capMax === undefined ? {} : { capMax }),
    isDryRun,
    isOver: capMax !== undefined && usedCount >= capMax,
    isExhausted: false,
    origin,
  }
}

function session(index: number): FakeAnswers['sessions']['sessions'][number] {
  const isImap = index % 3 === 0
  return {
    id: 1 + index * 7,
    listen: isImap ? '*:993' : '*:25',
    client: isImap ? `192.0.2.${index}` : `203.0.113.${index}`,
    ageMs: 5_400_000 - index * 61_000,
    isAwaitingAddress: false,
    state: 'relaying',
    ...(isImap ? { login: index % 2 === 0 ? 'webmail-sync' : 'ada@example.org' } : {}),
    upstream: isImap ? '10.0.0.7:143' : '10.0.0.5:25',
    isTls: isImap,
    bytesFromClient: 1200 * index + 310,
    bytesToClient: 91_000 * (index % 11) + 240,
    silentMs: (index % 13) * 4100,
  }
}

/** New at each call, so that a test may change it. */
export function fakeAnswers(keysCount = 340): FakeAnswers {
  const budgets = Array.from({ length: keysCount }, (_, index) => {
    const usedCount = Math.max(1, 10 - Math.floor(index / 3))
    const key = index === 0 ? 'webmail-sync' : `user${index}@example.org`
    return {
      zone: 'user',
      key,
      usedCount,
      capMax: 10,
      fill: usedCount / 10,
      limitIds: [perUser.id],
    }
  })
  return {
    status: {
      version: '0.1.0',
      pid: 4711,
      configuration: file,
      startedAt: new Date(zeroHour - 1_000_000_000).toISOString(),
      uptimeMs: 1_000_000_000,
      isDraining: false,
      revision: 7,
      sessionsActive: 1187,
      admittedTotal: 2_904_113,
      refusedTotal: 41_291,
      refusalsLingering: 3,
      bytesFromClients: 81_000_000_000,
      bytesFromUpstreams: 93_000_000_000,
      bound: ['*:25', '*:587', '*:993'],
      log: { suppressedTotal: 0, droppedTotal: 0, errorsTotal: 0 },
      audit: { drift: 0, leakedIds: [], unknownIds: [] },
      changedLimits: [submission.id],
    },
    limits: { revision: 7, limits, zones: [{ name: 'user', statesUsed: 340, statesFree: 15_000 }] },
    budgets: { revision: 7, matchingCount: keysCount, isComplete: true, budgets },
    sessions: {
      sessionsActive: 1187,
      matchingCount: 1187,
      sessions: Array.from({ length: 50 }, (_, index) => session(index)),
    },
    refusals: {
      matchingCount: 10_000,
      refusals: Array.from({ length: 60 }, (_, index) => refusal(index)),
    },
    history: { stepMs: 10_000, untilMs: zeroHour, limits: limits.map(hourOf) },
    reload: changed(),
  }
}

function changed(): FakeAnswers['reload'] {
  return {
    ok: true,
    result: {
      isDone: false,
      revision: 7,
      diagnostics: [],
      changes: [
        {
          kind: 'limit',
          what: 'changed',
          name: 'Service_Sessions',
          scope: everyoneElse.scope,
          before: '600',
          after: '900',
          origin: { file, line: 14, column: 3 },
        },
      ],
    },
  }
}
