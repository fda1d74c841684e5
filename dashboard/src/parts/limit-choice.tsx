// Narrows a table to what one limit counts.

import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import type { Limit } from '../wire/shapes.ts'
import { limitKind, limitName } from '../words/limits.ts'

interface LimitChoiceProps {
  readonly limits: readonly Limit[]
  readonly value: string
  readonly onValue: (id: string) => void
}

export function LimitChoice({ limits, value, onValue }: LimitChoiceProps): ComponentChildren {
  const field = useId()
  // In the order of the configuration: a list that is sorted by fill changes while one reads it.
  return (
    <span class="field">
      <label for={field}>Limit</label>
      <select
        id={field}
        value={value}
        onChange={({ currentTarget }) => onValue(currentTarget.value)}
      >
        <option value="">any</option>
        {limits.map((limit) => (
          <option key={limit.id} value={limit.id}>
            {limitName(limit)}, {limitKind(limit)}
          </option>
        ))}
      </select>
    </span>
  )
}
