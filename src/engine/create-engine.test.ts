import { describe, expect, it } from 'vitest'
import { buildPolicy } from '../../test/kit/policy.ts'
import type { PolicyText } from '../../test/kit/policy.ts'
import { createEngine } from './create-engine.ts'
import type { Engine } from './engine.ts'
import type { EngineEvent } from './events.ts'
import type { EngineSession } from './session.ts'

const seed: PolicyText = {
  smtp: {
    ss: 5,
    peers: { '10.0.0.0/8': { ss: 4 }, '0.0.0.0/0': { ss: 2 } },
    listens: { ':25': {}, ':587': {} },
  },
}

function open(engine: Engine, remote: string, listenId = '*:25'): EngineSession | string {
  const verdict = engine.open({ listenId, remote })
  if (verdict.kind !== 'refuse') return verdict.session
  const { limit, usedCount } = verdict.decidedBy
  return `${limit.option} "${limit.scope}" (${usedCount}/${limit.capMax})`
}

function admitted(engine: Engine, remote: string, listenId = '*:25'): EngineSession {
  const session = open(engine, remote, listenId)
  if (typeof session === 'string') throw new Error(session)
  return session
}

function openIds(engine: Engine): Set<number> {
  return new Set([...engine.sessions()].map((session) => session.id))
}

describe('an engine', () => {
  it('keeps the outer value as a ceiling over all blocks', () => {
    const engine = createEngine({ policy: buildPolicy(seed) })
    for (const last of [1, 2, 3]) admitted(engine, `10.0.0.${last}`)
    for (const last of [1, 2]) admitted(engine, `192.0.2.${last}`)
    expect(open(engine, '10.0.0.9')).toBe('service_sessions "ESMTP_Listener" (5/5)')
    expect(open(engine, '192.0.2.9')).toBe('service_sessions "ESMTP_Listener Peer 0.0.0.0/0" (2/2)')
  })

  it('gives back every slot once, however often a session is closed', () => {
    const engine = createEngine({ policy: buildPolicy(seed) })
    const sessions = [1, 2].map((last) => admitted(engine, `192.0.2.${last}`))
    for (const session of [...sessions, ...sessions]) engine.close(session)
    expect(engine.snapshot().budgets).toEqual([])
    expect(engine.snapshot().sessionsActive).toBe(0)
  })

  it('counts sessions in their service, Listen and block where no cap stands', () => {
    const engine = createEngine({
      policy: buildPolicy({ smtp: { peers: { '10.0.0.0/8': { it: 5 } }, listens: { ':25': {} } } }),
    })
    admitted(engine, '10.1.1.1')
    expect(engine.snapshot().budgets.map(({ key, usedCount }) => [key, usedCount])).toEqual([
      ['listener_sessions of ESMTP_Listener Peer 10.0.0.0/8 on *:25', 1],
      ['service_sessions of ESMTP_Listener Peer 10.0.0.0/8', 1],
      ['listen *:25', 1],
      ['service smtp', 1],
    ])
  })

  it('maps an IPv4-mapped address to IPv4 and a Unix-socket client to 127.0.0.1', () => {
    const policy = buildPolicy({
      smtp: {
        peers: { '10.0.0.0/8': { ss: 1 }, '127.0.0.0/8': { ss: 1 } },
        listens: { ':25': {}, '/run/s.sock': {} },
      },
    })
    const engine = createEngine({ policy })
    admitted(engine, '::ffff:10.0.0.1')
    expect(open(engine, '10.0.0.2')).toContain('10.0.0.0/8')
    admitted(engine, 'unix', '/run/s.sock')
    expect(open(engine, '127.0.0.1')).toContain('127.0.0.0/8')
  })

  it('holds only shared slots until the PROXY header names the address', () => {
    const policy = buildPolicy({
      smtp: { ss: 2, peers: { '10.0.0.0/8': { ss: 1 } }, listens: { ':25': { proxy: true } } },
    })
    const engine = createEngine({ policy })
    const first = admitted(engine, '10.9.9.9')
    expect(first.isAwaitingAddress).toBe(true)
    const second = admitted(engine, '10.9.9.9')
    expect(open(engine, '10.9.9.9')).toBe('service_sessions "ESMTP_Listener" (2/2)')
    expect(engine.adopt(first, '10.0.0.1').kind).toBe('admit')
    expect(engine.adopt(second, '10.0.0.2').kind).toBe('refuse')
    expect(second.slots).toEqual([])
    engine.close(second)
    engine.close(first)
    expect(engine.snapshot().budgets).toEqual([])
  })

  it('counts dry-run excess, reports it, and never refuses for it', () => {
    const events: EngineEvent[] = []
    const policy = buildPolicy({ smtp: { ls: 1, lsDry: true, ss: 3, listens: { ':25': {} } } })
    const engine = createEngine({ policy, onEvent: (event) => events.push(event) })
    for (let i = 0; i < 3; i += 1) admitted(engine, '192.0.2.1')
    expect(open(engine, '192.0.2.1')).toBe('service_sessions "ESMTP_Listener" (3/3)')
    const dry = events.filter((event) => event.kind === 'dry_run_exceeded')
    expect(dry.map((event) => event.finding.usedCount)).toEqual([1, 2])
  })

  it('sees the sessions already open when a reload adds or lowers a cap, and closes none', () => {
    const engine = createEngine({ policy: buildPolicy({ smtp: { listens: { ':25': {} } } }) })
    const sessions = [1, 2, 3].map(() => admitted(engine, '192.0.2.1'))
    engine.replacePolicy(buildPolicy({ smtp: { ss: 2, listens: { ':25': {} } } }))
    expect(engine.revision).toBe(2)
    expect(open(engine, '192.0.2.1')).toBe('service_sessions "ESMTP_Listener" (3/2)')
    for (const session of sessions.slice(0, 2)) engine.close(session)
    admitted(engine, '192.0.2.1')
    expect(engine.audit(openIds(engine)).drift).toBe(0)
  })

  it('keeps counting the sessions of a Listen that a reload removed', () => {
    const engine = createEngine({ policy: buildPolicy(seed) })
    const gone = admitted(engine, '10.0.0.1', '*:587')
    const one = { smtp: { ss: 1, listens: { ':25': {} } } }
    engine.replacePolicy(buildPolicy(one))
    expect(open(engine, '10.0.0.1')).toBe('service_sessions "ESMTP_Listener" (1/1)')
    engine.close(gone)
    admitted(engine, '10.0.0.1')
  })

  it('survives a reload that removes a whole service with open sessions, and its return', () => {
    const both: PolicyText = {
      smtp: { listens: { ':25': {} } },
      ecstream: { ss: 1, listens: { ':1825': {} } },
    }
    const engine = createEngine({ policy: buildPolicy(both) })
    const session = admitted(engine, '10.0.0.1', '*:1825')
    engine.replacePolicy(buildPolicy({ smtp: { listens: { ':25': {} } } }))
    expect(engine.audit(openIds(engine)).drift).toBe(0)
    engine.replacePolicy(buildPolicy(both))
    expect(open(engine, '10.0.0.2', '*:1825')).toBe('service_sessions "ECStream_Listener" (1/1)')
    engine.close(session)
    expect(engine.snapshot().budgets).toEqual([])
  })

  it('explains without counting', () => {
    const engine = createEngine({ policy: buildPolicy(seed) })
    admitted(engine, '192.0.2.1')
    admitted(engine, '192.0.2.2')
    const explained = engine.explain({ listenId: '*:25', remote: '192.0.2.3' })
    expect(explained?.wouldAdmit).toBe(false)
    expect(engine.explain({ listenId: '*:25', remote: '10.0.0.1' })?.wouldAdmit).toBe(true)
    expect(engine.explain({ listenId: '*:99', remote: '10.0.0.1' })).toBeUndefined()
    expect(engine.snapshot().sessionsActive).toBe(2)
  })

  it('reports a session whose socket is gone, a socket it does not know, and the drift', () => {
    const engine = createEngine({ policy: buildPolicy(seed) })
    const leaked = admitted(engine, '10.0.0.1')
    expect(engine.audit(new Set([leaked.id]))).toEqual({ drift: 0, leakedIds: [], unknownIds: [] })
    const report = engine.audit(new Set([77]))
    expect(report).toEqual({ drift: 4, leakedIds: [leaked.id], unknownIds: [77] })
  })
})
