// Slots that a ledger has borrowed in blocks and no session holds yet: the next sessions get them
// without asking. They count in the store as if they were held, so no cap is ever exceeded.

import type { Step } from './steps.ts'

interface Spare {
  count: number
  /** So many are kept of what sessions give back. */
  readonly keepMax: number
  /** One was taken since the last heartbeat. */
  isUsed: boolean
}

export class SpareSlots {
  readonly #spares = new Map<string, Spare>()

  countOf(field: string): number {
    return this.#spares.get(field)?.count ?? 0
  }

  entries(): Iterable<readonly [string, number]> {
    return Array.from(this.#spares, ([field, { count }]) => [field, count] as const)
  }

  /** Takes one of each, or none. */
  take(fields: readonly string[]): boolean {
    if (this.#spares.size === 0) return false
    if (!fields.every((field) => this.countOf(field) > 0)) return false
    for (const field of fields) {
      const spare = this.#spares.get(field)
      if (spare === undefined) continue
      spare.count -= 1
      spare.isUsed = true
    }
    return true
  }

  /** What a block brought. One slot is no block: the budget is nearly full, and nothing is kept. */
  borrowed(field: string, takenCount: number): void {
    const count = this.countOf(field) + takenCount - 1
    if (takenCount > 1) this.#spares.set(field, { count, keepMax: takenCount, isUsed: true })
    else if (count === 0) this.#spares.delete(field)
  }

  /** False: there are enough, the store gets it. */
  keep(field: string): boolean {
    const spare = this.#spares.get(field)
    if (spare === undefined || spare.count >= spare.keepMax) return false
    spare.count += 1
    return true
  }

  /** Those of budgets that nobody came for since the last time: they go back. */
  takeIdle(): Map<string, number> {
    const idle = new Map<string, number>()
    for (const [field, spare] of this.#spares) {
      if (!spare.isUsed) {
        this.#spares.delete(field)
        if (spare.count > 0) idle.set(field, spare.count)
      }
      spare.isUsed = false
    }
    return idle
  }

  /** All of them, which are spare no more. */
  takeAll(): readonly (readonly [string, number])[] {
    const all = Array.from(this.entries())
    this.#spares.clear()
    return all
  }
}

/**
 * Of a crowd that asks at once one brings a block, and the others a slot each. `borrowing`: budgets
 * for which a block is on its way.
 */
export function borrowOnce(step: Step, borrowing: Set<string>): Step {
  if (step.kind !== 'ask' || step.ask.budgets.every(({ wantMax }) => wantMax <= 1)) return step
  const budgets = step.ask.budgets.map((budget) => {
    if (budget.wantMax <= 1) return budget
    if (borrowing.has(budget.field)) return { ...budget, wantMax: 1 }
    borrowing.add(budget.field)
    return budget
  })
  return { ...step, ask: { ...step.ask, budgets } }
}
