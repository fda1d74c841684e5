// Ledgers in a store, behind the calls of the zone suite. A limit without a cap is counted with one
// that nobody reaches: the engine asks the store about caps only.

import type { Redis } from 'iovalkey'
import type { Ledger } from '../../src/engine/cluster/ledger.ts'
import { ask, budget } from '../kit/ledger.ts'
import type { BudgetRequest, OpenZones, Outcome } from './zone-suite.ts'

const farAway = 1_000_000

interface Holder {
  readonly ledger: Ledger
  readonly fields: readonly string[]
}

let opened = 0

export class ClusterZones implements OpenZones {
  readonly #ledgers: readonly Ledger[]
  readonly #control: Redis
  /** Every opening counts under names of its own. */
  readonly #mark: string
  readonly #holders = new Set<Holder>()
  #turn = 0

  constructor(ledgers: readonly Ledger[], control: Redis) {
    this.#ledgers = ledgers
    this.#control = control
    opened += 1
    this.#mark = `${opened}`
  }

  acquire(requests: readonly BudgetRequest[]): Promise<Outcome> {
    return this.#ask(this.#next(), requests, [])
  }

  exchange(held: unknown, requests: readonly BudgetRequest[]): Promise<Outcome> {
    const holder = held as Holder // what `acquire` gave out
    this.#holders.delete(holder)
    return this.#ask(holder.ledger, requests, holder.fields)
  }

  async release(held: unknown): Promise<void> {
    const holder = held as Holder // what `acquire` gave out
    this.#holders.delete(holder)
    holder.ledger.give(holder.fields)
    await holder.ledger.look([])
  }

  async usedCount(zone: string, key: string): Promise<number> {
    const [count = Number.NaN] = (await this.#next().look([this.#field(zone, key)])) ?? []
    return count
  }

  /** From outside: what really stands in the store. */
  async statesUsed(zone: string): Promise<number> {
    const keys = this.#ledgers.map(({ membership }) => membership.ownKey)
    const found = await Promise.all(keys.map((key) => this.#control.hkeys(key)))
    const prefix = this.#field(zone, '')
    return new Set(found.flat().filter((field) => field.startsWith(prefix))).size
  }

  async close(): Promise<void> {
    for (const holder of this.#holders) await this.release(holder)
  }

  async #ask(
    ledger: Ledger,
    requests: readonly BudgetRequest[],
    gives: readonly string[],
  ): Promise<Outcome> {
    const budgets = requests.map(({ zone, key, capMax = farAway, isDryRun = false }) =>
      budget(this.#field(zone, key), capMax, { isDryRun }),
    )
    const reply = await ask(ledger, budgets, gives)
    if (reply.kind === 'away') throw new Error('the store is away')
    const { usedCounts } = reply
    if (reply.kind === 'refused') return { refusedBy: reply.place, usedCounts }
    const holder: Holder = { ledger, fields: budgets.map(({ field }) => field) }
    this.#holders.add(holder)
    return { usedCounts, holder }
  }

  #field(zone: string, key: string): string {
    return `${this.#mark}.${zone}/${key}`
  }

  #next(): Ledger {
    this.#turn += 1
    const ledger = this.#ledgers[this.#turn % this.#ledgers.length]
    if (ledger === undefined) throw new Error('no ledgers')
    return ledger
  }
}
