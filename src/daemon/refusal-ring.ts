// The last refusals of one thread, each with its whole verdict. Under a flood refusing is nearly all
// that a gate does, so what is kept of one is a few numbers and references: nothing is made for it.

import type { Clock } from '../base/clock.ts'
import type { EngineEvent } from '../engine/events.ts'
import type { Finding } from '../engine/verdict.ts'
import type { Stage } from '../policy/limit.ts'
import type { Plan } from '../policy/plan.ts'

export interface KeptRefusal {
  readonly atMs: number
  readonly sessionId: number
  readonly stage: Stage
  readonly reason: 'full' | 'exhausted'
  readonly plan: Plan
  readonly remote: string
  readonly login?: string
  readonly findings: readonly Finding[]
  /** Index in `findings`. */
  readonly decidedBy: number
}

type Refused = Extract<EngineEvent, { readonly kind: 'session_refused' }>

/** Limits of the connect stage are four at most: a block and a shared one of each option. */
const countsEach = 4

interface Kept {
  readonly plan: Plan
  readonly remote: string
  readonly login: string | undefined
  /** Where they are no limits of the plan: the stage after authentication. */
  readonly findings: readonly Finding[] | undefined
}

export class RefusalRing {
  readonly #size: number
  readonly #clock: Clock
  readonly #atMs: Float64Array
  readonly #sessionIds: Float64Array
  readonly #counts: Int32Array
  readonly #decidedBy: Uint8Array
  readonly #exhausted: Uint8Array
  readonly #plans: Plan[] = []
  readonly #remotes: string[] = []
  readonly #logins: (string | undefined)[] = []
  readonly #findings: (readonly Finding[] | undefined)[] = []
  #total = 0

  constructor(size: number, clock: Clock) {
    this.#size = size
    this.#clock = clock
    this.#atMs = new Float64Array(size)
    this.#sessionIds = new Float64Array(size)
    this.#counts = new Int32Array(size * countsEach)
    this.#decidedBy = new Uint8Array(size)
    this.#exhausted = new Uint8Array(size)
  }

  add({ verdict, remote, login }: Refused): void {
    const at = this.#total % this.#size
    this.#total += 1
    const { findings, decidedBy, plan, stage, sessionId } = verdict
    this.#atMs[at] = this.#clock.wallMs()
    this.#sessionIds[at] = sessionId
    this.#plans[at] = plan
    this.#remotes[at] = remote
    this.#logins[at] = login
    this.#findings[at] = stage === 'connect' ? undefined : findings
    let exhausted = 0
    for (let index = 0; index < findings.length; index += 1) {
      const finding = findings[index]
      if (finding === decidedBy) this.#decidedBy[at] = index
      if (finding?.isExhausted === true) exhausted |= 1 << index
      if (index < countsEach) this.#counts[at * countsEach + index] = finding?.usedCount ?? 0
    }
    this.#exhausted[at] = exhausted
  }

  /** The latest first. */
  *latest(): Iterable<KeptRefusal> {
    const keptCount = Math.min(this.#total, this.#size)
    const end = this.#total
    for (let back = 1; back <= keptCount; back += 1) {
      const kept = this.#at((end - back) % this.#size)
      if (kept !== undefined) yield kept
    }
  }

  #at(at: number): KeptRefusal | undefined {
    const kept = this.#kept(at)
    if (kept === undefined) return undefined
    const { plan, remote, login, findings = this.#connectFindings(plan, at) } = kept
    const decidedBy = this.#decidedBy[at] ?? 0
    return {
      atMs: this.#atMs[at] ?? 0,
      sessionId: this.#sessionIds[at] ?? 0,
      stage: kept.findings === undefined ? 'connect' : 'authenticated',
      reason: findings[decidedBy]?.isExhausted === true ? 'exhausted' : 'full',
      plan,
      remote,
      ...(login === undefined ? {} : { login }),
      findings,
      decidedBy,
    }
  }

  #kept(at: number): Kept | undefined {
    const [plan, remote] = [this.#plans[at], this.#remotes[at]]
    if (plan === undefined || remote === undefined) return undefined
    return { plan, remote, login: this.#logins[at], findings: this.#findings[at] }
  }

  /** As they were made: one for each limit of the plan, in its order. */
  #connectFindings(plan: Plan, at: number): readonly Finding[] {
    return plan.limits.map((limit, index) => {
      const usedCount = this.#counts[at * countsEach + index] ?? 0
      const isExhausted = ((this.#exhausted[at] ?? 0) & (1 << index)) !== 0
      const isOver = !isExhausted && limit.capMax !== undefined && usedCount >= limit.capMax
      return { limit, usedCount, isOver, isExhausted }
    })
  }
}
