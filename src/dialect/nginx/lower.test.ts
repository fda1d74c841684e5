// No directive is passed over in silence: it changes the policy, or something is said about it.

import { describe, expect, it } from 'vitest'
import type { LoadResult } from '../dialect.ts'
import { memoryReader } from '../memory-reader.ts'
import type { Context, DirectiveSpec } from './directive-spec.ts'
import { contexts } from './directive-spec.ts'
import { directiveTable } from './directive-table.ts'
import { nginx } from './nginx.ts'

/** Examples that only mean something beside others, or that would be wrong beside them. */
const ownExamples: ReadonlyMap<string, string> = new Map([
  ['limit_conn_zone', 'limit_conn_zone $remote_addr zone=others:1m;'],
  ['listen', 'listen 1144;'],
  ['peer', 'peer 192.0.2.0/24 { service_sessions 1; }'],
  ['server', 'server { listen 1145; protocol imap; }'],
  ['ssl_conf_command', 'ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;'],
])

function example({ name, type, block, argsMin }: DirectiveSpec): string {
  const words = type.example.split(' ').filter((word) => word !== '')
  while (words.length < argsMin) words.push('word')
  return [name, ...words, block === undefined ? ';' : '{ }'].join(' ')
}

const tls = 'ssl_certificate a; ssl_certificate_key a;'
const base: ReadonlyMap<string, string> = new Map([
  ['auth_http', 'auth_http 127.0.0.1:9000;'],
  ['limit_conn_zone', 'limit_conn_zone $remote_user zone=users:10m;'],
])

/** A text with one line more in one block, whose servers can use whatever it says. */
function textFor(context: Context, service: string, line: string): string {
  const name = /^[a-z_]*/.exec(line)?.[0] ?? ''
  const at = (place: Context): string => (place === context ? `\n${line}\n` : '\n\n')
  const outer = [...base].map(([key, text]) => (key === name ? '' : text)).join(' ')
  const certificate = name.startsWith('ssl_certificate') ? '' : tls
  const own = name.startsWith('ssl_certificate') ? tls : ''
  const protocol = context === 'server' && name === 'protocol' ? '' : `protocol ${service};`
  const server = `server { listen 993 ssl proxy_protocol; ${protocol} ${certificate} ${at('server')} ${own} }`
  const events = name === 'events' ? '' : `events { ${at('events')} }`
  const peer = `peer 10.0.0.0/8 { ${at('peer')} }`
  if (name === 'mail') return `${events} ${line}`
  return `${at('main')} ${events} mail { ${outer} ${at('mail')} ${peer} ${server} }`
}

function load(text: string): LoadResult {
  const reader = memoryReader(new Map())
  return nginx.load({ file: 'a.conf', text, reader, searchPath: [] })
}

/** What is said and meant, without places. */
function meaningOf({ policy, diagnostics }: LoadResult): string {
  const found = diagnostics.map(({ code, message }) => [code, message])
  return JSON.stringify([policy, found], (key, value: unknown) => (key === 'span' ? '' : value))
}

const services = ['imap', 'pop3', 'smtp']

describe('every directive', () => {
  it('changes the policy or is spoken of, in every block it may stand in', () => {
    const silent: string[] = []
    for (const spec of directiveTable) {
      for (const context of contexts.filter((known) => spec.contexts.includes(known))) {
        if (spec.name === 'events' || spec.name === 'mail') continue
        const line = ownExamples.get(spec.name) ?? example(spec)
        const isQuiet = spec.agreesWith !== undefined && spec.agreesWith === spec.type.example
        const isSeen = services.some((service) => {
          const without = load(textFor(context, service, ''))
          return meaningOf(load(textFor(context, service, line))) !== meaningOf(without)
        })
        if (!isSeen && !isQuiet) silent.push(`${spec.name} in ${context}`)
      }
    }
    expect(silent).toEqual([])
  })

  it('that a server has no use for is spoken of once, at its place', () => {
    const text = textFor('server', 'imap', 'smtp_auth none;')
    const line = text.split('\n').indexOf('smtp_auth none;') + 1
    const found = load(text).diagnostics.filter(({ span }) => span?.line === line)
    expect(found).toMatchObject([{ code: 'nginx.no_effect', severity: 'warning' }])
  })

  it('of a later version keeps the text from loading', () => {
    for (const spec of directiveTable.filter(({ status }) => status === 'later')) {
      const [context = 'main'] = spec.contexts
      const { policy, emerg } = load(textFor(context, 'imap', example(spec)))
      expect(policy).toBeUndefined()
      expect(emerg).toContain(`"${spec.name}" is not in this version of Postern in a.conf:`)
    }
  })
})

describe('the policy of a text', () => {
  it('has unique names for all scopes', () => {
    const servers = 'server { listen 143; listen [::]:143; } server { listen 144; protocol imap; }'
    const { policy } = load(`events { } mail { auth_http 127.0.0.1; ${servers} }`)
    const scopes = policy?.listeners.flatMap((listener) => [listener, ...listener.listens]) ?? []
    const labels = scopes.map(({ label }) => label)
    expect(labels).toHaveLength(5)
    expect(new Set(labels).size).toBe(5)
  })

  it('counts a peer of mail over all servers of a protocol, and of a server by itself', () => {
    const peer = 'peer 10.0.0.0/8 { service_sessions 5; }'
    const servers = `server { listen 25; } server { listen 587; } server { listen 465; ${peer} }`
    const { policy } = load(`events { } mail { proxy_pass 127.0.0.1:26; ${peer} ${servers} }`)
    const labels = policy?.listeners.map(({ peers }) => peers.map(({ label }) => label))
    expect(labels).toEqual([
      ['mail smtp peer 10.0.0.0/8'],
      ['mail smtp peer 10.0.0.0/8'],
      ['server 0.0.0.0:465 peer 10.0.0.0/8'],
    ])
  })
})
