// Record and replay as an operator uses them: a real gate under a rush of real clients.

import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ReplayReport } from '../../src/replay/report.ts'
import type { Client } from './kit/client.ts'
import { Gate } from './kit/gate.ts'
import { LoginGate, password } from './kit/login-gate.ts'
import { Program, runProgram } from './kit/process.ts'
import { until } from './kit/until.ts'

/** Records a gate until the function that comes back is called, which answers the trace's path. */
async function record(
  gate: Gate,
  ...flags: readonly string[]
): Promise<() => Promise<{ readonly trace: string; readonly stderr: string }>> {
  const trace = gate.place.path('trace.gz')
  const source = ['-c', 'postern.conf', '-p', gate.place.directory]
  const recorder = new Program(['record', trace, ...source, ...flags], { cwd: '/' })
  onTestFinished(() => recorder.signal('SIGKILL'))
  await until('the recorder', () => recorder.stderr.includes('recording to'))
  return async () => {
    expect(await recorder.stop('SIGINT')).toEqual({ code: 0, signal: null })
    return { trace, stderr: recorder.stderr }
  }
}

async function replay(...args: readonly string[]): Promise<ReplayReport> {
  const { code, stdout, stderr } = await runProgram(['replay', ...args, '--json'], { cwd: '/' })
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

/**
 * Refusals of both stages: more clients than the service takes, more logins than a user may have. One
 * session is open all the while.
 */
async function rush(login: LoginGate, rounds: number): Promise<void> {
  const users = ['ann', 'bob', 'cid']
  for (let round = 0; round < rounds; round += 1) {
    const clients: Client[] = []
    for (let number = 0; number < 14; number += 1) {
      const client = login.gate.connect(`A@143`)
      clients.push(client)
      const user = users[(number + round) % users.length]
      client.send(`t1 LOGIN ${user} ${password}\r\n`)
    }
    await until('an answer for everybody', () =>
      clients.every(({ text, isClosed }) => isClosed || text.includes('t1 ')),
    )
    // Half of them leave before the next ones come, the rest while they do.
    for (const client of clients.slice(round % 2 === 0 ? 0 : 7)) client.reset()
    if (round % 2 === 0) await login.gate.counts(1)
    for (const client of clients) client.reset()
  }
  await login.gate.counts(1)
}

const zone = 'Limit_Conn_Zone "user" { Key = "$remote_user" Size = "1m" }'
const caps = (service: number, user: number): string =>
  `Service_Sessions = ${service} Limit_Conn "user" { Sessions = ${user} }`

describe.each([1, 2])('a record of a gate with %i workers', (workers) => {
  it('replays to exactly the refusals it has, at both stages', async () => {
    const login = await LoginGate.start({
      global: `Workers = ${workers} ${zone}`,
      all: caps(10, 2),
    })
    const { gate } = login
    // Some are there when the record begins.
    const early = await login.admits('imap', 'ann')
    const end = await record(gate)
    await rush(login, 6)
    await early.close()
    await gate.counts(0)
    const { refusedTotal } = await gate.status()
    const { trace } = await end()
    const config = gate.place.path('postern.conf')
    const same = await replay(trace, '--policy', config)
    expect(same.totals).toEqual({
      refusedInRecord: refusedTotal,
      refused: refusedTotal,
      refusedInBoth: refusedTotal,
      newlyRefused: 0,
      newlyAdmitted: 0,
    })
    expect(same.trace).toMatchObject({ openAtStart: 1, lost: 0 })
    for (const one of same.refusals) expect(one.recorded).toBe(one.limit)
    const refusedAt = (stage: string): number =>
      same.limits.reduce((sum, one) => sum + (one.stage === stage ? one.refused : 0), 0)
    expect(refusedAt('connect')).toBeGreaterThan(0)
    expect(refusedAt('authenticated')).toBeGreaterThan(0)
    expect(same.notes.filter(({ severity }) => severity === 'warning')).toEqual([])

    // With the caps that the advice names, nobody is refused any more.
    const demand = (limit: string): number =>
      same.advice.find((one) => one.limit.startsWith(limit))?.suggestedCap ?? 0
    const larger = gate.place.path('larger.conf')
    const wider = caps(demand('service_sessions "IMAP'), demand('limit_conn'))
    writeFileSync(larger, readFileSync(config, 'utf8').replaceAll(caps(10, 2), wider))
    const after = await replay(trace, '--policy', larger)
    expect(after.totals).toMatchObject({ refused: 0, newlyAdmitted: refusedTotal })
  })
})

describe('a record', () => {
  it('of sessions with a PROXY header holds the budgets they wait with', async () => {
    const config = 'Workers = 2 E{SS=3 Proxy_Protocol=true Peer "10.0.0.0/8" {SS=1} Listen ":25"{}}'
    const gate = await Gate.start({ config, proxy: 'v1' })
    const end = await record(gate)
    // One that says nothing waits, and holds a slot of the service.
    const silent = gate.connect('A@25', { first: '' })
    await gate.counts(1)
    const answers: boolean[] = []
    for (const from of ['10.1.1.1', '10.1.1.2', '192.0.2.1', '192.0.2.2']) {
      answers.push(await gate.connect(`${from}@25`).isAdmitted())
    }
    expect(answers).toEqual([true, false, true, false])
    silent.reset()
    await gate.counts(2)
    const { trace } = await end()
    const { totals } = await replay(trace, '--policy', gate.place.path('postern.conf'))
    expect(totals).toMatchObject({ refusedInRecord: 2, refused: 2, refusedInBoth: 2 })
  })

  it('goes on when the gate starts anew, and in files that each stand alone', async () => {
    const config = `Workers = 2 E{SS=2 Listen ":25"{}}`
    const gate = await Gate.start({ config, expectsAlerts: true })
    const end = await record(gate)
    await gate.play('A@25 x2 ok, A@25 421')
    process.kill(await gate.servingPid(), 'SIGKILL')
    await gate.logs(/serves again/)
    await gate.play('A@25 x2 ok, A@25 421')
    const { trace } = await end()
    const { totals } = await replay(trace, '--policy', gate.place.path('postern.conf'))
    // What a host had in hand when it was killed, a tenth of a second, nobody can tell any more.
    const { refusedInRecord: count } = totals
    expect([1, 2]).toContain(count)
    expect(totals).toMatchObject({ refused: count, refusedInBoth: count })
  })

  it('with --hash has no address and no user in it, and counts the same', async () => {
    const login = await LoginGate.start({ global: zone, all: caps(10, 1) })
    const end = await record(login.gate, '--hash', '--keep-bits', '8/32')
    const held = await login.admits('imap', 'ann@example.org')
    await login.refuses('imap', 'ann@example.org')
    await held.close()
    await login.gate.counts(0)
    const { trace } = await end()
    const plain = await runProgram(
      ['replay', trace, '--policy', login.gate.place.path('postern.conf'), '--json'],
      { cwd: '/' },
    )
    expect(plain.stdout).not.toMatch(/ann|example|127\.0\.0\./)
    const report: ReplayReport = JSON.parse(plain.stdout)
    expect(report.totals).toMatchObject({ refusedInRecord: 1, refusedInBoth: 1, refused: 1 })
    expect(report.refusals[0]?.user).toMatch(/^[0-9a-f]{16}@[0-9a-f]{16}$/)
  })

  it('says that no daemon runs, or that the file cannot be written', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    const away = await gate.runs('record', '/nowhere/trace.gz')
    expect([away.code, away.stderr]).toEqual([1, expect.stringContaining('ENOENT')])
    gate.place.writeText(
      'other.conf',
      'PIDFile = "other.pid" ESMTP_Listener { Upstream = "127.0.0.1:1" Listen ":25" {} }',
    )
    const source = ['-c', 'other.conf', '-p', gate.place.directory]
    const none = await runProgram(['record', gate.place.path('t'), ...source], { cwd: '/' })
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('is the daemon running?')])
  })
})
