// The replay against an oracle that counts by looking at every session, each time.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildPolicy } from '../../test/kit/policy.ts'
import type { PolicyText } from '../../test/kit/policy.ts'
import { labelOf } from './limit-row.ts'
import { Replay } from './replay.ts'
import type { TraceLimit, TraceListen } from './trace.ts'

const limit: TraceLimit = {
  stage: 'connect',
  option: 'service_sessions',
  tier: 'shared',
  zone: 'connect',
  scope: 'ESMTP_Listener',
}
const listens = { 25: { id: '*:25' }, 587: { id: '*:587' } } as const
const header = {
  postern: 'trace',
  version: 1,
  record: 'r',
  part: 1,
  startMs: 1_700_000_000_000,
  source: 'postern',
} as const

interface Caps {
  readonly service: number
  readonly listen: number
  readonly block: number
  readonly user: number
}

function policyText({ service, listen, block, user }: Caps): PolicyText {
  return {
    zones: { user: '$remote_user' },
    smtp: {
      ss: service,
      limits: { user },
      peers: { '10.0.0.0/8': { ss: block } },
      listens: { ':25': {}, ':587': { ls: listen } },
    },
  }
}

interface Arrival {
  readonly port: 25 | 587
  readonly client: string
}
interface Login {
  readonly pick: number
  readonly user: string
}
type Command =
  | ({ readonly kind: 'open' } & Arrival)
  | ({ readonly kind: 'refuse' } & Arrival)
  | { readonly kind: 'close'; readonly pick: number }
  | ({ readonly kind: 'login' } & Login)
  | ({ readonly kind: 'refuse_login' } & Login)
  | { readonly kind: 'wait'; readonly ms: number }

const client = fc.constantFrom('10.0.0.1', '10.0.0.2', '192.0.2.1')
const port = fc.constantFrom<25 | 587>(25, 587)
const user = fc.constantFrom('ann', 'bob', '')
const pick = fc.nat({ max: 30 })
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), port, client }),
  fc.record({ kind: fc.constant('open' as const), port, client }),
  fc.record({ kind: fc.constant('refuse' as const), port, client }),
  fc.record({ kind: fc.constant('close' as const), pick }),
  fc.record({ kind: fc.constant('login' as const), pick, user }),
  fc.record({ kind: fc.constant('refuse_login' as const), pick, user }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }),
)

const assumedMs = 50

interface Session {
  readonly port: 25 | 587
  readonly client: string
  user?: string
  /** In the world of the replay; in that of the demand everybody is there. */
  isIn: boolean
  refusedBy?: string
  endMs: number
}

/** Counts by looking, and knows the rules of admission by heart. */
class Oracle {
  sessions: Session[] = []
  readonly refusals: string[] = []
  inBothCount = 0
  nowMs = 0
  peak = 0
  demandPeak = 0
  fullMs = 0
  readonly #caps: Caps

  constructor(caps: Caps) {
    this.#caps = caps
  }

  moveTo(atMs: number): void {
    const ends = [...new Set(this.sessions.map(({ endMs }) => endMs).filter((end) => end <= atMs))]
    for (const endMs of ends.toSorted((a, b) => a - b)) {
      this.#pass(endMs)
      this.sessions = this.sessions.filter((one) => one.endMs > endMs)
    }
    this.#pass(atMs)
  }

  arrive(id: number, session: Session, isStart = false): void {
    const by = isStart ? undefined : this.#refusesAtConnect(session)
    this.sessions.push(session)
    session.isIn = by === undefined
    if (by !== undefined) this.#refuse(id, session, by)
    this.#look()
  }

  logIn(id: number, session: Session, name: string, isStart = false): void {
    if (session.user !== undefined) return
    const held = this.sessions.filter((one) => one.isIn && one.user === name).length
    session.user = name
    if (!session.isIn) return
    const isOver = name !== '' && held >= this.#caps.user && !isStart
    if (isOver) {
      session.isIn = false
      this.#refuse(id, session, 'limit_conn "user" in ESMTP_Listener')
    }
  }

  #refuse(id: number, session: Session, by: string): void {
    session.refusedBy = by
    this.refusals.push(`${this.nowMs} ${id} ${by}`)
  }

  #refusesAtConnect({ port: asked, client: from }: Session): string | undefined {
    const { service, listen, block } = this.#caps
    const inside = this.sessions.filter(({ isIn }) => isIn)
    const isTrusted = (address: string): boolean => address.startsWith('10.')
    const trusted = inside.filter((one) => isTrusted(one.client)).length
    if (isTrusted(from) && block > 0 && trusted >= block) {
      return 'service_sessions "ESMTP_Listener Peer 10.0.0.0/8"'
    }
    const onListen = inside.filter((one) => one.port === 587).length
    if (asked === 587 && listen > 0 && onListen >= listen) {
      return 'listener_sessions "ESMTP_Listener Listen *:587"'
    }
    return service > 0 && inside.length >= service ? 'service_sessions "ESMTP_Listener"' : undefined
  }

  #look(): void {
    this.peak = Math.max(this.peak, this.sessions.filter(({ isIn }) => isIn).length)
    this.demandPeak = Math.max(this.demandPeak, this.sessions.length)
  }

  #pass(atMs: number): void {
    const { service } = this.#caps
    const count = this.sessions.filter(({ isIn }) => isIn).length
    if (service > 0 && count >= service) this.fullMs += atMs - this.nowMs
    this.nowMs = atMs
  }
}

function play(caps: Caps, early: readonly Command[], commands: readonly Command[]) {
  const refusals: string[] = []
  const replay = new Replay({
    policy: buildPolicy(policyText(caps)),
    listenOf: ({ id }) => id,
    assumedMs: () => assumedMs,
    retryMs: 0,
    onRefusal: ({ atMs, id, row }) => refusals.push(`${atMs} ${id} ${labelOf(row.limit)}`),
  })
  const oracle = new Oracle(caps)
  const byId = new Map<number, Session>()
  let nowMs = 0
  let lastId = 0
  const newSession = (asked: 25 | 587, from: string): Session => {
    lastId += 1
    return { port: asked, client: from, isIn: false, endMs: Infinity }
  }
  replay.header(header)
  replay.begin(0)
  for (const one of early) {
    if (one.kind !== 'open') continue
    const session = newSession(one.port, one.client)
    byId.set(lastId, session)
    oracle.arrive(lastId, session, true)
    oracle.logIn(lastId, session, 'ann', true)
    const login = { user: 'ann', headers: [], isUnix: false }
    const listen: TraceListen = listens[one.port]
    replay.openAtStart({
      id: lastId,
      listen,
      client: one.client,
      ageMs: 0,
      isAwaitingAddress: false,
      login,
    })
  }
  replay.started()
  for (const one of commands) {
    if (one.kind === 'wait') {
      nowMs += one.ms
      continue
    }
    oracle.moveTo(nowMs)
    if (one.kind === 'open' || one.kind === 'refuse') {
      const session = newSession(one.port, one.client)
      oracle.arrive(lastId, session)
      const listen: TraceListen = listens[one.port]
      if (one.kind === 'open') {
        byId.set(lastId, session)
        replay.opened(nowMs, lastId, listen, one.client)
      } else {
        if (!session.isIn) oracle.inBothCount += 1
        session.endMs = nowMs + assumedMs
        replay.refused({ atMs: nowMs, id: lastId, listen, client: one.client, limit, used: 1 })
      }
      continue
    }
    const known = [...byId]
    const [id, session] = known[one.pick % Math.max(1, known.length)] ?? []
    if (id === undefined || session === undefined) continue
    if (one.kind === 'close') {
      byId.delete(id)
      session.endMs = nowMs
      oracle.moveTo(nowMs)
      replay.closed(nowMs, id)
      continue
    }
    const login = { user: one.user, headers: [], isUnix: false }
    oracle.logIn(id, session, one.user)
    if (one.kind === 'login') {
      replay.authenticated(nowMs, id, login)
      continue
    }
    byId.delete(id)
    if (!session.isIn) oracle.inBothCount += 1
    session.endMs = nowMs + assumedMs
    const where = { listen: listens[session.port], client: session.client }
    replay.refused({ atMs: nowMs, id, ...where, limit, used: 1, login })
  }
  nowMs += 1000
  oracle.moveTo(nowMs)
  replay.ended(nowMs)
  return { replay, oracle, refusals }
}

const cap = fc.nat({ max: 6 })
const caps = fc.record({
  service: cap,
  listen: cap,
  block: cap,
  user: fc.integer({ min: 1, max: 3 }),
})

describe('a replay', () => {
  it('decides, counts and times as the oracle does', () => {
    const early = fc.array(command, { maxLength: 8 })
    const commands = fc.array(command, { maxLength: 120 })
    fc.assert(
      fc.property(caps, early, commands, (limits, before, then) => {
        const { replay, oracle, refusals } = play(limits, before, then)
        expect(refusals).toEqual(oracle.refusals)
        expect(replay.tallies.refusedInBothCount).toBe(oracle.inBothCount)
        const rows = replay.meters.rows()
        const found = rows.find(
          ({ row }) => labelOf(row.limit) === 'service_sessions "ESMTP_Listener"',
        )
        if (oracle.demandPeak === 0 || found === undefined) return
        const { row, group } = found
        expect([group.used.peak, group.demand.peak]).toEqual([oracle.peak, oracle.demandPeak])
        expect(row.totalAtCapMs(replay.endMs)).toBe(oracle.fullMs)
      }),
      { numRuns: 300 },
    )
  })

  it('takes a client that comes again as the same wish, where it is told to', () => {
    const replay = new Replay({
      policy: buildPolicy(policyText({ service: 5, listen: 0, block: 0, user: 1 })),
      listenOf: ({ id }) => id,
      assumedMs: () => 1000,
      retryMs: 60,
    })
    replay.header(header)
    for (const [at, atMs] of [0, 50, 100, 200].entries()) {
      replay.refused({ atMs, id: at + 1, listen: listens[25], client: '192.0.2.1', limit, used: 1 })
    }
    expect([replay.tallies.retryCount, replay.tallies.assumedCount]).toEqual([2, 2])
  })
})
