// Reload: everything or nothing, one at a time, requests in a burst joined into one more.

import { describe, expect, it } from 'vitest'
import type { LogEntry, LogLevelName } from '../base/log.ts'
import { GatewayMeters } from '../gateway/meters.ts'
import { readConfiguration } from './configuration.ts'
import type { LoadedConfiguration } from './configuration.ts'
import { Reloader } from './reload.ts'
import { noManager } from './service-manager.ts'
import { noGlobals } from './settings.ts'

const good = 'ESMTP_Listener { Upstream = "127.0.0.1:26" Listen ":25" {} }'

const capped = 'ESMTP_Listener { Service_Sessions = 5 Upstream = "127.0.0.1:26" Listen ":25" {} }'

function load(text: string): LoadedConfiguration {
  return readConfiguration({
    file: '/p.conf',
    text,
    prefix: '/',
    searchPath: [],
    globals: noGlobals,
  })
}

function bench(text: () => string, onReload: () => Promise<void> = () => Promise.resolve()) {
  const lines: string[] = []
  const calls: string[] = []
  let revision = 1
  let loadCount = 0
  const log = {
    write: (level: LogLevelName, entry: LogEntry) => {
      lines.push(`[${level}] ${entry.text}`)
    },
    isEnabled: () => true,
    prepareTargets: () => {
      const answer = (name: string) => () => {
        calls.push(name)
        return Promise.resolve()
      }
      return Promise.resolve({ apply: answer('apply'), discard: answer('discard') })
    },
  }
  const plane = {
    get revision() {
      return revision
    },
    reload: async () => {
      await onReload()
      revision += 1
    },
    report: () =>
      Promise.resolve({
        revision,
        totals: { sessionsActive: 7, admittedTotal: 0, refusedTotal: 0 },
        stats: {
          sessionsActive: 7,
          refusalsLingering: 0,
          bytesFromClients: 0,
          bytesFromUpstreams: 0,
        },
        bound: ['*:25'],
        sessionsByService: {},
        upstreams: [],
        measured: new GatewayMeters().values(),
      }),
  }
  const { policy, settings } = load(good)
  if (policy === undefined || settings === undefined)
    throw new Error('the policy of this test is wrong')
  const reloader = new Reloader({
    load: () => {
      loadCount += 1
      return load(text())
    },
    plane,
    log,
    policy,
    settings,
    manager: noManager,
    onApplied: () => Promise.resolve(),
  })
  return { reloader, lines, calls, loadCount: () => loadCount }
}

describe('a reload', () => {
  it('says revision, listens and sessions when it is done', async () => {
    const { reloader, lines, calls } = bench(() => good)
    await reloader.request()
    expect(lines.at(-1)).toBe(
      '[notice] reload done, revision 2, 1 listens bound, 7 live sessions re-counted',
    )
    expect(calls).toEqual(['apply'])
  })

  it('reports a wrong file with its place and keeps the old policy', async () => {
    const { reloader, lines, calls } = bench(() => 'ESMTP_Listener {\n  Idle_Time = soon\n}')
    await reloader.request()
    expect(lines[0]).toMatch(/^\[emerg\] .* in \/p\.conf:2$/)
    expect(lines.at(-1)).toBe('[error] reload failed, revision 1 stays in force')
    expect(calls).toEqual([])
  })

  it('keeps the old log when the gateway cannot follow', async () => {
    const { reloader, lines, calls } = bench(
      () => good,
      () => Promise.reject(new Error('bind() to *:25 failed')),
    )
    await reloader.request()
    expect(lines).toContain('[emerg] bind() to *:25 failed')
    expect(lines.at(-1)).toBe('[error] reload failed, revision 1 stays in force')
    expect(calls).toEqual(['discard'])
  })

  it('joins a burst of requests into one more reload', async () => {
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { reloader, loadCount } = bench(
      () => good,
      () => held,
    )
    const first = reloader.request()
    // It has read the configuration by now: whoever comes later wants it read again.
    await Promise.resolve()
    for (let index = 0; index < 20; index += 1) void reloader.request()
    release()
    await first
    await reloader.idle()
    expect(loadCount()).toBe(2)
  })

  it('puts back the caps that somebody changed, and says so', async () => {
    const { reloader, lines } = bench(() => capped)
    await reloader.request()
    const change = reloader.changeCap('service_sessions,ESMTP_Listener', 9)
    const reload = reloader.request()
    expect(await change).toBeUndefined()
    expect(reloader.policy.changes).toEqual([
      { id: 'service_sessions,ESMTP_Listener', configuredMax: 5 },
    ])
    await reload
    expect(reloader.policy.changes).toBeUndefined()
    expect(lines.filter((line) => line.includes(' cap'))).toEqual([
      '[notice] cap of service_sessions,ESMTP_Listener changed from 5 to 9 until the next reload, revision 3',
      '[notice] caps are as they are written again, after the changes of service_sessions,ESMTP_Listener',
    ])
  })

  it('changes no cap that there is none of, and none beyond what a limit takes', async () => {
    const { reloader } = bench(() => capped)
    await reloader.request()
    expect(await reloader.changeCap('service_sessions', 9)).toMatchObject({ code: 'unknown_limit' })
    expect(reloader.policy.changes).toBeUndefined()
  })

  it('shows what it would change, and changes nothing', async () => {
    const { reloader, lines } = bench(() => capped)
    const { changes } = reloader.preview()
    expect(changes).toMatchObject([
      { kind: 'limit', what: 'added', name: 'service_sessions,ESMTP_Listener' },
    ])
    expect([reloader.policy.changes, lines]).toEqual([undefined, []])
  })

  it('says that a moved pid file has to wait', async () => {
    const { reloader, lines } = bench(() => `PIDFile = "other.pid" ${good}`)
    await reloader.request()
    expect(lines).toContain('[warn] the changed pid file takes effect at the next start')
  })
})
