// What explain says: the limits in their order, why each value won, the answer.

import { describe, expect, it } from 'vitest'
import { createEngine } from '../engine/create-engine.ts'
import { readConfiguration } from './configuration.ts'
import { explainSession } from './explain-report.ts'
import { noGlobals } from './settings.ts'

const text = `ESMTP_Listener {
  Upstream = "127.0.0.1:26"
  Service_Sessions = 3
  Idle_Time = 60
  Peer "10.0.0.0/8" {
    Service_Sessions = 2
    Idle_Time = 300
  }
  Peer "0.0.0.0/0" {
    Service_Sessions = 1
  }
  Listen ":25" {}
  Listen ":587" { Service_Sessions = 2 }
}`

function engineOf(configuration = text) {
  const source = {
    file: 'p.conf',
    text: configuration,
    prefix: '/',
    searchPath: [],
    globals: noGlobals,
  }
  const { policy } = readConfiguration(source)
  if (policy === undefined) throw new Error('the policy of this test is wrong')
  return createEngine({ policy })
}

function reportOf(engine: ReturnType<typeof engineOf>, listen: string, from: string) {
  const explained = explainSession(engine, { listen, from })
  if ('problem' in explained) throw new Error(explained.problem)
  return explained.report
}

describe('an explained session', () => {
  it('says which Peer won and by which rule', () => {
    const report = reportOf(engineOf(), ':25', '10.1.2.3')
    const block = report.limits.find(
      (limit) => limit.option === 'service_sessions' && limit.tier === 'block',
    )
    expect(block).toMatchObject({
      capMax: 2,
      usedCount: 0,
      scope: 'ESMTP_Listener Peer 10.0.0.0/8',
      origin: { file: 'p.conf', line: 6 },
      because: ['Peer 10.0.0.0/8 beats Peer 0.0.0.0/0: longer prefix'],
    })
  })

  it('says that the Listen beats the Listener', () => {
    const report = reportOf(engineOf(), ':587', '192.0.2.1')
    const shared = report.limits.find(
      (limit) => limit.option === 'service_sessions' && limit.tier === 'shared',
    )
    expect(shared?.because).toEqual([
      'ESMTP_Listener Listen *:587 beats ESMTP_Listener: inner scope',
    ])
  })

  it('is refused with the words the client reads, by the limit it names', () => {
    const engine = engineOf()
    engine.open({ listenId: '*:25', remote: '192.0.2.1' })
    const report = reportOf(engine, '*:25', '192.0.2.2')
    expect(report.answer).toBe('refuse')
    expect(report.reply).toBe('421 4.4.5 Service unavailable, concurrency limit reached.')
    expect(report.limits[report.decidedBy ?? -1]).toMatchObject({ tier: 'block', usedCount: 1 })
  })

  it('tells an option that is set from one that is not', () => {
    const { options } = reportOf(engineOf(), ':25', '10.1.2.3')
    expect(options.find((option) => option.option === 'idle')).toMatchObject({
      value: { ms: 300_000 },
      scope: 'ESMTP_Listener Peer 10.0.0.0/8',
      origin: { line: 7 },
    })
    const backlog = options.find((option) => option.option === 'listenBacklog')
    expect(backlog).toEqual({ option: 'listenBacklog', value: 500, because: [] })
  })

  it('counts nothing', () => {
    const engine = engineOf()
    reportOf(engine, ':25', '10.1.2.3')
    expect(engine.snapshot()).toMatchObject({ sessionsActive: 0, admittedTotal: 0 })
  })

  it('finds the only Listen of a port, and the one for all addresses', () => {
    expect(reportOf(engineOf(), '192.0.2.1:587', '10.1.2.3').listen).toBe('*:587')
    const source = {
      file: 'p.conf',
      text: 'ESMTP_Listener { Listen "127.0.0.1:25" {} Listen "127.0.0.2:26" {} Listen "127.0.0.3:26" {} }',
      prefix: '/',
      searchPath: [],
      globals: noGlobals,
    }
    const { policy } = readConfiguration(source)
    if (policy === undefined) throw new Error('the policy of this test is wrong')
    const engine = createEngine({ policy })
    expect(reportOf(engine, ':25', '10.1.2.3').listen).toBe('127.0.0.1:25')
    expect(reportOf(engine, '25', '10.1.2.3').listen).toBe('127.0.0.1:25')
    expect(explainSession(engine, { listen: ':26', from: '10.1.2.3' })).toHaveProperty('problem')
    expect(explainSession(engine, { listen: '127.0.0.9:25', from: '10.1.2.3' })).toHaveProperty(
      'problem',
    )
  })

  it('knows neither a Listen that is not there nor a word as address', () => {
    const engine = engineOf()
    expect(explainSession(engine, { listen: ':586', from: '10.1.2.3' })).toEqual({
      problem: 'The policy has no Listen :586. Did you mean *:587?',
    })
    expect(explainSession(engine, { listen: ':25', from: 'localhost' })).toEqual({
      problem: '"localhost" is not an IP address.',
    })
  })

  it('names the limits that it would meet after its login, without a count', () => {
    const report = reportOf(
      engineOf(`Limit_Conn_Zone "users" { Key = "$remote_user" Size = "32k" }
IMAP_Listener {
  Auth_HTTP = "http://127.0.0.1/"
  Limit_Conn "users" { Sessions = 5 Dry_Run = true }
  Listen ":143" { Peer "10.0.0.0/8" { Auth_HTTP = none Upstream = "127.0.0.1:26" } }
}`),
      ':143',
      '192.0.2.1',
    )
    expect(report.afterLogin).toEqual([
      {
        zone: 'users',
        key: '$remote_user',
        capMax: 5,
        isDryRun: true,
        scope: 'IMAP_Listener',
        origin: expect.objectContaining({ file: 'p.conf', line: 4 }),
      },
    ])
    expect(reportOf(engineOf(), ':25', '192.0.2.1')).not.toHaveProperty('afterLogin')
  })
})
