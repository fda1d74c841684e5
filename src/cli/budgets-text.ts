// The budgets in use, as `postern status` shows them: the fullest first, and not all of them.

import { escapeText } from '../base/escape.ts'
import type { BudgetView } from '../engine/engine.ts'
import { connectZone } from '../policy/fallback.ts'
import { columns } from './terminal.ts'

// A screenful. A zone may have a key for each of a hundred thousand users; --json has ten thousand.
const shownMax = 20

// A key value has 255 bytes at most, and a terminal fewer columns.
const keyLengthMax = 80

/** `count` is how many there are in all, where not all were asked for. */
export function budgetsText(
  budgets: readonly BudgetView[],
  count: number = budgets.length,
): string {
  if (budgets.length === 0) return ''
  const fullest = budgets.toSorted((left, right) => right.usedCount - left.usedCount)
  const rows = fullest
    .slice(0, shownMax)
    .map((budget) => [`  ${nameOf(budget)}`, String(budget.usedCount)])
  const leftOut = count - rows.length
  const more = leftOut === 0 ? '' : `  and ${leftOut} more, see --json\n`
  return `\nBudgets in use:\n${columns(rows)}${more}`
}

/** Key values come from clients: nothing of them may move a terminal. */
function nameOf({ zone, key }: BudgetView): string {
  return zone === connectZone ? key : `zone "${zone}": "${escapeText(key, keyLengthMax)}"`
}
