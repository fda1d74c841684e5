// A process with one ledger, for the tests: takes what it is told to, and says how much it got.

import type { StoreServer } from '../../src/adapters/iovalkey.ts'
import { ask, budget, startLedger, storeAt } from '../kit/ledger.ts'

export interface RaceOrder {
  readonly field: string
  readonly capMax: number
  /** So many sessions arrive here, all at once. */
  readonly arriving: number
}

/** `held` sessions were admitted; the rest was refused. */
export interface RaceAnswer {
  readonly held: number
  readonly away: number
}

/** Takes for an order, gives everything back for `give`. */
export type ProcessOrder = RaceOrder | 'give' | 'stop'

const [, , path = '', node = ''] = process.argv
const server: StoreServer = { kind: 'unix', path }
const store = storeAt([server])
// Long enough that a busy machine seldom costs it, short enough to wait half of it at the start.
const ledger = await startLedger({ store, node, leaseMs: 6000 })
let held: string[] = []

async function take({ field, capMax, arriving }: RaceOrder): Promise<RaceAnswer> {
  const asked = Array.from({ length: arriving }, () => ask(ledger, [budget(field, capMax)]))
  const replies = await Promise.all(asked)
  const granted = replies.filter(({ kind }) => kind === 'granted').length
  held = Array.from({ length: granted }, () => field)
  return { held: granted, away: replies.filter(({ kind }) => kind === 'away').length }
}

process.on('message', (order: ProcessOrder) => {
  void carryOut(order)
})

async function carryOut(order: ProcessOrder): Promise<void> {
  if (order === 'stop') {
    await ledger.stop()
    await store.close()
    process.disconnect()
    return
  }
  if (order === 'give') {
    ledger.give(held)
    held = []
    await ledger.look([])
    process.send?.('given')
    return
  }
  process.send?.(await take(order))
}

process.send?.('ready')
