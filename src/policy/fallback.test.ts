import { describe, expect, it } from 'vitest'
import { buildPolicy } from '../../test/kit/policy.ts'
import type { PolicyText } from '../../test/kit/policy.ts'
import { parseAddress } from '../base/address.ts'
import { chainOf } from './chain.ts'
import type { Plan } from './plan.ts'
import { PlanTable } from './plan-table.ts'
import { capReasons, reasonFor } from './reason.ts'

function planOf(text: PolicyText, listenId: string, remote?: string): Plan {
  const address = remote === undefined ? undefined : parseAddress(remote)
  return new PlanTable(buildPolicy(text), (plan) => plan).get(listenId, address)
}

function idleSeconds(text: PolicyText, listenId: string, remote: string): number | undefined {
  const { ms } = planOf(text, listenId, remote).settings.idle.value
  return ms === undefined ? undefined : ms / 1000
}

function limits(plan: Plan): string[] {
  return plan.limits.map(
    ({ option, tier, scope, capMax, isDryRun }) =>
      `${tier} ${option} ${capMax ?? '-'}${isDryRun ? ' dry' : ''} ${scope}`,
  )
}

describe('fallback', () => {
  it('asks limits block before shared, listener before service', () => {
    const text: PolicyText = {
      smtp: { ss: 4, ls: 3, peers: { '10.0.0.0/8': { ss: 2, ls: 1 } }, listens: { ':25': {} } },
    }
    expect(limits(planOf(text, '*:25', '10.0.0.1'))).toEqual([
      'block listener_sessions 1 ESMTP_Listener Peer 10.0.0.0/8',
      'block service_sessions 2 ESMTP_Listener Peer 10.0.0.0/8',
      'shared listener_sessions 3 ESMTP_Listener',
      'shared service_sessions 4 ESMTP_Listener',
    ])
  })

  it('takes an option that the inner Peer leaves unset from the next wider one', () => {
    const text: PolicyText = {
      smtp: { peers: { '10.0.0.0/8': { ss: 2 }, '10.0.0.1': { it: 5 } }, listens: { ':25': {} } },
    }
    const plan = planOf(text, '*:25', '10.0.0.1')
    expect(plan.settings.idle.value).toEqual({ ms: 5000 })
    expect(limits(plan)[1]).toBe('block service_sessions 2 ESMTP_Listener Peer 10.0.0.0/8')
  })

  it("asks the Listen's Peers before the Listener's, whatever their prefixes", () => {
    const text: PolicyText = {
      smtp: {
        peers: { '10.0.0.1': { ss: 1, it: 9 } },
        listens: { ':25': { peers: { '10.0.0.0/8': { ss: 3, it: 4 } } } },
      },
    }
    expect(idleSeconds(text, '*:25', '10.0.0.1')).toBe(4)
    expect(limits(planOf(text, '*:25', '10.0.0.1'))[1]).toContain(' 3 ESMTP_Listener Listen *:25')
  })

  it("lets a Listener's Peer decide before the Listen", () => {
    const text: PolicyText = {
      smtp: { it: 300, peers: { '10.0.0.0/8': { it: 30 } }, listens: { ':25': { it: 10 } } },
    }
    expect(idleSeconds(text, '*:25', '192.0.2.1')).toBe(10)
    expect(idleSeconds(text, '*:25', '10.0.0.1')).toBe(30)
  })

  it('puts a pathway right below the scope that names it', () => {
    const named: PolicyText = {
      pathways: { p: { it: 400 } },
      smtp: { it: 300, listens: { ':25': { pathway: 'p' }, ':587': { pathway: 'p', it: 200 } } },
    }
    expect(idleSeconds(named, '*:25', '10.0.0.1')).toBe(400)
    expect(idleSeconds(named, '*:587', '10.0.0.1')).toBe(200)
  })

  it('gives a session one effective pathway: the one the innermost scope names', () => {
    const text: PolicyText = {
      pathways: { a: { ss: 1 }, b: {} },
      smtp: { pathway: 'a', peers: { '10.0.0.0/8': { pathway: 'b' } }, listens: { ':25': {} } },
    }
    expect(limits(planOf(text, '*:25', '192.0.2.1'))).toContain(
      'shared service_sessions 1 Pathway a',
    )
    expect(limits(planOf(text, '*:25', '10.0.0.1'))).toContain(
      'shared service_sessions - ESMTP_Listener',
    )
  })

  it('reads a pathway of a group before the group', () => {
    const text: PolicyText = {
      groups: { g: { it: 400, banner: 'g', pathways: { p: { banner: 'x' } } } },
      smtp: { listens: { ':25': { pathway: 'p' } } },
    }
    const { settings } = planOf(text, '*:25', '10.0.0.1')
    expect(settings.idle.value).toEqual({ ms: 400_000 })
    expect(settings.bannerHostname).toMatchObject({
      value: 'x',
      scope: 'Pathway_Group g Pathway p',
    })
  })

  it('ends a search at an explicit 0', () => {
    const text: PolicyText = {
      smtp: {
        ss: 2,
        peers: { '10.0.0.0/8': { ss: 1 } },
        listens: { ':25': { ss: 0, peers: { '10.0.0.5': { ss: 0 } } } },
      },
    }
    expect(planOf(text, '*:25', '10.0.0.5').limits.filter((l) => l.capMax !== undefined)).toEqual(
      [],
    )
  })

  it('looks no further than the shared scopes while the address is unknown', () => {
    const text: PolicyText = {
      smtp: { ss: 2, peers: { '0.0.0.0/0': { ss: 1 } }, listens: { ':25': { proxy: true } } },
    }
    expect(limits(planOf(text, '*:25'))).toEqual([
      'shared listener_sessions - ESMTP_Listener Listen *:25',
      'shared service_sessions 2 ESMTP_Listener',
    ])
  })
})

describe('dry run', () => {
  it('belongs to the cap it stands beside', () => {
    const text: PolicyText = {
      smtp: {
        ss: 9,
        ssDry: true,
        peers: { '10.0.0.0/8': { ss: 2 }, '10.0.0.1': { ss: 1, ssDry: true } },
        listens: { ':25': {} },
      },
    }
    expect(limits(planOf(text, '*:25', '10.0.0.2'))[1]).not.toContain('dry')
    expect(limits(planOf(text, '*:25', '10.0.0.2'))[3]).toContain('9 dry')
    expect(limits(planOf(text, '*:25', '10.0.0.1'))[1]).toContain('1 dry')
  })

  it('alone in an outer scope is the default for the caps inside it', () => {
    const text: PolicyText = {
      smtp: {
        ssDry: true,
        peers: { '10.0.0.0/8': { ss: 2 }, '10.1.0.0/16': { ss: 1, ssDry: false } },
        listens: { ':25': { ss: 5 } },
      },
    }
    const plan = planOf(text, '*:25', '10.0.0.1')
    expect(limits(plan)[1]).toContain('2 dry')
    expect(limits(plan)[3]).toContain('5 dry')
    expect(limits(planOf(text, '*:25', '10.1.0.1'))[1]).not.toContain('dry')
  })
})

describe('reasons', () => {
  const policy = buildPolicy({
    pathways: { p: { it: 7 } },
    smtp: {
      ss: 2000,
      it: 60,
      pathway: 'p',
      peers: { '10.0.0.0/8': { ss: 1500, it: 300 }, '0.0.0.0/0': { ss: 600, it: 30 } },
      listens: { ':25': { peers: { '10.0.0.0/9': { ss: 3 } } } },
    },
  })
  const chain = chainOf(policy, '*:25', parseAddress('10.1.2.3'))

  it('name the rule that decided between two Peers', () => {
    if (chain === undefined) throw new Error('no chain')
    const { block, shared } = capReasons(chain, 'serviceSessions')
    expect(block?.because).toEqual([
      "Peer 10.0.0.0/9 beats Peer 10.0.0.0/8: the Listen's Peers come before the Listener's",
      "Peer 10.0.0.0/9 beats Peer 0.0.0.0/0: the Listen's Peers come before the Listener's",
    ])
    expect(shared?.winner).toMatchObject({ scope: 'ESMTP_Listener', value: { capMax: 2000 } })
  })

  it('name the rule that decided between a Peer, a Listener and its pathway', () => {
    if (chain === undefined) throw new Error('no chain')
    expect(reasonFor(chain.scopes, 'idle')?.because).toEqual([
      'Peer 10.0.0.0/8 beats Peer 0.0.0.0/0: longer prefix',
      'Peer 10.0.0.0/8 beats ESMTP_Listener: a Peer is inside Listen and Listener',
      'Peer 10.0.0.0/8 beats Pathway p: a value in the scope itself beats its pathway, and the scopes outside it',
    ])
    expect(reasonFor(chain.scopes, 'bannerHostname')).toBeUndefined()
  })
})
