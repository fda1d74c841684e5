// Sockets that an init system opens and hands over (systemd's socket activation): they are used as
// they are, whatever the policy wants, and nobody is refused while the daemon is away.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { haveDebian } from '../interop/debian.ts'
import { Client } from './kit/client.ts'
import { Gate } from './kit/gate.ts'
import { HandedListen } from './kit/handed.ts'
import { Place } from './kit/place.ts'
import { Program } from './kit/process.ts'
import { until } from './kit/until.ts'
import { FakeUpstream } from './kit/upstream.ts'
import { socketsOf } from './kit/witness.ts'

const hasSs = haveDebian(['ss'], ['iproute2'])

/** Sockets of the nominal ports and of a path, open until the test ends. */
function handing(sockets: HandedListen[], nominal: readonly number[], paths: readonly string[]) {
  return (place: Place): readonly HandedListen[] => {
    const ports = nominal.map((port) => ({ host: '::', port: place.portFor(port) }))
    for (const at of [...ports, ...paths.map((name) => place.path(name))]) {
      const socket = new HandedListen(at, 'mail')
      sockets.push(socket)
      onTestFinished(() => socket.close())
    }
    return sockets
  }
}

/** Inodes of the sockets that a process listens on. */
function listeningInodes(pid: number): number[] {
  return socketsOf(pid).flatMap(({ state, inode }) => (state === 'LISTEN' ? [inode] : []))
}

describe.each([1, 2])('with %i workers, a daemon that is handed sockets', (workers) => {
  const common = `Workers = ${workers}`

  it('serves them in place of its own, tells nobody else of them, and knows whom they are for', async () => {
    const sockets: HandedListen[] = []
    const gate = await Gate.start({
      config: `${common} E{SS=3 Listen_Backlog = 77 Listen ":25"{} Listen "/run/s.sock"{}}`,
      hand: handing(sockets, [25], ['s.sock']),
    })
    await gate.play('A@25 x2 ok, unix ok, A@25 421')
    // The one socket that it listens on is one that this process holds, too.
    const theirs = listeningInodes(await gate.servingPid())
    expect(theirs).toHaveLength(1)
    expect(listeningInodes(process.pid)).toEqual(expect.arrayContaining(theirs))
    await gate.logs(/took \[::\]:\d+ \(descriptor 3, "mail"\)/)
    await gate.logs(/took \S+\/s\.sock \(descriptor 4, "mail"\)/)
    expect(gate.log).not.toMatch(/handed in/)
    const { hostPid } = (await gate.status()).workers ?? {}
    if (hostPid !== undefined) {
      expect(readFileSync(`/proc/${hostPid}/environ`, 'utf8')).not.toContain('LISTEN_')
    }
    if (!hasSs) return
    const filter = ['-ltnH', `sport = :${gate.place.portFor(25)}`]
    const { stdout } = spawnSync('ss', filter, { encoding: 'utf8' })
    expect(stdout).toMatch(/^LISTEN +\d+ +77 /)
  })

  it('says which of them nobody wants, and which are missing', async () => {
    const gate = await Gate.start({
      config: `${common} E{SS=3 Listen ":25"{} Listen "127.0.0.1:587"{}}`,
      files: { other: 'E{Listen ":2525"{}}' },
      hand: handing([], [25, 2525], []),
    })
    await gate.logs(/\[warn\] .*no socket was handed in for 127\.0\.0\.1:\d+, it is bound here/)
    await gate.logs(
      /\[warn\] .*socket \[::\]:\d+ \(descriptor 4, "mail"\) was handed in and matches/,
    )
    expect(gate.log.match(/handed in/g)).toHaveLength(2)
    await gate.play('A@25 x2 ok, A@587 ok, A@25 421')
  })

  it('keeps them through reloads that drop their Listen, and serves them again', async () => {
    const one = (cap: number): string => `${common} E{SS=${cap} Listen ":25"{}}`
    const both = (cap: number): string => `${common} E{SS=${cap} Listen ":25"{} Listen ":587"{}}`
    const gate = await Gate.start({ config: both(2), hand: handing([], [25, 587], []) })
    await gate.play('A@25 ok, A@587 ok')
    for (const held of [2, 4]) {
      await gate.reload(one(held + 1))
      // Whoever comes there now is no session.
      const late = gate.connect('A@587')
      await until('a connection', () => late.isConnected)
      const [last] = await gate.play('A@25 ok, A@25 421')
      expect(late.isGreeted).toBe(false)
      late.reset()
      await last?.close()
      await gate.reload(both(held + 2))
      await gate.play('A@587 x2 ok, A@587 421, A@25 421')
    }
    await gate.logs(/retired \*:\d+[^]*retired \*:\d+/)
  })
})

describe('a daemon that leaves the terminal', () => {
  it('takes the sockets along that were handed to the process that was started', async () => {
    const upstream = await FakeUpstream.start()
    onTestFinished(() => upstream.close())
    const place = new Place({ upstream: upstream.address })
    onTestFinished(() => place.remove())
    await place.writeConfig('postern.conf', 'E{SS=3 Listen ":25"{}}')
    const handed = handing([], [25], [])(place)
    const directives = 'pid run.pid; error_log run.log notice; daemon on;'
    const args = ['-c', 'postern.conf', '-g', directives]
    const starter = new Program(args, { cwd: place.directory, handed })
    onTestFinished(() => starter.signal('SIGKILL'))
    expect(await starter.ended()).toEqual({ code: 0, signal: null })
    const pid = Number(readFileSync(place.path('run.pid'), 'utf8'))
    onTestFinished(() => {
      if (existsSync(place.path('run.pid'))) process.kill(pid, 'SIGKILL')
    })
    // The log is written a moment later.
    await until('the log', () =>
      /took \[::\]:\d+ \(descriptor 3/.test(readFileSync(place.path('run.log'), 'utf8')),
    )
    const client = new Client({ target: { host: '127.0.0.1', port: place.portFor(25) } })
    onTestFinished(() => client.reset())
    expect(await client.isAdmitted()).toBe(true)
    process.kill(pid, 'SIGTERM')
    await until('its end', () => !existsSync(place.path('run.pid')))
  })
})

describe('a client that comes while the daemon is away', () => {
  it('waits in the queue of the kernel, and the next daemon serves it', async () => {
    const upstream = await FakeUpstream.start()
    onTestFinished(() => upstream.close())
    const place = new Place({ upstream: upstream.address })
    onTestFinished(() => place.remove())
    await place.writeConfig('postern.conf', 'Error_Log = "stderr notice" E{SS=3 Listen ":25"{}}')
    const handed = handing([], [25], [])(place)
    const start = async (): Promise<Program> => {
      const program = new Program(['-c', 'postern.conf'], { cwd: place.directory, handed })
      onTestFinished(() => program.signal('SIGKILL'))
      await until('the daemon', () => program.stderr.includes('ready, revision 1'))
      return program
    }
    const first = await start()
    expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null })
    const client = new Client({ target: { host: '127.0.0.1', port: place.portFor(25) } })
    onTestFinished(() => client.reset())
    await until('a connection', () => client.isConnected)
    const second = await start()
    expect(await client.isAdmitted()).toBe(true)
    expect(await second.stop('SIGTERM')).toEqual({ code: 0, signal: null })
  })
})
