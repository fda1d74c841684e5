import { describe, expect, it } from 'vitest'
import { buildPolicy } from '../../test/kit/policy.ts'
import type { PolicyText } from '../../test/kit/policy.ts'
import { checkServable, validatePolicy } from './validate.ts'

function codes(text: PolicyText): string[] {
  return validatePolicy(buildPolicy(text), String).map(
    ({ severity, code }) => `${severity} ${code}`,
  )
}

describe('validation of a policy', () => {
  it('finds nothing in a sound one', () => {
    expect(
      codes({ smtp: { ss: 5, peers: { '0.0.0.0/0': {}, '::/0': {} }, listens: { ':25': {} } } }),
    ).toEqual([])
  })

  it('warns of an IPv4 catch-all without its IPv6 twin, in either container', () => {
    const twice = { '0.0.0.0/0': { ss: 1 } }
    expect(codes({ smtp: { peers: twice, listens: { ':25': { peers: twice } } } })).toEqual([
      'warning policy.ipv4_only_catch_all',
      'warning policy.ipv4_only_catch_all',
    ])
  })

  it('refuses an unknown pathway', () => {
    expect(codes({ smtp: { listens: { ':25': { pathway: 'nowhere' } } } })).toEqual([
      'error policy.unknown_pathway',
    ])
  })

  it('notes that a group with options of its own works here only, and one name in two groups', () => {
    const text: PolicyText = {
      groups: { g: { it: 4, pathways: { p: {} } }, h: { pathways: { p: {} } } },
      smtp: { listens: { ':25': { pathway: 'p' } } },
    }
    expect(codes(text)).toEqual([
      'warning policy.duplicate_pathway',
      'note policy.pathway_group_extension',
    ])
  })

  it('notes a Peer whose cap the ceiling above it makes unreachable', () => {
    const text: PolicyText = {
      smtp: { ss: 2, peers: { '10.0.0.0/8': { ss: 3 } }, listens: { ':25': {} } },
    }
    expect(codes(text)).toEqual(['note policy.block_over_ceiling'])
  })

  it('refuses a limit of a zone that is not declared', () => {
    expect(codes({ smtp: { limits: { nowhere: 1 }, listens: { ':25': {} } } })).toEqual([
      'error policy.unknown_zone',
      'warning policy.limit_never_asked',
    ])
    const zones = { user: '$remote_user' }
    expect(codes({ zones, smtp: { limits: { user: 1 }, listens: { ':25': {} } } })).toEqual([
      'warning policy.limit_never_asked',
    ])
  })

  it('refuses TLS without a certificate', () => {
    expect(codes({ smtp: { useTls: true, listens: { ':465': {} } } })).toEqual([
      'error policy.tls_without_certificate',
    ])
  })
})

describe('what a daemon needs to serve a policy', () => {
  const servable = (text: PolicyText): string[] =>
    checkServable(buildPolicy(text), String).map(({ code }) => code)

  it('is a Listen that is enabled', () => {
    expect(servable({})).toEqual(['policy.no_listen'])
    expect(servable({ smtp: { upstream: 25, listens: { ':25': { enable: false } } } })).toEqual([
      'policy.no_listen',
    ])
    expect(
      servable({ smtp: { upstream: 25, enable: false, listens: { ':25': { enable: true } } } }),
    ).toEqual([])
  })

  it('is an upstream for every session that may come', () => {
    expect(servable({ smtp: { listens: { ':25': {} } } })).toEqual(['policy.no_upstream'])
    const covered = { '0.0.0.0/0': { upstream: 25 }, '::/0': { upstream: 25 } }
    expect(servable({ smtp: { peers: covered, listens: { ':25': {} } } })).toEqual([])
  })
})
