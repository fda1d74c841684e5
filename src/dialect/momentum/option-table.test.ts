// Every option in every scope: where it is valid it does what the table says, else it is refused.

import { describe, expect, it } from 'vitest'
import type { Policy, Scope } from '../../policy/policy.ts'
import { optionNames } from '../../policy/options-list.ts'
import { lower } from './lower.ts'
import { optionTable } from './option-table.ts'
import { parse } from './parser.ts'
import { createReport } from './report.ts'
import { scopeKinds, scopeTitles } from './scope-table.ts'
import type { ScopeKind } from './scope-table.ts'
import { foldName } from './syntax.ts'

const listeners: ReadonlyMap<string, string> = new Map([
  ['smtp', 'ESMTP_Listener'],
  ['ecstream', 'ECStream_Listener'],
  ['imap', 'IMAP_Listener'],
  ['pop3', 'POP3_Listener'],
])

/** A text with one option in one scope, in a listener of the service the option is about. */
function textFor(kind: ScopeKind, option: string, service: string): string {
  const listener = listeners.get(service) ?? ''
  switch (kind) {
    case 'global':
      return option
    case 'listen':
      return `${listener} { Listen "[::]:25" { ${option} } }`
    case 'peer':
      return `${listener} { Peer "10.0.0.0/8" { ${option} } }`
    case 'pathway':
      return `Pathway "p" { ${option} }`
    case 'pathway_group':
      return `Pathway_Group "g" { ${option} }`
    default:
      return `${scopeTitles[kind]} { ${option} }`
  }
}

function scopeIn(policy: Policy, kind: ScopeKind): Scope | undefined {
  const [listener] = policy.listeners
  switch (kind) {
    case 'global':
      return policy.global
    case 'listen':
      return listener?.listens[0]
    case 'peer':
      return listener?.peers[0]
    case 'pathway':
      return policy.pathways[0]
    case 'pathway_group':
      return policy.pathwayGroups[0]
    default:
      return listener
  }
}

/** `IPv6_Only` is in the address. */
function bindingIn(policy: Policy): object {
  const [listen] = policy.listeners.flatMap(({ listens }) => listens)
  return listen?.endpoint.kind === 'tcp' && listen.endpoint.isIpv6Only === true
    ? { isIpv6Only: true }
    : {}
}

function lowerText(text: string) {
  const report = createReport()
  const policy = lower(parse({ file: 'a.conf', text }, report), 'a.conf', report)
  return { policy, diagnostics: report.diagnostics() }
}

/** Zones, limits and the store are no scopes of sessions; the golden files have them. */
const sessionKinds = scopeKinds.filter((kind) => !kind.startsWith('limit_') && kind !== 'cluster')
const rows = optionTable.flatMap((spec) => sessionKinds.map((kind) => ({ spec, kind })))

/** What stands in Limit_Conn_Zone and Limit_Conn. */
const partNames = [
  'key',
  'sizeBytes',
  'foldsCase',
  'net',
  'isCluster',
  'block',
  'capMax',
  'isDryRun',
  'logLevel',
]

/** What stands in Cluster, one of them in Limit_Conn_Zone, too. */
const clusterNames = [
  'servers',
  'sentinel',
  'isRedisCluster',
  'name',
  'node',
  'leaseMs',
  'whenAway',
  'share',
  'database',
  'user',
  'password',
  'sentinelUser',
  'sentinelPassword',
  'tlsCa',
  'tlsName',
  'tlsVerify',
]

const validRows = rows.filter(({ spec, kind }) => spec.scopes.includes(kind))

describe('the option table', () => {
  it('names every option once', () => {
    const names = optionTable.map(({ name }) => foldName(name))
    expect(new Set(names).size).toBe(names.length)
  })

  it('has a row for every option a policy can hold', () => {
    const keys = optionTable.flatMap((spec) => (spec.status === 'works' ? [spec.key] : []))
    // Limit_Conn is a scope of its own, with options of its own.
    const isOption = (name: string): boolean => name !== 'limitConns'
    const others = [
      'pidFile',
      'logFormat',
      'workers',
      'isDetached',
      'openFiles',
      'isIpv6Only',
      'shutdownTimeout',
      'admin',
      'adminTokenFile',
      'adminCertificate',
      'adminKey',
      ...partNames,
      ...clusterNames,
    ]
    expect([...new Set(keys)].toSorted()).toEqual(
      [...optionNames.filter(isOption), ...others].toSorted(),
    )
  })

  it('lowers every working option in every scope it is valid in, without an error', () => {
    for (const { spec, kind } of validRows) {
      if (spec.status !== 'works') continue
      const service = spec.services?.[0] ?? 'smtp'
      const option = `${spec.name} = ${spec.type.example}`
      const { policy, diagnostics } = lowerText(textFor(kind, option, service))
      const codes = diagnostics.map(({ code }) => code)
      const expected = spec.remark?.scopes.includes(kind) ? [spec.remark.code] : []
      expect(codes, `${spec.name} in ${kind}`).toEqual(expected)
      const holder = { ...policy.daemon, ...bindingIn(policy), ...scopeIn(policy, kind)?.options }
      expect(Object.keys(holder), `${spec.name} in ${kind}`).toEqual([spec.key])
    }
  })

  it('answers every option it ignores with exactly one warning, in every scope', () => {
    for (const { spec, kind } of validRows) {
      if (spec.status !== 'warns') continue
      const { policy, diagnostics } = lowerText(textFor(kind, `${spec.name} = 1`, 'smtp'))
      expect(diagnostics, `${spec.name} in ${kind}`).toHaveLength(1)
      expect(diagnostics[0]).toMatchObject({
        severity: 'warning',
        code: 'momentum.ignored_option',
        message: `Postern does not act on ${spec.name}: ${spec.reason}`,
      })
      expect(scopeIn(policy, kind)?.options).toEqual({})
    }
  })

  it('refuses every option of a later version wherever it stands', () => {
    for (const { spec, kind } of rows) {
      if (spec.status !== 'later') continue
      const { diagnostics } = lowerText(textFor(kind, `${spec.name} = 1`, 'smtp'))
      expect(diagnostics, `${spec.name} in ${kind}`).toMatchObject([
        { severity: 'error', code: 'momentum.not_in_this_version' },
      ])
    }
  })

  it('refuses every option in every other scope and names the scopes it is valid in', () => {
    for (const { spec, kind } of rows) {
      if (spec.status === 'later' || spec.scopes.includes(kind)) continue
      const { diagnostics } = lowerText(textFor(kind, `${spec.name} = 1`, 'smtp'))
      expect(diagnostics, `${spec.name} in ${kind}`).toMatchObject([
        { severity: 'error', code: 'momentum.wrong_scope' },
      ])
      for (const valid of spec.scopes) expect(diagnostics[0]?.hint).toContain(scopeTitles[valid])
    }
  })

  it('refuses the wrong form of value for every working option', () => {
    for (const { spec, kind } of validRows) {
      if (spec.status !== 'works') continue
      const isDictionary = spec.type.title.includes('or a dictionary')
      const wrong = spec.type.example.startsWith('[')
        ? 'text'
        : isDictionary
          ? '( a )'
          : '[ a = b ]'
      const option = `${spec.name} = ${wrong}`
      const { diagnostics } = lowerText(textFor(kind, option, spec.services?.[0] ?? 'smtp'))
      const errors = diagnostics.filter(({ severity }) => severity === 'error')
      expect(errors, `${spec.name} in ${kind}`).toMatchObject([{ code: 'momentum.wrong_form' }])
    }
  })
})
