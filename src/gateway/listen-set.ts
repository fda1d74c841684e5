// All bound Listens of a gateway: from those that are bound to those a policy wants, in a way that
// can be taken back until it is committed.

import type { Log } from '../base/log.ts'
import { PosternError } from '../base/errors.ts'
import type { Plan } from '../policy/plan.ts'
import { PlanTable } from '../policy/plan-table.ts'
import type { Policy } from '../policy/policy.ts'
import { errnoText } from './errno.ts'
import { describe } from './handed-sockets.ts'
import type { HandedSocket, HandedSockets } from './handed-sockets.ts'
import { bindListen } from './listen.ts'
import type { BoundListen, ListenHandlers } from './listen.ts'

/** What a new policy changes. Until it is committed only `givenUp` have been touched. */
export interface Rebinding {
  /** Bound, and not open yet. */
  readonly added: BoundListen[]
  /** No longer wanted. */
  readonly leaving: readonly BoundListen[]
  /** Those of `leaving` that made room for one of `added` and are closed already. */
  readonly givenUp: BoundListen[]
  readonly kept: readonly { readonly listen: BoundListen; readonly plan: Plan }[]
}

export interface ListenSetOptions {
  readonly prefix: string
  readonly log: Log
  readonly handlers: ListenHandlers
  /** The sockets are bound elsewhere, and this is where they are to be had. */
  readonly descriptorOf?: (listenId: string) => number
  /** Sockets that this process was given. */
  readonly handed?: HandedSockets
}

export class ListenSet {
  readonly #options: ListenSetOptions
  readonly #bound = new Map<string, BoundListen>()
  /** Handed in, and wanted by no Listen of the policy in force. */
  readonly #parked = new Map<HandedSocket, BoundListen>()
  /** Gave their addresses up for a reload that is still being tried. */
  readonly #givenUp: Plan[] = []
  #isClosed = false

  constructor(options: ListenSetOptions) {
    this.#options = options
  }

  values(): Iterable<BoundListen> {
    return this.#bound.values()
  }

  /** Binds what the policy wants and is missing. Rejects with everything bound as it was. */
  async prepare(policy: Policy): Promise<Rebinding> {
    const wanted = wantedPlans(policy)
    const kept = wanted.flatMap((plan) => {
      const listen = this.#bound.get(plan.listen.id)
      return listen === undefined || !isSameSocket(listen, plan) ? [] : [{ listen, plan }]
    })
    const staying = new Set(kept.map(({ listen }) => listen))
    const leaving = [...this.#bound.values()].filter((listen) => !staying.has(listen))
    const rebinding: Rebinding = { added: [], leaving, givenUp: [], kept }
    const renewed = new Set(kept.map(({ plan }) => plan))
    const missing = wanted.filter((plan) => !renewed.has(plan))
    try {
      // One after the other: of two Listens that exclude each other, the second is the one named.
      for (const plan of missing) rebinding.added.push(await this.#bindBeside(plan, rebinding))
    } catch (error) {
      await this.takeBack(rebinding)
      throw error
    }
    return rebinding
  }

  /**
   * Puts a rebinding into force: clients come in through what is new, and no more through what is
   * not.
   */
  commit(rebinding: Rebinding): void {
    const { added, leaving, givenUp, kept } = rebinding
    this.#givenUp.length = 0
    for (const listen of leaving) {
      if (!givenUp.includes(listen)) this.#retire(listen)
      this.#bound.delete(listen.id)
      this.#note(`retired ${listen.id}`)
    }
    for (const { listen, plan } of kept) this.#renew(listen, plan)
    for (const listen of added) {
      this.#bound.set(listen.id, listen)
      this.#note(listen.handed === undefined ? `bound ${placeOf(listen)}` : took(listen.handed))
      listen.open()
    }
    const { handed, log } = this.#options
    const plans = Array.from(this.#bound.values(), (listen) => listen.plan)
    handed?.tell(plans, log)
  }

  /** Closes Listens that a reload will take away, before it is known whether it can be done. */
  giveUp(listenIds: readonly string[]): void {
    for (const listen of listenIds.flatMap((id) => this.#bound.get(id) ?? [])) {
      this.#bound.delete(listen.id)
      this.#givenUp.push(listen.plan)
      this.#retire(listen)
      this.#note(`retired ${listen.id}`)
    }
  }

  /** It could not be done: whoever bound them has bound them again. */
  async takeUp(): Promise<void> {
    for (const plan of this.#givenUp.splice(0)) {
      try {
        this.#restore(await this.#bind(plan))
        this.#note(`bound ${plan.listen.id}`)
      } catch {
        // Its address is somebody else's by now, which whoever tried to bind it has said.
      }
    }
  }

  /** Undoes `prepare`; what had made room is bound again. */
  async takeBack(rebinding: Rebinding): Promise<void> {
    for (const listen of rebinding.added) this.#retire(listen)
    for (const old of rebinding.givenUp) {
      if (this.#isClosed) return
      try {
        const restored = await this.#bind(old.plan)
        this.#restore(restored)
      } catch (error) {
        // Somebody took the address in the meantime. The others stay; the operator must hear of it.
        this.#bound.delete(old.id)
        const text = error instanceof Error ? error.message : String(error)
        this.#options.log.write('crit', { text: `lost ${old.id}: ${text}`, server: old.id })
      }
    }
  }

  /** Stops accepting everywhere, for good. */
  retireAll(): void {
    this.#isClosed = true
    for (const listen of [...this.#bound.values(), ...this.#parked.values()]) listen.close()
    this.#bound.clear()
    this.#parked.clear()
  }

  /**
   * Binds a Listen beside those that are leaving when the kernel allows it. When one of them is in
   * the way (a wildcard and an address of one port exclude each other), that one goes first.
   */
  async #bindBeside(plan: Plan, rebinding: Rebinding): Promise<BoundListen> {
    const { leaving, givenUp } = rebinding
    try {
      return await this.#bind(plan)
    } catch (error) {
      const inTheWay = leaving.filter(
        (listen) => isInTheWay(listen, plan) && !givenUp.includes(listen),
      )
      const isTaken = PosternError.is(error) && error.code === 'gateway.address_in_use'
      if (!isTaken || inTheWay.length === 0) throw error
      for (const listen of inTheWay) {
        this.#retire(listen)
        givenUp.push(listen)
      }
      return this.#bind(plan)
    }
  }

  /** Takes the socket that was handed in for it, or binds one. */
  async #bind(plan: Plan): Promise<BoundListen> {
    const { handed: all, ...options } = this.#options
    const handed = all?.claim(plan.listen, options.prefix)
    if (handed === undefined) return bindListen({ plan, ...options })
    const parked = this.#parked.get(handed)
    if (parked !== undefined) {
      this.#parked.delete(handed)
      parked.revive(plan)
      return parked
    }
    try {
      return await bindListen({ plan, ...options, handed })
    } catch (error) {
      // A socket that nobody can listen on, as one that is connected.
      all?.release(handed)
      throw error
    }
  }

  #retire(listen: BoundListen): void {
    listen.retire()
    if (listen.handed === undefined) return
    this.#options.handed?.release(listen.handed)
    this.#parked.set(listen.handed, listen)
  }

  /** What was being bound again when everything was closed is closed, too. */
  #restore(listen: BoundListen): void {
    if (this.#isClosed) {
      listen.close()
      return
    }
    this.#bound.set(listen.id, listen)
    listen.open()
  }

  #renew(listen: BoundListen, plan: Plan): void {
    try {
      listen.renew(plan)
    } catch (error) {
      const text = `chmod() of ${listen.path ?? listen.id} failed (${errnoText(error)})`
      this.#options.log.write('error', { text, server: listen.id })
    }
    if (!listen.hasOtherBacklog) return
    // The kernel could be told; Node has no way to, and binding anew would drop waiting clients.
    const text = `listen backlog of ${listen.id} takes effect at the next start`
    this.#options.log.write('warn', { text, server: listen.id })
  }

  #note(text: string): void {
    this.#options.log.write('notice', { text })
  }
}

/** The plan of every Listen that is to be bound. */
export function wantedPlans(policy: Policy): readonly Plan[] {
  const plans = new PlanTable(policy, (plan) => plan)
  return policy.listeners
    .flatMap((listener) => listener.listens)
    .map((listen) => plans.get(listen.id, undefined))
    .filter((plan) => plan.settings.enable.value)
}

/** Whether a socket takes IPv4 too is settled when it is bound. */
function isSameSocket(bound: BoundListen, plan: Plan): boolean {
  const { endpoint } = plan.listen
  const { endpoint: old } = bound.plan.listen
  if (endpoint.kind !== 'tcp' || old.kind !== 'tcp') return endpoint.kind === old.kind
  return endpoint.isIpv6Only === old.isIpv6Only
}

/** Whether a bound Listen may keep another one from being bound: they have one port. */
export function isInTheWay(bound: { readonly plan: Plan }, plan: Plan): boolean {
  const { endpoint } = plan.listen
  const { endpoint: other } = bound.plan.listen
  return endpoint.kind === 'tcp' && other.kind === 'tcp' && endpoint.port === other.port
}

function took(socket: HandedSocket): string {
  return `took ${describe(socket)}`
}

function placeOf(listen: BoundListen): string {
  const { endpoint } = listen.plan.listen
  const isChosen = endpoint.kind === 'tcp' && endpoint.port === 0
  return isChosen ? `${listen.id} (port ${listen.port})` : listen.id
}
