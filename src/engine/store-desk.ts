// Where the engine asks the store about sessions that fit on this node, and decides by itself while
// the store is away.

import { assert } from '../base/assert.ts'
import type { Stage } from '../policy/limit.ts'
import type { Plan } from '../policy/plan.ts'
import { acquireAll, releaseAll } from './admission.ts'
import type { Acquisition } from './admission.ts'
import type { AuthFacts } from './auth-facts.ts'
import type { ClusterReply } from './cluster/cluster.ts'
import type { ClusterPart } from './cluster/cluster-part.ts'
import { loginDemand } from './revision.ts'
import type { Demand, Revision } from './revision.ts'
import type { LiveSession } from './session.ts'
import { aloneBudgets, standingOf, withCounts } from './standing.ts'
import type { Standing } from './standing.ts'
import type { Admit, FirstVerdict, Refuse, Verdict } from './verdict.ts'
import type { StateHandle } from './zone.ts'

export interface Refused {
  readonly sessionId: number
  readonly plan: Plan
  readonly acquired: Acquisition
  readonly remote: string
  readonly facts?: AuthFacts
}

/** A session that fits on this node, and what the store is asked about it. */
export interface Question {
  readonly live: LiveSession
  readonly stage: Stage
  readonly standing: Standing
  readonly acquired: Acquisition
  readonly remote: string
  readonly facts?: AuthFacts
}

interface Pending {
  readonly question: Question
  /** At which it was asked. */
  readonly revision: Revision
  readonly resolve: (verdict: Verdict | undefined) => void
}

/** What the engine does for its desk. */
export interface DeskHooks {
  /** The one in force. */
  readonly revision: () => Revision
  readonly isOpen: (live: LiveSession) => boolean
  readonly forget: (live: LiveSession) => void
  readonly onDecided: () => void
  readonly admit: (live: LiveSession, stage: Stage, acquired: Acquisition) => Admit
  readonly refuse: (refused: Refused) => Refuse
}

const noSlots: readonly StateHandle[] = Object.freeze([])
const noParts: readonly ClusterPart[] = Object.freeze([])

export class StoreDesk {
  readonly #hooks: DeskHooks

  constructor(hooks: DeskHooks) {
    this.#hooks = hooks
  }

  /** How an admission stands towards the store now. */
  standing(demand: Demand): Standing {
    return standingOf(this.#revision().cluster, demand)
  }

  /** What a session holds in the store. */
  give(live: LiveSession): void {
    const { parts } = live
    live.parts = noParts
    this.#revision().cluster?.give(parts)
  }

  /** The session fits here. `gives` are what it held in the store until now. */
  ask(question: Question, gives: readonly ClusterPart[]): FirstVerdict {
    const { live, standing, stage } = question
    const { asked } = standing
    const { cluster } = this.#revision()
    assert(cluster !== undefined, 'a store to ask')
    if (asked.length > 0 && gives.length === 0 && cluster.takeSpare(asked)) {
      live.parts = [...live.parts, ...asked]
      return this.#take(question, standing.alone)
    }
    const full = asked.length === 0 ? undefined : cluster.knownFull(asked)
    if (asked.length === 0 || full !== undefined) cluster.give(gives)
    if (full !== undefined) {
      return this.#turnAway(question, full.place, new Map([[full.place, full.usedCount]]))
    }
    if (asked.length === 0) return this.#take(question, standing.alone)
    live.asking = stage
    const revision = this.#revision()
    const settled = new Promise<Verdict | undefined>((resolve) => {
      cluster.ask(asked, gives, (reply) => this.#onReply({ question, revision, resolve }, reply))
    })
    return { kind: 'asking', stage, session: live, plan: live.plan, settled }
  }

  /** Answers whether the slots that were granted are wanted. */
  #onReply({ question, revision, resolve }: Pending, reply: ClusterReply): boolean {
    const { live, standing, stage, acquired } = question
    if (!this.#hooks.isOpen(live)) {
      resolve(undefined)
      return false
    }
    live.asking = undefined
    if (reply.kind === 'refused') {
      resolve(this.#turnAway(question, reply.place, reply.usedCounts))
      return false
    }
    // A reload came meanwhile: it is live, and so counted by the new policy, unchecked (S19).
    if (this.#revision() !== revision) {
      resolve(this.#take(question, this.#partsNow(live, stage)))
      return false
    }
    const findings = withCounts(acquired.findings, reply.usedCounts)
    if (reply.kind === 'granted') {
      live.parts = [...live.parts, ...standing.asked]
      resolve(this.#take({ ...question, acquired: { ...acquired, findings } }, standing.alone))
      return true
    }
    const verdict = this.#decideAlone(question, reply)
    resolve(verdict)
    return verdict.kind === 'admit'
  }

  /** The store went away while it was asked: this node decides, with what it may admit alone. */
  #decideAlone(
    question: Question,
    { parts, granted }: Extract<ClusterReply, { readonly kind: 'away' }>,
  ): Verdict {
    const { live, standing, acquired: before } = question
    const { cluster } = this.#revision()
    assert(cluster !== undefined, 'a store that is away')
    const budgets = aloneBudgets(cluster, standing.budgets, parts)
    const acquired = acquireAll(budgets, before.slots, this.#hooks.onDecided)
    const others = live.slots.slice(0, live.slots.length - before.slots.length)
    live.slots = [...others, ...acquired.slots]
    if (acquired.decidedBy !== undefined) return this.#drop({ ...question, acquired })
    live.parts = [...live.parts, ...granted]
    return this.#take({ ...question, acquired }, [...standing.alone, ...parts])
  }

  /** Admits, and counts in the store what it was not asked for. */
  #take({ live, stage, acquired }: Question, parts: readonly ClusterPart[]): Admit {
    if (parts.length > 0) {
      this.#revision().cluster?.take(parts)
      live.parts = [...live.parts, ...parts]
    }
    return this.#hooks.admit(live, stage, acquired)
  }

  #turnAway(question: Question, place: number, usedCounts: ReadonlyMap<number, number>): Refuse {
    const findings = withCounts(question.acquired.findings, usedCounts)
    const decidedBy = findings[place]
    assert(decidedBy !== undefined, 'a refusal by a limit that was not asked')
    return this.#drop({ ...question, acquired: { slots: noSlots, findings, decidedBy } })
  }

  /** Refuses a session that holds slots. */
  #drop({ live, acquired, remote, facts }: Question): Refuse {
    this.#hooks.forget(live)
    const { slots } = live
    live.slots = noSlots
    releaseAll(slots, this.#hooks.onDecided)
    this.give(live)
    const who = facts === undefined ? {} : { facts }
    return this.#hooks.refuse({ sessionId: live.id, plan: live.plan, acquired, remote, ...who })
  }

  #partsNow(live: LiveSession, stage: Stage): readonly ClusterPart[] {
    const { plans } = this.#revision()
    if (!plans.has(live.listenId)) return noParts
    if (stage === 'authenticated') {
      return live.facts === undefined
        ? noParts
        : loginDemand(this.#revision(), live, live.facts).parts
    }
    return plans.get(live.listenId, live.isAwaitingAddress ? undefined : live.address).parts
  }

  #revision(): Revision {
    return this.#hooks.revision()
  }
}
