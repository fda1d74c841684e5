// Strangers wait here for their refusal while everybody behind them is accepted first.
//
// The kernel hands out its waiting clients one after the other, and a trusted one stands among them.
// Refusing takes longer than accepting, so whoever is to be refused is put aside until nobody is left
// to be accepted: the trusted client then waits for the accepting of those before it, not for their
// refusals (docs/decisions/0018-fairness-under-flood.md).

import type { Plan } from '../policy/plan.ts'
import type { AcceptedHandle } from './flood-lane.ts'

// A quarter of the smallest usual limit of open files (1024). A flood that has more than that waiting
// is slower accepted than it comes, and order would not help anybody any more.
const waitingMax = 256
// A tenth of a millisecond or two of refusals: so long may a client that comes now wait for them, and
// so long each step of one that is being let in. A turn costs too little to show.
const perTurnMax = 4

/** Refuses one client, in the words of its plan. */
export type RefuseHandle = (client: AcceptedHandle, plan: Plan) => void

/** A ring of clients, worked off in turns of the event loop that had nobody to accept. */
export class RefusalQueue {
  readonly #refuse: RefuseHandle
  readonly #clients: (AcceptedHandle | undefined)[] = []
  readonly #plans: (Plan | undefined)[] = []
  #first = 0
  #count = 0
  #isTurnAsked = false
  /** Somebody has come since the last turn: somebody else may stand behind. */
  #hasNewcomer = false
  readonly #onTurn = (): void => this.#turn()

  constructor(refuse: RefuseHandle) {
    this.#refuse = refuse
  }

  get waitingCount(): number {
    return this.#count
  }

  /** Takes a client in; the one who has waited longest is refused at once when there is no room. */
  put(client: AcceptedHandle, plan: Plan): void {
    if (this.#count === waitingMax) this.#refuseFirst()
    const at = (this.#first + this.#count) % waitingMax
    this.#clients[at] = client
    this.#plans[at] = plan
    this.#count += 1
    this.#hasNewcomer = true
    this.#askForTurn()
  }

  /** Refuses all that wait. */
  flush(): void {
    while (this.#count > 0) this.#refuseFirst()
  }

  #askForTurn(): void {
    if (this.#isTurnAsked) return
    this.#isTurnAsked = true
    setImmediate(this.#onTurn)
  }

  #turn(): void {
    this.#isTurnAsked = false
    if (this.#hasNewcomer) this.#hasNewcomer = false
    else for (let left = perTurnMax; left > 0 && this.#count > 0; left -= 1) this.#refuseFirst()
    if (this.#count > 0) this.#askForTurn()
  }

  #refuseFirst(): void {
    const client = this.#clients[this.#first]
    const plan = this.#plans[this.#first]
    this.#clients[this.#first] = undefined
    this.#plans[this.#first] = undefined
    this.#first = (this.#first + 1) % waitingMax
    this.#count -= 1
    if (client !== undefined && plan !== undefined) this.#refuse(client, plan)
  }
}
