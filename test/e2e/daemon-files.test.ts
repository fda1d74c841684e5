// The files of the running daemon: pid file, logs named on the command line, control socket.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tryConnect } from './kit/client.ts'
import { askRaw } from './kit/control.ts'
import { Gate } from './kit/gate.ts'
import { Place } from './kit/place.ts'
import { Program, runProgram } from './kit/process.ts'
import { until } from './kit/until.ts'

describe('the pid file', () => {
  it('holds the pid that takes the signals', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    expect(readFileSync(gate.pidFile, 'utf8')).toBe(`${gate.pid}\n`)
  })

  it('is not written when a listener cannot be bound, and the daemon exits with 1', async () => {
    const gate = await Gate.start({ config: 'E{Listen "127.0.0.1:25"{}}' })
    const text = readFileSync(gate.place.path('postern.conf'), 'utf8')
    gate.place.writeText('other.conf', text.replace('postern.pid', 'other.pid'))
    const { code, stderr } = await runProgram(['-c', 'other.conf', '-p', gate.place.directory], {
      cwd: '/',
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/\[emerg\] .*bind\(\) to 127\.0\.0\.1:\d+ failed \(98: [^)]+\)/)
    expect(existsSync(gate.place.path('other.pid'))).toBe(false)
    expect(existsSync(gate.place.path('other.sock'))).toBe(false)
  })

  it('of a live daemon is left alone by a second one, which exits with 1', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    const { code, stderr } = await gate.runs()
    expect(code).toBe(1)
    expect(stderr).toContain(`already running as process ${gate.pid}`)
    expect(readFileSync(gate.pidFile, 'utf8')).toBe(`${gate.pid}\n`)
    expect(await gate.play('A@25 ok')).toHaveLength(1)
  })

  it('that a dead daemon left is overwritten', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}', stalePid: 4_194_303 })
    await gate.logs(/stale pid file/)
    expect(readFileSync(gate.pidFile, 'utf8')).toBe(`${gate.pid}\n`)
  })
})

describe('-e and -g', () => {
  it('-e takes what is said before a configuration names a log', async () => {
    const place = new Place({ upstream: '127.0.0.1:2500' })
    onTestFinished(() => place.remove())
    place.writeText('postern.conf', 'Serivce_Sessions = 3\n')
    const args = ['-c', 'postern.conf', '-e', 'early.log']
    expect((await runProgram(args, { cwd: place.directory })).code).toBe(1)
    expect(readFileSync(place.path('early.log'), 'utf8')).toMatch(
      /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[emerg\] \d+#0: .* in \S+postern\.conf:1\n/,
    )
  })

  it('-e stderr is standard error', async () => {
    const place = new Place({ upstream: '127.0.0.1:2500' })
    onTestFinished(() => place.remove())
    place.writeText('postern.conf', 'Serivce_Sessions = 3\n')
    const args = ['-c', 'postern.conf', '-e', 'stderr']
    const { code, stderr } = await runProgram(args, { cwd: place.directory })
    expect(code).toBe(1)
    expect(stderr).toMatch(/postern\.conf:1/)
    expect(existsSync(place.path('stderr'))).toBe(false)
  })

  it('`run` is the same as no command, and without a log it speaks on standard error', async () => {
    const place = new Place({ upstream: '127.0.0.1:2500' })
    onTestFinished(() => place.remove())
    await place.writeConfig('postern.conf', 'PIDFile = "run.pid"\nE{Listen ":25"{}}')
    const program = new Program(['run', '-c', 'postern.conf'], { cwd: place.directory })
    onTestFinished(() => program.signal('SIGKILL'))
    await until('the pid file', () => existsSync(place.path('run.pid')))
    expect(await tryConnect(place.portFor(25))).toBeUndefined()
    expect(await program.stop('SIGQUIT')).toEqual({ code: 0, signal: null })
    expect(program.stderr).toMatch(/\[notice\] \d+#0: ready, revision 1, 1 listens bound\n/)
    expect(existsSync(place.path('run.pid'))).toBe(false)
  })

  it('-g names the pid file and the log, and `daemon on` leaves the terminal', async () => {
    const place = new Place({ upstream: '127.0.0.1:2500' })
    onTestFinished(() => place.remove())
    await place.writeConfig('postern.conf', 'E{Listen ":25"{}}')
    const directives = 'pid run.pid; error_log run.log notice; daemon on;'
    const args = ['-c', 'postern.conf', '-g', directives]
    const { code } = await runProgram(args, { cwd: place.directory })
    expect(code).toBe(0)
    // Ready when the call returns: nothing is waited for here.
    const pid = Number(readFileSync(place.path('run.pid'), 'utf8'))
    onTestFinished(() => {
      if (existsSync(place.path('run.pid'))) process.kill(pid, 'SIGKILL')
    })
    expect(pid).toBeGreaterThan(1)
    expect(await tryConnect(place.portFor(25))).toBeUndefined()
    const stop = await runProgram([...args, '-s', 'stop'], { cwd: place.directory })
    expect(stop).toEqual({ code: 0, stdout: '', stderr: '' })
    await until('its end', () => !existsSync(place.path('run.pid')))
    await until('its last line', () =>
      readFileSync(place.path('run.log'), 'utf8').endsWith('exit\n'),
    )
  })

  it('-g and the file may not both name the pid file', async () => {
    const place = new Place({ upstream: '127.0.0.1:2500' })
    onTestFinished(() => place.remove())
    await place.writeConfig('postern.conf', 'PIDFile = "a.pid"\nE{Listen ":25"{}}')
    const args = ['-c', 'postern.conf', '-g', 'pid b.pid;']
    const { code, stderr } = await runProgram(args, { cwd: place.directory })
    expect(code).toBe(1)
    expect(stderr).toMatch(/"pid" directive is duplicate/)
  })
})

describe('the control socket', () => {
  it('is for the owner only', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    const { mode } = statSync(gate.controlSocket)
    expect((mode & 0o777).toString(8)).toBe('600')
  })

  it('answers nonsense with a problem and goes on', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    for (const line of ['nonsense', '[]', '{"request":"stop"}', '{"request":"explain"}']) {
      expect(JSON.parse(await askRaw(gate.controlSocket, line))).toMatchObject({ ok: false })
    }
    expect(await gate.status()).toMatchObject({ pid: gate.pid, revision: 1 })
  })

  it('lets explain --live show the counts of now, and status and sessions what is open', async () => {
    const gate = await Gate.start({ config: 'E{SS=2 Listen ":25"{}}' })
    await gate.play('A@25 x2 ok, B@25 421')
    const listen = `:${gate.place.portFor(25)}`
    const live = ['explain', '--listen', listen, '--from', '127.0.0.66', '--live']
    const text = await gate.runs(...live)
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/service_sessions, shared: used 2 of 2 \(refuses\)/)
    expect(text.stdout).toContain('421 4.4.5 Service unavailable, concurrency limit reached.')
    const json = await gate.runs(...live, '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ answer: 'refuse', service: 'smtp' })
    const status = await gate.runs('status', '--json')
    expect(JSON.parse(status.stdout)).toMatchObject({ sessionsActive: 2, refusedTotal: 1 })
    const sessions = await gate.runs('sessions', '--json')
    expect(JSON.parse(sessions.stdout)).toMatchObject({
      sessionsActive: 2,
      sessions: [{ client: '127.0.0.65' }, { client: '127.0.0.65' }],
    })
    const table = await gate.runs('sessions', '--from', '127.0.0.65')
    expect(table.stdout).toMatch(/127\.0\.0\.65 +\d+\.\d s +\d+\.\d s +relaying +.*\d+\/\d+\n/)
    const none = await gate.runs('sessions', '--from', '10.0.0.0/8')
    expect(none.stdout).toBe('2 sessions open, 0 of them asked for\n')
    expect(await gate.runs('sessions', '--from', 'nowhere')).toMatchObject({ code: 2 })
  })
})
