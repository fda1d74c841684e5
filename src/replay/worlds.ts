// The two worlds of a replay, over the sessions of its trace: in one the engine decides, in the other
// nobody is refused.

import type { Address } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import type { AuthFacts } from '../engine/auth-facts.ts'
import { createEngine } from '../engine/create-engine.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineEvent } from '../engine/events.ts'
import type { EngineSession } from '../engine/session.ts'
import type { Refuse } from '../engine/verdict.ts'
import { needsLogin } from '../policy/login.ts'
import type { Plan } from '../policy/plan.ts'
import type { Policy } from '../policy/policy.ts'
import type { LimitRow } from './limit-row.ts'
import { Meters } from './meters.ts'
import type { Budgets } from './meters.ts'
import { TraceClock } from './trace-clock.ts'
import type { TraceLogin, TraceText } from './trace.ts'
import { withoutCaps } from './without-caps.ts'

/** A session of the trace as both worlds see it. */
export interface Live {
  readonly listenId: string
  client: string
  address: Address
  /** Its PROXY header is awaited, in the record. */
  isWaiting: boolean
  isLoggedIn: boolean
  /** Absent: the replay refused it, or does not know its address yet. */
  session: EngineSession | undefined
  /** Who refused it in the replay. */
  refusedBy: LimitRow | undefined
  held: Budgets
  wanted: Budgets
}

const none: Budgets = Object.freeze([])

export class Worlds {
  readonly clock: TraceClock = new TraceClock()
  readonly meters: Meters
  readonly #policy: Policy
  readonly #uncapped: Policy
  #engine: Engine
  /** What is open at the start is being named: it is counted when all of it is known. */
  #isStarting = false

  constructor(policy: Policy) {
    this.meters = new Meters(policy)
    this.#policy = policy
    this.#uncapped = withoutCaps(policy)
    this.#engine = this.#newEngine(policy)
  }

  /** A session that neither world has asked about yet. */
  meet(where: Pick<Live, 'listenId' | 'client' | 'address'>): Live {
    // Made millions of times, so written out: spreading costs ten times as much.
    const { listenId, client, address } = where
    return {
      listenId,
      client,
      address,
      isWaiting: false,
      isLoggedIn: false,
      session: undefined,
      refusedBy: undefined,
      held: none,
      wanted: none,
    }
  }

  /** Everything is forgotten; who is met from now on is open already. */
  begin(): void {
    this.#engine = this.#newEngine(this.#uncapped)
    this.#isStarting = true
  }

  /** All that were open have been met: counts them under the policy, unchecked. */
  settle(open: Iterable<Live>): void {
    this.#isStarting = false
    this.#engine.replacePolicy(this.#policy)
    for (const live of open) {
      const { session } = live
      if (session === undefined) continue
      const { facts } = session
      const ofUser = facts === undefined ? none : this.meters.atLogin(session, facts)
      this.#want(live, [...this.meters.atConnect(session.plan), ...ofUser])
      this.#hold(live, live.wanted)
    }
  }

  planOf(live: Live, address: Address | undefined): Plan {
    const plan = this.#engine.plan(live.listenId, address)
    assert(plan !== undefined, 'a Listen of the policy has a plan')
    return plan
  }

  /** It is accepted and its address not known: only the shared budgets, where that is so at all. */
  await(live: Live): Refuse | undefined {
    live.isWaiting = true
    const plan = this.planOf(live, undefined)
    if (!plan.settings.proxyProtocol.value) return undefined
    const verdict = this.#engine.open({ listenId: live.listenId, remote: live.client })
    this.#wantAt(live, undefined)
    if (verdict.kind === 'refuse') return verdict
    live.session = verdict.session
    this.#hold(live, live.wanted)
    return undefined
  }

  /** Asks the limits of the connect stage. */
  ask(live: Live): Refuse | undefined {
    const { listenId, client } = live
    live.isWaiting = false
    this.#wantAt(live, live.address)
    if (live.refusedBy !== undefined) return undefined
    let verdict =
      live.session === undefined
        ? this.#engine.open({ listenId, remote: client })
        : this.#engine.adopt(live.session, client)
    if (verdict.kind === 'admit' && verdict.session.isAwaitingAddress) {
      verdict = this.#engine.adopt(verdict.session, client)
    }
    if (verdict.kind === 'refuse') {
      live.session = undefined
      this.#hold(live, none)
      return verdict
    }
    live.session = verdict.session
    this.#hold(live, live.wanted)
    return undefined
  }

  /** Asks the limits after a login. */
  logIn(live: Live, login: TraceLogin): Refuse | undefined {
    if (live.isWaiting || live.isLoggedIn) return undefined
    live.isLoggedIn = true
    const facts = factsOf(login)
    const plan = this.planOf(live, live.address)
    const ofUser = this.meters.atLogin({ plan, address: live.address }, facts)
    this.meters.want(ofUser, this.clock.nowMs)
    live.wanted = [...live.wanted, ...ofUser]
    const { session } = live
    if (session === undefined) return undefined
    const verdict = this.#engine.authenticate(session, facts)
    if (verdict.kind === 'refuse') {
      live.session = undefined
      this.#hold(live, none)
      return verdict
    }
    this.meters.take(ofUser, this.clock.nowMs)
    live.held = [...live.held, ...ofUser]
    return undefined
  }

  #wantAt(live: Live, address: Address | undefined): void {
    // What is open at the start is counted when all of it is known, and by the policy.
    if (this.#isStarting) return
    this.#want(live, this.meters.atConnect(this.planOf(live, address)))
  }

  #want(live: Live, wanted: Budgets): void {
    this.meters.leave(live.wanted, this.clock.nowMs)
    live.wanted = wanted
    this.meters.want(wanted, this.clock.nowMs)
  }

  #hold(live: Live, held: Budgets): void {
    if (this.#isStarting) return
    this.meters.give(live.held, this.clock.nowMs)
    live.held = held
    this.meters.take(held, this.clock.nowMs)
  }

  end(live: Live, nowMs: number): void {
    this.meters.leave(live.wanted, nowMs)
    if (live.session === undefined) return
    this.#engine.close(live.session)
    this.meters.give(live.held, nowMs)
  }

  /** It should have logged in, and nobody knows as whom. */
  isNameless({ session }: Live): boolean {
    if (session === undefined || session.isAwaitingAddress) return false
    return session.facts === undefined && needsLogin(session.plan)
  }

  #newEngine(policy: Policy): Engine {
    return createEngine({ policy, clock: this.clock, onEvent: this.#onEvent })
  }

  #onEvent = (event: EngineEvent): void => {
    if (event.kind !== 'dry_run_exceeded' || this.#isStarting) return
    const row = this.meters.rowOf(event.finding.limit, event.session.plan)
    row.dryRunCount += 1
  }
}

function factsOf({ user, headers, isUnix }: TraceLogin): AuthFacts {
  return {
    isUnix,
    ...(user === undefined ? {} : { user: bytesOrText(user) }),
    authHeaders: headers.map(([name, value]) => ({ name, value: bytesOrText(value) })),
  }
}

function bytesOrText(value: TraceText): string | Uint8Array {
  return typeof value === 'string' ? value : Buffer.from(value.base64, 'base64')
}
