// The stage after authentication: limits by user, address and what the auth server says.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildPolicy } from '../../test/kit/policy.ts'
import type { PolicyText } from '../../test/kit/policy.ts'
import type { AuthFacts } from './auth-facts.ts'
import { createEngine } from './create-engine.ts'
import type { Engine } from './engine.ts'
import type { EngineEvent } from './events.ts'
import type { EngineSession } from './session.ts'

const perUser: PolicyText = {
  zones: { user: '$remote_user', domain: '$auth_http_domain', addr: '$remote_addr' },
  smtp: { limits: { user: 2, domain: 3 }, listens: { ':25': {}, ':587': { limits: { user: 1 } } } },
}

function facts(
  user: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): AuthFacts {
  const authHeaders = Object.entries(headers).map(([name, value]) => ({ name, value }))
  return { isUnix: false, authHeaders, ...(user === undefined ? {} : { user }) }
}

function connect(engine: Engine, remote = '192.0.2.1', listenId = '*:25'): EngineSession {
  const verdict = engine.open({ listenId, remote })
  if (verdict.kind === 'refuse') throw new Error('refused at connect')
  return verdict.session
}

/** The session when it was admitted, or the zone that refused it. */
function logIn(engine: Engine, who: AuthFacts, listenId = '*:25'): EngineSession | string {
  const verdict = engine.authenticate(connect(engine, '192.0.2.1', listenId), who)
  return verdict.kind === 'refuse' ? verdict.decidedBy.limit.zone : verdict.session
}

function admitted(engine: Engine, who: AuthFacts, listenId?: string): EngineSession {
  const session = logIn(engine, who, listenId)
  if (typeof session === 'string') throw new Error(`refused by ${session}`)
  return session
}

function counts(engine: Engine, zone: string): Record<string, number> {
  const budgets = engine.snapshot().budgets.filter((budget) => budget.zone === zone)
  return Object.fromEntries(budgets.map(({ key, usedCount }) => [key, usedCount]))
}

describe('authenticating a session', () => {
  it('admits as many of a user as the cap says, over all listens that share the zone', () => {
    const engine = createEngine({ policy: buildPolicy(perUser) })
    const first = admitted(engine, facts('bob'))
    admitted(engine, facts('eve'))
    expect(logIn(engine, facts('bob'), '*:587')).toBe('user')
    admitted(engine, facts('bob'))
    expect(logIn(engine, facts('bob'))).toBe('user')
    engine.close(first)
    admitted(engine, facts('bob'))
  })

  it('takes the limits in order, all or none', () => {
    const engine = createEngine({ policy: buildPolicy(perUser) })
    for (const user of ['a', 'b', 'c']) admitted(engine, facts(user, { Domain: 'full' }))
    expect(logIn(engine, facts('d', { Domain: 'full' }))).toBe('domain')
    expect(counts(engine, 'user')).toEqual({ a: 1, b: 1, c: 1 })
    admitted(engine, facts('d', { Domain: 'other' }))
  })

  it('leaves nothing of a refused session, not even the slot of its connection', () => {
    const events: EngineEvent[] = []
    const policy = buildPolicy({
      ...perUser,
      smtp: { ss: 9, limits: { user: 1 }, listens: { ':25': {} } },
    })
    const engine = createEngine({ policy, onEvent: (event) => events.push(event) })
    admitted(engine, facts('bob'))
    expect(logIn(engine, facts('bob'))).toBe('user')
    expect(counts(engine, 'connect')).toEqual({ 'listen *:25': 1, 'service smtp': 1 })
    expect(events.at(-1)).toMatchObject({
      kind: 'session_refused',
      login: 'bob',
      verdict: { stage: 'authenticated', reason: 'full' },
    })
    expect(engine.audit(new Set([1])).drift).toBe(0)
  })

  it('does not count an empty key, and counts a long one under its digest', () => {
    const engine = createEngine({ policy: buildPolicy(perUser) })
    for (let i = 0; i < 5; i += 1) admitted(engine, facts(undefined))
    expect(counts(engine, 'user')).toEqual({})
    const long = 'u'.repeat(300)
    admitted(engine, facts(long))
    admitted(engine, facts(long))
    expect(logIn(engine, facts(long))).toBe('user')
    expect(Object.keys(counts(engine, 'user'))[0]?.length).toBeLessThan(100)
  })

  it('keeps logins apart that are not UTF-8', () => {
    const engine = createEngine({ policy: buildPolicy(perUser) })
    for (const byte of [0xe4, 0xe4, 0xf6, 0xf6]) {
      admitted(engine, { isUnix: false, user: Buffer.from([0x62, byte]), authHeaders: [] })
    }
    expect(Object.values(counts(engine, 'user'))).toEqual([2, 2])
  })

  it('counts the excess of a dry-run limit and goes on to the next (S18)', () => {
    const events: EngineEvent[] = []
    const policy = buildPolicy({
      zones: { user: '$remote_user', addr: '$remote_addr' },
      smtp: { limits: { user: -1, addr: 3 }, listens: { ':25': {} } },
    })
    const engine = createEngine({ policy, onEvent: (event) => events.push(event) })
    for (let i = 0; i < 3; i += 1) admitted(engine, facts('bob'))
    expect(logIn(engine, facts('bob'))).toBe('addr')
    expect(counts(engine, 'user')).toEqual({ bob: 3 })
    expect(events.filter((event) => event.kind === 'dry_run_exceeded')).toHaveLength(2)
  })

  it('refuses new keys only when a zone is exhausted', () => {
    const policy = buildPolicy({ ...perUser, zoneBytes: 128 })
    const engine = createEngine({ policy })
    const first = admitted(engine, facts('a'))
    admitted(engine, facts('b'))
    const verdict = engine.authenticate(connect(engine), facts('c'))
    expect(verdict).toMatchObject({ kind: 'refuse', reason: 'exhausted' })
    admitted(engine, facts('b'))
    engine.close(first)
    admitted(engine, facts('c'))
  })

  it('loses no count when a reload changes the size or the key of a zone (S19)', () => {
    const engine = createEngine({ policy: buildPolicy(perUser) })
    admitted(engine, facts('bob', { Domain: 'x' }))
    admitted(engine, facts('eve', { Domain: 'x' }))
    engine.replacePolicy(
      buildPolicy({
        zones: { user: '$auth_http_domain' },
        zoneBytes: 65_536,
        smtp: { limits: { user: 2 }, listens: { ':25': {} } },
      }),
    )
    expect(counts(engine, 'user')).toEqual({ x: 2 })
    expect(logIn(engine, facts('joe', { Domain: 'x' }))).toBe('user')
    admitted(engine, facts('joe', { Domain: 'y' }))
  })

  it('sees sessions that logged in before there was a limit', () => {
    const engine = createEngine({ policy: buildPolicy({ smtp: { listens: { ':25': {} } } }) })
    admitted(engine, facts('bob'))
    engine.replacePolicy(
      buildPolicy({
        zones: { user: '$remote_user' },
        smtp: { limits: { user: 1 }, listens: { ':25': {} } },
      }),
    )
    expect(logIn(engine, facts('bob'))).toBe('user')
  })
})

describe('10,000 logins at random, three sessions a user', () => {
  it('never let a fourth in, and leave nothing behind', () => {
    const policy = buildPolicy({
      zones: { user: '$remote_user' },
      smtp: { limits: { user: 3 }, listens: { ':25': {} } },
    })
    const engine = createEngine({ policy })
    const open = new Map<string, EngineSession[]>()
    const steps = fc.sample(fc.record({ user: fc.nat({ max: 199 }), leaves: fc.boolean() }), {
      numRuns: 10_000,
      seed: 3,
    })
    for (const { user, leaves } of steps) {
      const name = `user${user}`
      const held = open.get(name) ?? []
      open.set(name, held)
      const session = logIn(engine, facts(name))
      expect(typeof session === 'string').toBe(held.length === 3)
      if (typeof session !== 'string') held.push(session)
      const last = leaves ? held.shift() : undefined
      if (last !== undefined) engine.close(last)
    }
    const ids = new Set([...open.values()].flat().map((session) => session.id))
    expect(engine.audit(ids)).toEqual({ drift: 0, leakedIds: [], unknownIds: [] })
    for (const session of [...open.values()].flat()) engine.close(session)
    expect(engine.snapshot().budgets).toEqual([])
  })
})
