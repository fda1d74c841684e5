// Budgets that were full a moment ago, so that a flood is refused without asking the store.

/**
 * A slot that another node gives back is seen after so long at the latest; a refused client needs
 * longer to come again.
 */
const freshMs = 100
/** Budgets kept in mind: more of them are full only when somebody tries many names. */
const budgetsMax = 4096

interface Hint {
  readonly usedCount: number
  readonly untilMs: number
}

export class FullHints {
  readonly #hints = new Map<string, Hint>()

  /** The count that was seen, if it was seen a moment ago. */
  usedCount(field: string, nowMs: number): number | undefined {
    const hint = this.#hints.get(field)
    if (hint === undefined) return undefined
    if (nowMs < hint.untilMs) return hint.usedCount
    this.#hints.delete(field)
    return undefined
  }

  learn(field: string, usedCount: number, nowMs: number): void {
    if (this.#hints.size >= budgetsMax) this.#hints.clear()
    this.#hints.set(field, { usedCount, untilMs: nowMs + freshMs })
  }

  /** This node gave a slot back. */
  forget(fields: readonly string[]): void {
    if (this.#hints.size === 0) return
    for (const field of fields) this.#hints.delete(field)
  }
}
