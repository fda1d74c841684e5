// Several workers, as an operator meets them: reload, quit, logs, questions, limits after a login.

import { existsSync, readFileSync, renameSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Gate } from './kit/gate.ts'
import { afterGreeting, internalErrors, LoginGate } from './kit/login-gate.ts'
import { runProgram } from './kit/process.ts'
import { until } from './kit/until.ts'

/** Enough clients that each of two workers gets some, but for one chance in a million. */
const many = 20

function workersOf(log: string): Set<string> {
  const lines = log.matchAll(/#(\d+): \*\d+ client \S+ connected/g)
  return new Set(Array.from(lines, ([, worker = '']) => worker))
}

describe('a gate with two workers', () => {
  it('reloads as one: sessions stay, new caps count them, Listens come and go', async () => {
    const gate = await Gate.start({
      config: `Workers = 2 E{SS=50 Listen ":25"{} Listen ":587"{}}`,
    })
    await gate.play(`A@25 x${many} ok`)
    expect(workersOf(gate.log)).toEqual(new Set(['1', '2']))
    await gate.reload(`Workers = 2 E{SS=${many + 1} Listen ":25"{} Listen ":2525"{}}`)
    await gate.play('A@2525 ok, A@25 421')
    expect((await gate.status()).bound).toHaveLength(2)
    await gate.logs(/retired \*:\d+/)
    await gate.reload(`Workers = 2 E{SS=3 Listen ":25"{} Listen ":2525"{}}`)
    await gate.play('A@25 421')
    await gate.holds(many + 1)
    await gate.reload(`Workers = 2 E{SS=${many + 3} Listen ":25"{} Listen ":2525"{}}`)
    await gate.play('A@25 x2 ok, A@2525 421')
    await gate.auditsClean()
  })

  it('keeps the old policy in all workers when one part of the new one fails', async () => {
    const gate = await Gate.start({ config: `Workers = 2 E{SS=2 Listen ":25"{}}` })
    await gate.play('A@25 ok')
    const config = `Workers = 2 E{SS=9 Use_SSL = true TLS_Certificate = "{dir}/none.pem"
      TLS_Key = "{dir}/none.pem" Listen ":25"{}}`
    await gate.place.writeConfig('postern.conf', `PIDFile = "{dir}/postern.pid"\n${config}`)
    gate.program.signal('SIGHUP')
    await gate.logs(/reload failed, revision 1 stays in force/)
    await gate.play('A@25 ok, A@25 421')
    expect((await gate.status()).revision).toBe(1)
  })

  it('binds an address that a Listen it retires was in the way of, or leaves all as it was', async () => {
    const config = (listen: string, more = ''): string =>
      `Workers = 2 E{SS=3 ${more} Listen "${listen}:25"{} Listen "127.0.0.1:587"{}}`
    const gate = await Gate.start({ config: config('') })
    const clients = await gate.play('A@25 ok')
    await gate.reload(config('127.0.0.1'))
    expect((await gate.status()).bound.join(' ')).toMatch(/^127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+$/)
    clients.push(...(await gate.play('A@25 ok')))
    await gate.reload(config(''))
    clients.push(...(await gate.play('A@25 ok, A@25 421')))
    // It fails after the room was made: the certificate is looked for by the workers.
    const broken = 'Use_SSL = true TLS_Certificate = "{dir}/none.pem" TLS_Key = "{dir}/none.pem"'
    const text = `PIDFile = "{dir}/postern.pid"\n${config('127.0.0.1', broken)}`
    await gate.place.writeConfig('postern.conf', text)
    gate.program.signal('SIGHUP')
    await gate.logs(/reload failed, revision 3 stays in force/)
    await gate.play('A@25 421, A@587 421')
    expect((await gate.status()).bound.join(' ')).toMatch(/^\*:\d+ |\*:\d+$/)
    for (const client of clients) await client.close()
    // Nor is a descriptor left over that was given for what did not come.
    await gate.isEmpty()
  })

  it('reloads in a burst while clients come, and stays exact', async () => {
    const config = (cap: number): string => `Workers = 2 E{SS=${cap} Listen ":25"{}}`
    const gate = await Gate.start({ config: config(7) })
    for (let round = 0; round < 15; round += 1) {
      const clients = Array.from({ length: 30 }, () => gate.connect('A@25'))
      gate.program.signal('SIGHUP')
      const answers = await Promise.all(clients.map((client) => client.isAdmitted()))
      expect(answers.filter(Boolean)).toHaveLength(7)
      for (const client of clients) client.reset()
      await gate.counts(0)
    }
    await gate.auditsClean()
  })

  it('finishes the sessions of all workers after QUIT, and takes no new ones', async () => {
    const gate = await Gate.start({ config: `Workers = 2 E{SS=50 Listen ":25"{}}` })
    const clients = await gate.play(`A@25 x${many} ok`)
    const pid = await gate.servingPid()
    gate.program.signal('SIGQUIT')
    await until('nobody listens', async () => {
      const late = gate.connect('A@25')
      await until('an answer', () => late.isClosed || late.isConnected)
      const isRefused = late.error?.code === 'ECONNREFUSED'
      late.reset()
      return isRefused
    })
    await gate.holds(many)
    for (const client of clients.slice(1)) await client.close()
    expect(gate.program.exit).toBeUndefined()
    await clients[0]?.close()
    expect(await gate.program.ended()).toEqual({ code: 0, signal: null })
    expect(existsSync(`/proc/${pid}`)).toBe(false)
  })

  it('opens the logs of all workers anew', async () => {
    const gate = await Gate.start({
      config: `Workers = 2 E{SS=50 Listen ":25"{}}`,
      errorLog: '{dir}/error.log info',
    })
    await gate.play(`A@25 x${many} ok`)
    renameSync(gate.place.path('error.log'), gate.place.path('error.log.1'))
    gate.program.signal('SIGUSR1')
    await until('a new log', () => existsSync(gate.place.path('error.log')))
    // The workers get the word a moment after the master.
    await until('lines of both workers in it', async () => {
      const client = await gate.admits('A@25')
      client.reset()
      return workersOf(readFileSync(gate.place.path('error.log'), 'utf8')).size === 2
    })
  })

  it('answers for all workers together', async () => {
    const gate = await Gate.start({ config: `Workers = 2 E{SS=21 Listen ":25"{}}` })
    await gate.play(`A@25 x${many} ok`)
    const { stdout } = await gate.runs('sessions')
    expect(stdout.match(/^\*\d+ /gm)).toHaveLength(many)
    expect(await gate.limitsOf('A@25')).toContainEqual(
      expect.objectContaining({ option: 'service_sessions', usedCount: many, capMax: 21 }),
    )
    const status = await gate.runs('status')
    expect(status.stdout).toMatch(/^workers +2 of 2 running, 0 restarts, in process \d+$/m)
    expect(status.stdout).toMatch(new RegExp(`^sessions +${many} open, ${many} admitted`, 'm'))
  })

  it('listens on Unix sockets, and takes them away at the end', async () => {
    const config = (mode: string): string =>
      `Workers = 2 E{SS=2 Listen ":25"{} Listen "/run/s.sock"{ File_Mode = ${mode} }}`
    const gate = await Gate.start({ config: config('0600') })
    await gate.play('unix x2 ok, A@25 421')
    const path = gate.place.path('s.sock')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await gate.reload(config('0660'))
    expect(statSync(path).mode & 0o777).toBe(0o660)
    await gate.stop()
    expect(existsSync(path)).toBe(false)
  })

  it('does not start where the port is taken, and says who to look for', async () => {
    const other = await Gate.start({ config: `E{Listen ":25"{}}` })
    const port = other.place.ports[0] ?? 0
    await other.place.writeConfig(
      'second.conf',
      `PIDFile = "{dir}/second.pid" Workers = 2 E{Listen ":25"{}}`,
    )
    const { directory } = other.place
    const args = ['-c', 'second.conf', '-p', directory]
    const { code, stderr } = await runProgram(args, { cwd: directory })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      new RegExp(`bind\\(\\) to \\*:${port} failed \\(98: Address already in use\\); find who`),
    )
  })

  it('counts logins over both, and an exhausted zone refuses new users alone', async () => {
    const login = await LoginGate.start({
      global: 'Workers = 2 Limit_Conn_Zone "user" { Key = "$remote_user" Size = "32k" }',
      all: 'Limit_Conn "user" { Sessions = 3 }',
    })
    for (let time = 0; time < 3; time += 1) await login.admits('imap', 'u')
    for (let time = 0; time < 4; time += 1) await login.refuses('pop3', 'u')
    // A state for such a name takes 512 bytes, the one of `u` 64: so 63 of them fit.
    const nameOf = (at: number): string => `${'n'.repeat(230)}${at}`
    const held = []
    for (let at = 0; at < 63; at += 1) held.push(await login.admits('imap', nameOf(at)))
    const late = await login.tries('imap', nameOf(63))
    await late.over()
    expect(afterGreeting('imap', late)).toBe(internalErrors.imap)
    await login.gate.logs(/\[crit\].*no memory in limit_conn_zone "user"/)
    await login.admits('imap', nameOf(0))
    await held[1]?.close()
    await login.gate.holds(3 + 63)
    await login.admits('imap', nameOf(63))
    expect(workersOf(login.gate.log)).toEqual(new Set(['1', '2']))
    await login.gate.auditsClean()
  })
})
