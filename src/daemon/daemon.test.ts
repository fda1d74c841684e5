// The daemon's life under signals, with a gateway that ends when the test says so.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { readConfiguration } from './configuration.ts'
import { askDaemon } from './control-client.ts'
import { Daemon } from './daemon.ts'
import { DaemonLog } from './daemon-log.ts'
import { GatewayMeters } from '../gateway/meters.ts'
import { EventRecord } from './event-record.ts'
import { localFeed } from './feed/local-feed.ts'
import { LocalPlane } from './plane.ts'
import { noManager } from './service-manager.ts'
import { noGlobals } from './settings.ts'

const text = `Error_Log = "error.log info"
ESMTP_Listener { Upstream = "127.0.0.1:26" Listen ":25" {} }`

let prefix = ''
beforeEach(() => {
  prefix = mkdtempSync(join(tmpdir(), 'postern-daemon-'))
})
afterEach(() => {
  rmSync(prefix, { recursive: true })
})

/** A gateway without sockets; `drain` and `start` last until they are let go. */
class FakeGateway implements Gateway {
  giveUp(): void {}

  async takeUp(): Promise<void> {}

  readonly calls: string[] = []
  letDrainEnd: () => void = () => {}
  startError: Error | undefined

  start(): Promise<void> {
    this.calls.push('start')
    return this.startError === undefined ? Promise.resolve() : Promise.reject(this.startError)
  }
  reload(): Promise<void> {
    this.calls.push('reload')
    return Promise.resolve()
  }
  drain(): Promise<void> {
    this.calls.push('drain')
    return new Promise((resolve) => {
      this.letDrainEnd = resolve
    })
  }
  close(): Promise<void> {
    this.calls.push('close')
    this.letDrainEnd()
    return Promise.resolve()
  }
  stats() {
    return {
      sessionsActive: 0,
      refusalsLingering: 0,
      bytesFromClients: 0,
      bytesFromUpstreams: 0,
    }
  }
  end() {
    return false
  }
  measured() {
    return new GatewayMeters().values()
  }
  sessionsByService() {
    return {}
  }
  upstreamHealth() {
    return []
  }
  detail() {
    return undefined
  }
  bound() {
    return [{ listenId: '*:25' }]
  }
}

async function makeDaemon() {
  const load = () =>
    readConfiguration({ file: '/p.conf', text, prefix, searchPath: [], globals: noGlobals })
  const { policy, settings } = load()
  if (policy === undefined || settings === undefined) throw new Error('the policy is wrong')
  const log = await DaemonLog.open({
    targets: settings.logTargets,
    identity: { pid: process.pid, threadId: 0 },
    clock: systemClock,
  })
  const gateway = new FakeGateway()
  const engine = createEngine({ policy })
  const record = new EventRecord({ policy, clock: systemClock })
  const daemon = new Daemon({
    plane: new LocalPlane({
      engine,
      gateway,
      clock: systemClock,
      record,
      ...localFeed(systemClock),
    }),
    log,
    policy,
    settings,
    manager: noManager,
    sources: new Map(),
    clock: systemClock,
    configuration: '/p.conf',
    load,
  })
  return { daemon, gateway, settings }
}

function signal(name: 'SIGTERM' | 'SIGQUIT' | 'SIGHUP' | 'SIGUSR1'): void {
  process.emit(name, name)
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 20))
const logText = () => readFileSync(join(prefix, 'error.log'), 'utf8')

describe('the life of a daemon', () => {
  it('shows its pid file from ready to end, and its control socket answers meanwhile', async () => {
    const { daemon, settings } = await makeDaemon()
    expect(existsSync(settings.pidFile)).toBe(false)
    await daemon.start()
    expect(readFileSync(settings.pidFile, 'utf8')).toBe(`${process.pid}\n`)
    const status = await askDaemon(settings.controlSocket, { request: 'status' })
    expect(status).toMatchObject({ pid: process.pid, bound: ['*:25'], isDraining: false })
    signal('SIGTERM')
    await daemon.ended
    expect([settings.pidFile, settings.controlSocket].map((path) => existsSync(path))).toEqual([
      false,
      false,
    ])
    expect(logText()).toMatch(/signal 15 \(SIGTERM\) received, exiting\n.* exit\n$/)
  })

  it('waits for the last session after QUIT and ignores a reload meanwhile', async () => {
    const { daemon, gateway, settings } = await makeDaemon()
    await daemon.start()
    signal('SIGQUIT')
    await turn()
    signal('SIGHUP')
    const status = await askDaemon(settings.controlSocket, { request: 'status' })
    expect(status.isDraining).toBe(true)
    expect(gateway.calls).toEqual(['start', 'drain'])
    gateway.letDrainEnd()
    await daemon.ended
    expect(gateway.calls).toEqual(['start', 'drain'])
    expect(logText()).toContain('draining, the reload is ignored')
  })

  it('stops now when TERM comes while it drains', async () => {
    const { daemon, gateway } = await makeDaemon()
    await daemon.start()
    signal('SIGQUIT')
    await turn()
    signal('SIGTERM')
    signal('SIGTERM')
    await daemon.ended
    expect(gateway.calls).toEqual(['start', 'drain', 'close'])
    expect(logText().match(/ exit\n/g)).toHaveLength(1)
  })

  it('ends at once when TERM came before it was ready', async () => {
    const { daemon, gateway, settings } = await makeDaemon()
    signal('SIGTERM')
    await daemon.start()
    await daemon.ended
    expect(gateway.calls).toEqual(['start', 'close'])
    expect(existsSync(settings.pidFile)).toBe(false)
  })

  it('leaves the pid file of a successor alone', async () => {
    const { daemon, settings } = await makeDaemon()
    await daemon.start()
    writeFileSync(settings.pidFile, '1\n')
    signal('SIGTERM')
    await daemon.ended
    expect(readFileSync(settings.pidFile, 'utf8')).toBe('1\n')
  })

  it('leaves no pid file when a listener cannot be bound', async () => {
    const { daemon, gateway, settings } = await makeDaemon()
    gateway.startError = new Error('bind() to *:25 failed')
    await expect(daemon.start()).rejects.toThrow('bind() to *:25 failed')
    await daemon.abandon()
    expect(existsSync(settings.pidFile)).toBe(false)
    expect(process.listenerCount('SIGTERM')).toBe(0)
  })

  it('serves without a control socket when that cannot be bound', async () => {
    const { daemon, settings } = await makeDaemon()
    writeFileSync(settings.controlSocket, 'a file')
    await daemon.start()
    expect(existsSync(settings.pidFile)).toBe(true)
    signal('SIGTERM')
    await daemon.ended
    expect(readFileSync(settings.controlSocket, 'utf8')).toBe('a file')
    expect(logText()).toMatch(/\[warn\] .*bind\(\) to control socket/)
  })
})
