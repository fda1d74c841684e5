// A load process: takes one order at a time over IPC and answers with its outcome. Runs apart from
// the harness so that the load's own work is on nobody's account.

import { performance } from 'node:perf_hooks'
import { moveBytes } from './bytes.ts'
import { Held } from './hold.ts'
import { rushLogins } from './login.ts'
import { probe } from './probe.ts'
import { rush } from './rush.ts'
import type { LoadOrder, Outcome } from './orders.ts'

type Result = Omit<Outcome, 'cpuMs'>

function carryOut(order: LoadOrder, held: Held): Promise<Result> {
  switch (order.kind) {
    case 'refusals':
    case 'sessions':
      return rush(order)
    case 'probe':
      return probe(order)
    case 'logins':
      return rushLogins(order)
    case 'push':
    case 'pull':
      return moveBytes(order)
    case 'hold':
      return held.open(order)
    case 'letGo': {
      const count = held.count
      held.letGo()
      return Promise.resolve({ count, failedCount: 0, elapsedMs: 0 })
    }
  }
}

function main(): void {
  const held = new Held()
  const onOrder = async (order: LoadOrder): Promise<void> => {
    const before = process.cpuUsage()
    const startedMs = performance.now()
    const result = await carryOut(order, held).catch((error: unknown): Result => {
      const elapsedMs = performance.now() - startedMs
      return { count: 0, failedCount: 1, firstFailure: String(error), elapsedMs }
    })
    const { user, system } = process.cpuUsage(before)
    process.send?.({ ...result, cpuMs: (user + system) / 1000 } satisfies Outcome)
  }
  process.on('message', (order: LoadOrder) => void onOrder(order))
  process.on('disconnect', () => process.exit(0))
  process.send?.({ ready: true })
}

main()
