// Long tables come in pages, so that neither the gate nor the browser works for what nobody reads.

import type { ComponentChildren } from 'preact'
import { count } from '../words/format.ts'

interface PagerProps {
  /** What is in the table: `keys`. */
  readonly what: string
  readonly offset: number
  readonly size: number
  readonly total: number
  readonly onOffset: (offset: number) => void
}

/** Nothing where everything is on one page. */
export function Pager({ what, offset, size, total, onOffset }: PagerProps): ComponentChildren {
  if (total <= size && offset === 0) return null
  const last = Math.min(total, offset + size)
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <span>
        {total === 0 ? 0 : count(offset + 1)} to {count(last)} of {count(total)}
      </span>
      <button
        type="button"
        disabled={offset === 0}
        onClick={() => onOffset(Math.max(0, offset - size))}
      >
        Previous {what}
      </button>
      <button type="button" disabled={last >= total} onClick={() => onOffset(offset + size)}>
        Next {what}
      </button>
    </nav>
  )
}
