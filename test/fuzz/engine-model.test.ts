// The engine against a naive oracle: random policies, sessions, reloads. The oracle keeps a list of
// sessions and counts by filtering it; it resolves caps by reading SEMANTICS S6 to S12 aloud.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { EngineSession } from '../../src/engine/session.ts'
import { buildPolicy } from '../kit/policy.ts'
import type { ListenText, OptionsText, PolicyText } from '../kit/policy.ts'

const blocks = ['10.1.0.0/16', '10.0.0.0/8', '0.0.0.0/0', '2001:db8::/32'] as const
const remotes = [
  '10.1.0.1',
  '10.2.0.1',
  '::ffff:10.1.0.2',
  '192.0.2.1',
  '2001:db8::1',
  '::1',
  'unix',
]
const listenNames = ['*:25', '*:587'] as const

type Option = 'ss' | 'ls'

/** Longest first, so the oracle needs no prefix arithmetic. */
function matchesBlock(block: string, remote: string): boolean {
  const address = remote === 'unix' ? '127.0.0.1' : remote.replace('::ffff:', '')
  switch (block) {
    case '10.1.0.0/16':
      return address.startsWith('10.1.')
    case '10.0.0.0/8':
      return address.startsWith('10.')
    case '0.0.0.0/0':
      return !address.includes(':')
    default:
      return address.startsWith('2001:db8:')
  }
}

interface OracleSession {
  readonly listen: string
  remote: string
  isWaiting: boolean
}

class Oracle {
  readonly sessions: OracleSession[] = []
  policy: PolicyText

  constructor(policy: PolicyText) {
    this.policy = policy
  }

  /** Which cap refuses this session, in the order of S17; undefined admits. */
  refusedBy(session: OracleSession): string | undefined {
    const others = this.sessions.filter((other) => other !== session)
    for (const option of ['ls', 'ss'] as const) {
      const block = this.blockOf(session, option)
      if (block === undefined || block.cap === 0) continue
      const used = others.filter((other) => this.#isInBlock(other, session, option, block.id))
      if (used.length >= block.cap) return `${option} block`
    }
    for (const option of ['ls', 'ss'] as const) {
      const cap = this.#sharedCap(session, option)
      if (cap === 0) continue
      const used = others.filter((other) => option === 'ss' || other.listen === session.listen)
      if (used.length >= cap) return `${option} shared`
    }
    return undefined
  }

  blockOf(session: OracleSession, option: Option): { id: string; cap: number } | undefined {
    if (session.isWaiting) return undefined
    for (const [container, peers] of this.#peerContainers(session)) {
      for (const block of blocks) {
        const cap = peers[block]?.[option]
        if (cap === undefined || !matchesBlock(block, session.remote)) continue
        return { id: `${container} ${block}`, cap }
      }
    }
    return undefined
  }

  #isInBlock(other: OracleSession, session: OracleSession, option: Option, id: string): boolean {
    if (option === 'ls' && other.listen !== session.listen) return false
    return this.blockOf(other, option)?.id === id
  }

  /** S7, S11: Listen, then Listener, with the effective pathway just below the scope that names it. */
  #sharedCap(session: OracleSession, option: Option): number {
    const scopes: (OptionsText | undefined)[] = []
    let owner = false
    const visit = (scope: OptionsText | undefined, isPeer: boolean): void => {
      if (!isPeer) scopes.push(scope)
      if (scope?.pathway === undefined || owner) return
      owner = true
      scopes.push(this.policy.pathways?.[scope.pathway])
    }
    if (!session.isWaiting) {
      for (const [, peers] of this.#peerContainers(session)) {
        for (const block of blocks) {
          if (matchesBlock(block, session.remote)) visit(peers[block], true)
        }
      }
    }
    visit(this.policy.smtp?.listens[session.listen], false)
    visit(this.policy.smtp, false)
    return scopes.find((scope) => scope?.[option] !== undefined)?.[option] ?? 0
  }

  #peerContainers(session: OracleSession): [string, Readonly<Record<string, OptionsText>>][] {
    const smtp = this.policy.smtp
    return [
      [session.listen, smtp?.listens[session.listen]?.peers ?? {}],
      ['listener', smtp?.peers ?? {}],
    ]
  }
}

const cap = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined })
const scope = fc
  .record({ ss: cap, ls: cap, pathway: fc.constantFrom(undefined, undefined, 'p', 'q') })
  .map((options): OptionsText => JSON.parse(JSON.stringify(options)) as OptionsText) // drops undefined
const peers = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...blocks), scope), { selector: ([block]) => block })
  .map((entries) => Object.fromEntries(entries))
const listen: fc.Arbitrary<ListenText> = fc
  .tuple(scope, peers)
  .map(([options, inner]) => ({ ...options, peers: inner }))

/** Proxy_Protocol stands on the Listens of every policy of a run, or of none. */
function policyText(proxy: boolean): fc.Arbitrary<PolicyText> {
  return fc.tuple(listen, listen, listen, scope, scope).map(([outer, a, b, p, q]) => ({
    smtp: { ...outer, listens: { '*:25': { ...a, proxy }, '*:587': { ...b, proxy } } },
    pathways: { p: withoutPathway(p), q: withoutPathway(q) },
  }))
}

function withoutPathway(options: OptionsText): OptionsText {
  const { pathway: _, ...rest } = options
  return rest
}

const remote = fc.constantFrom(...remotes)
const pick = fc.nat({ max: 1000 })
function steps(proxy: boolean) {
  return fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('open' as const),
          remote,
          listen: fc.constantFrom(...listenNames),
        }),
      },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('adopt' as const), pick, remote }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('close' as const), pick }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('reload' as const), policy: policyText(proxy) }),
      },
    ),
    { minLength: 1, maxLength: 60 },
  )
}

const run = fc
  .boolean()
  .chain((proxy) => fc.record({ policy: policyText(proxy), steps: steps(proxy) }))

interface Pair {
  readonly real: EngineSession
  readonly naive: OracleSession
}

describe('the engine', () => {
  it('decides and counts as the naive oracle does', () => {
    fc.assert(
      fc.property(run, ({ policy, steps: history }) => {
        const engine = createEngine({ policy: buildPolicy(policy) })
        const oracle = new Oracle(policy)
        const open: Pair[] = []
        for (const step of history) {
          if (step.kind === 'open') {
            const { remote: from, listen: listenId } = step
            const isWaiting = oracle.policy.smtp?.listens[listenId]?.proxy === true
            const naive = { listen: listenId, remote: from, isWaiting }
            const verdict = engine.open({ listenId, remote: from })
            expectSame(verdict, oracle.refusedBy(naive))
            if (verdict.kind === 'refuse') continue
            oracle.sessions.push(naive)
            open.push({ real: verdict.session, naive })
          } else if (step.kind === 'adopt') {
            const waiting = open.filter(({ naive }) => naive.isWaiting)
            const chosen = waiting[step.pick % Math.max(1, waiting.length)]
            if (chosen === undefined) continue
            chosen.naive.remote = step.remote
            chosen.naive.isWaiting = false
            const verdict = engine.adopt(chosen.real, step.remote)
            expectSame(verdict, oracle.refusedBy(chosen.naive))
            if (verdict.kind === 'refuse') remove(oracle, open, chosen)
          } else if (step.kind === 'close') {
            const chosen = open[step.pick % Math.max(1, open.length)]
            if (chosen === undefined) continue
            engine.close(chosen.real)
            remove(oracle, open, chosen)
          } else {
            engine.replacePolicy(buildPolicy(step.policy))
            oracle.policy = step.policy
          }
          const ids = new Set(open.map(({ real }) => real.id))
          expect(engine.audit(ids)).toEqual({ drift: 0, leakedIds: [], unknownIds: [] })
          expect(engine.snapshot().sessionsActive).toBe(oracle.sessions.length)
        }
        for (const { real } of open) engine.close(real)
        expect(engine.snapshot().budgets).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })
})

function remove(oracle: Oracle, open: Pair[], chosen: Pair): void {
  oracle.sessions.splice(oracle.sessions.indexOf(chosen.naive), 1)
  open.splice(open.indexOf(chosen), 1)
}

function expectSame(
  verdict: ReturnType<ReturnType<typeof createEngine>['open']>,
  refusedBy: string | undefined,
): void {
  const words = { service_sessions: 'ss', listener_sessions: 'ls', limit_conn: 'none' } as const
  const real =
    verdict.kind !== 'refuse'
      ? undefined
      : `${words[verdict.decidedBy.limit.option]} ${verdict.decidedBy.limit.tier}`
  expect(real).toBe(refusedBy)
}
