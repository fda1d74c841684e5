// Ledgers over a real store, for tests.

import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { openStore } from '../../src/adapters/iovalkey.ts'
import type { StoreServer, StoreSettings } from '../../src/adapters/iovalkey.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { Clock } from '../../src/base/clock.ts'
import { Ledger } from '../../src/engine/cluster/ledger.ts'
import type { LedgerHandlers } from '../../src/engine/cluster/ledger.ts'
import { leaseTimes } from '../../src/engine/cluster/lease-times.ts'
import type { ScriptStore } from '../../src/engine/cluster/script-store.ts'
import type { AskedBudget, Reply } from '../../src/engine/cluster/steps.ts'
import { systemTimers } from '../../src/engine/cluster/timers.ts'

export function storeAt(
  servers: readonly StoreServer[],
  more: Partial<StoreSettings> = {},
): ScriptStore {
  return openStore({
    kind: 'single',
    servers,
    database: 0,
    tls: { isVerified: true },
    leaseMs: 1000,
    ...more,
  })
}

export interface LedgerText {
  readonly store: ScriptStore
  readonly node: string
  readonly prefix?: string
  readonly leaseMs?: number
  readonly clock?: Clock
  readonly handlers?: Partial<LedgerHandlers>
}

export function makeLedger(text: LedgerText): Ledger {
  const { store, node, prefix = 'test', leaseMs = 1000, clock = systemClock } = text
  const handlers = { onAway: () => {}, onCounting: () => {}, onDrift: () => {}, ...text.handlers }
  return new Ledger({
    store,
    prefix,
    holder: { node, worker: 1, instance: randomBytes(4).toString('hex') },
    times: leaseTimes(leaseMs),
    clock,
    timers: systemTimers,
    newEpoch: () => randomBytes(8).toString('hex'),
    handlers,
  })
}

/** A ledger that counts. */
export async function startLedger(text: LedgerText): Promise<Ledger> {
  const ledger = makeLedger(text)
  ledger.start()
  await untilCounting(ledger)
  return ledger
}

export async function untilCounting(ledger: Ledger): Promise<void> {
  const untilMs = performance.now() + 20_000
  while (ledger.lease.state !== 'counting') {
    if (performance.now() > untilMs) throw new Error(`ledger still ${ledger.lease.state}`)
    await wait(5)
  }
}

export function budget(
  field: string,
  capMax: number,
  more: Partial<AskedBudget> = {},
): AskedBudget {
  return { field, capMax, isDryRun: false, wantMax: 1, ...more }
}

/** What the ledger answers; who asks stays. */
export function ask(
  ledger: Ledger,
  budgets: readonly AskedBudget[],
  gives: readonly string[] = [],
): Promise<Reply> {
  return new Promise((resolve) => {
    const settle = (reply: Reply): boolean => {
      resolve(reply)
      return true
    }
    ledger.ask({ budgets, settle }, gives)
  })
}
