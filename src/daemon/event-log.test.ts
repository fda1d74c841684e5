// Events of a real engine as log records, word for word as CONTRACT.md promises them.

import { describe, expect, it } from 'vitest'
import type { LogEntry, LogLevelName } from '../base/log.ts'
import { createEngine } from '../engine/create-engine.ts'
import { buildPolicy } from '../../test/kit/policy.ts'
import type { Policy } from '../policy/policy.ts'
import { readConfiguration } from './configuration.ts'
import { logEvent } from './event-log.ts'
import { noGlobals } from './settings.ts'

interface Written extends LogEntry {
  readonly level: LogLevelName
}

function engineWithLog(text: string) {
  const source = { file: 'p.conf', text, prefix: '/', searchPath: [], globals: noGlobals }
  const { policy, diagnostics } = readConfiguration(source)
  if (policy === undefined) throw new Error(diagnostics.map((found) => found.message).join('; '))
  return engineOf(policy)
}

function engineOf(policy: Policy) {
  const written: Written[] = []
  const log = {
    writeKind: (level: LogLevelName, _kind: string, build: () => LogEntry) => {
      written.push({ level, ...build() })
    },
  }
  const engine = createEngine({ policy, onEvent: (event) => logEvent(log, event) })
  return { engine, written }
}

function policyText(inside: string): string {
  return `ESMTP_Listener { Upstream = "127.0.0.1:26" Listen ":25" {} ${inside} }`
}

describe('the log of a refusal', () => {
  it('names the deciding option, scope, used and cap', () => {
    const { engine, written } = engineWithLog(policyText('Service_Sessions = 1'))
    engine.open({ listenId: '*:25', remote: '192.0.2.7' })
    engine.open({ listenId: '*:25', remote: '192.0.2.8' })
    expect(written.at(-1)).toEqual({
      level: 'error',
      text: 'limiting sessions by service_sessions "ESMTP_Listener" (1/1)',
      sessionId: 2,
      client: '192.0.2.8',
      server: '*:25',
      fields: {
        option: 'service_sessions',
        tier: 'shared',
        scope: 'ESMTP_Listener',
        used: 1,
        cap: 1,
      },
    })
  })

  it('names listener_sessions when that decides', () => {
    const { engine, written } = engineWithLog(policyText('Listener_Sessions = 1'))
    engine.open({ listenId: '*:25', remote: '192.0.2.7' })
    engine.open({ listenId: '*:25', remote: '192.0.2.8' })
    expect(written.at(-1)?.text).toBe(
      'limiting sessions by listener_sessions "ESMTP_Listener" (1/1)',
    )
  })

  it('says dry run where the session went on', () => {
    const text = policyText('Service_Sessions = 1 Service_Sessions_Dry_Run = true')
    const { engine, written } = engineWithLog(text)
    engine.open({ listenId: '*:25', remote: '192.0.2.7' })
    engine.open({ listenId: '*:25', remote: '192.0.2.8' })
    expect(written.map((entry) => entry.text)).toEqual([
      'limiting sessions, dry run, by service_sessions "ESMTP_Listener" (1/1)',
    ])
    expect(written[0]).toMatchObject({ level: 'error', sessionId: 2, client: '192.0.2.8' })
  })
})

describe('the log of an audit', () => {
  it('is loud when the counts do not agree with the sockets', () => {
    const { engine, written } = engineWithLog(policyText(''))
    engine.audit(new Set())
    engine.open({ listenId: '*:25', remote: '192.0.2.7' })
    engine.audit(new Set())
    expect(written.map((entry) => entry.level)).toEqual(['debug', 'crit'])
    expect(written.at(-1)?.text).toContain('leaked 1')
  })
})

describe('the log of a limit after authentication', () => {
  it('names the zone and the login, in the words of freenginx', () => {
    const { engine, written } = engineOf(
      buildPolicy({
        zones: { user: '$remote_user', addr: '$remote_addr', tiny: '$auth_http_tiny' },
        zoneBytes: 64,
        smtp: { limits: { user: 1, addr: -1, tiny: 9 }, listens: { ':143': {} } },
      }),
    )
    const logIn = (user: string, tiny: string): void => {
      const verdict = engine.open({ listenId: '*:143', remote: '192.0.2.7' })
      if (verdict.kind === 'refuse') return
      const authHeaders = [{ name: 'Tiny', value: tiny }]
      engine.authenticate(verdict.session, { isUnix: false, user, authHeaders })
    }
    logIn('u@d', 'a')
    logIn('u@d', 'a')
    logIn('', 'a')
    logIn('', 'b')
    const shown = written
      .filter(({ text }) => !text.startsWith('client '))
      .map(({ level, text, login }) => `${level}: ${text} ${login ?? '-'}`)
    expect(shown).toEqual([
      'error: limiting connections by zone "user" u@d',
      'error: limiting connections, dry run, by zone "addr" ',
      'crit: ngx_slab_alloc() failed: no memory in limit_conn_zone "tiny" ',
    ])
  })
})
