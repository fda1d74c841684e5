// All listening sockets of a master: bound, or taken from those that were handed in, and held for as
// long as a policy wants them.

import { PosternError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { errnoText } from '../../gateway/errno.ts'
import { describe } from '../../gateway/handed-sockets.ts'
import type { HandedSockets } from '../../gateway/handed-sockets.ts'
import { HeldSocket } from '../../gateway/held-socket.ts'
import { isInTheWay, wantedPlans } from '../../gateway/listen-set.ts'
import type { Plan } from '../../policy/plan.ts'
import type { Policy } from '../../policy/policy.ts'

export interface HeldListensOptions {
  readonly log: Log
  readonly prefix: string
  /** Listening sockets that this process was given. */
  readonly handed?: HandedSockets
  /** Has every worker close these Listens, which a reload takes away. */
  readonly giveUp: (listenIds: readonly string[]) => Promise<unknown>
}

/** What a new policy brings. */
export interface HeldAddition {
  readonly added: HeldSocket[]
  /** Not wanted any more, and closed already: they were in the way of one of `added`. */
  readonly givenUp: HeldSocket[]
}

export class HeldListens {
  readonly #options: HeldListensOptions
  readonly #held = new Map<string, HeldSocket>()

  constructor(options: HeldListensOptions) {
    this.#options = options
  }

  get ids(): readonly string[] {
    return [...this.#held.keys()]
  }

  all(): readonly HeldSocket[] {
    return [...this.#held.values()]
  }

  /**
   * Binds what a policy wants and is missing, one after the other: of two that exclude each other
   * the second is the one named. `addition` says how far it came, also when it rejects.
   */
  async add(policy: Policy, addition: HeldAddition): Promise<void> {
    const plans = wantedPlans(policy)
    const wanted = new Set(plans.map((plan) => plan.listen.id))
    for (const plan of plans) {
      if (this.#held.has(plan.listen.id)) continue
      const held = await this.#holdBeside(plan, wanted, addition.givenUp)
      addition.added.push(held)
      this.#held.set(held.listenId, held)
    }
  }

  /**
   * Undoes `add`. Answers what had made room and is bound again, which the workers have to be given.
   */
  async takeBack({ added, givenUp }: HeldAddition): Promise<readonly HeldSocket[]> {
    this.#release(added)
    const restored: HeldSocket[] = []
    for (const { plan, listenId } of givenUp) {
      if (this.#held.has(listenId)) continue
      try {
        const held = await this.#hold(plan)
        this.#held.set(listenId, held)
        restored.push(held)
      } catch (error) {
        // Somebody took the address in the meantime. The others stay; the operator must hear of it.
        const text = `lost ${listenId}: ${error instanceof Error ? error.message : String(error)}`
        this.#options.log.write('crit', { text, server: listenId })
      }
    }
    return restored
  }

  /** The policy is in force: its modes hold, and what it does not want is closed. */
  settle(policy: Policy): void {
    const plans = wantedPlans(policy)
    for (const plan of plans) this.#renew(plan)
    const wanted = new Set(plans.map((plan) => plan.listen.id))
    this.#release(this.all().filter(({ listenId }) => !wanted.has(listenId)))
    this.#options.handed?.tell(plans, this.#options.log)
  }

  releaseAll(): void {
    this.#release(this.all())
  }

  /**
   * As ListenSet does for one worker: a Listen that is not wanted any more and excludes this one (a
   * wildcard and an address of one port) is closed first, here and in every worker.
   */
  async #holdBeside(
    plan: Plan,
    wanted: ReadonlySet<string>,
    givenUp: HeldSocket[],
  ): Promise<HeldSocket> {
    try {
      return await this.#hold(plan)
    } catch (error) {
      const inTheWay = this.all().filter(
        (held) => !wanted.has(held.listenId) && isInTheWay(held, plan),
      )
      const isTaken = PosternError.is(error) && error.code === 'gateway.address_in_use'
      if (!isTaken || inTheWay.length === 0) throw error
      await this.#options.giveUp(inTheWay.map(({ listenId }) => listenId))
      givenUp.push(...inTheWay)
      this.#release(inTheWay)
      return this.#hold(plan)
    }
  }

  /** Takes the socket that was handed in for it, or binds one. */
  async #hold(plan: Plan): Promise<HeldSocket> {
    const { handed: all, prefix, log } = this.#options
    const handed = all?.claim(plan.listen, prefix)
    if (handed === undefined) return HeldSocket.bind(plan, prefix)
    log.write('notice', { text: `took ${describe(handed)}` })
    return HeldSocket.take(plan, handed)
  }

  #renew(plan: Plan): void {
    const { id } = plan.listen
    try {
      this.#held.get(id)?.renew(plan)
    } catch (error) {
      const text = `chmod() of ${id} failed (${errnoText(error)})`
      this.#options.log.write('error', { text, server: id })
    }
  }

  #release(sockets: readonly HeldSocket[]): void {
    for (const socket of sockets) {
      socket.close()
      if (socket.handed !== undefined) this.#options.handed?.release(socket.handed)
      this.#held.delete(socket.listenId)
    }
  }
}
