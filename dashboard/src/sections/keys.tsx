// Who fills it: the budgets next to their caps, of all limits or of one.

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { LimitChoice } from '../parts/limit-choice.tsx'
import { Meter } from '../parts/meter.tsx'
import { Pager } from '../parts/pager.tsx'
import { Section } from '../parts/section.tsx'
import { Cell, Table } from '../parts/table.tsx'
import type { Feeds } from '../state/live.ts'
import { usePage } from '../state/use-live.ts'
import { budgetsPath, keysShown } from '../wire/questions.ts'
import type { Budget } from '../wire/shapes.ts'
import { count } from '../words/format.ts'
import { levelOf } from '../words/limits.ts'

const columns = [{ title: 'Key' }, { title: 'Fill' }, { title: 'Used / cap', isNumber: true }]

export function Keys({ feeds }: { readonly feeds: Feeds }): ComponentChildren {
  const { live } = usePage()
  const [limit, setLimit] = useState('')
  const [offset, setOffset] = useState(0)
  useEffect(() => live.ask('budgets', budgetsPath({ limit, offset })), [live, limit, offset])
  const { value } = feeds.budgets
  const budgets = value?.budgets ?? []
  const total = value?.matchingCount ?? 0
  const note =
    value === undefined
      ? undefined
      : `${count(total)}${value.isComplete ? '' : ' and more'}, the fullest first`
  return (
    <Section id="keys" title="Fullest keys" feed={feeds.budgets} note={note}>
      <form class="filter" onSubmit={(event) => event.preventDefault()}>
        <LimitChoice
          limits={feeds.limits.value?.limits ?? []}
          value={limit}
          onValue={(id) => {
            setLimit(id)
            setOffset(0)
          }}
        />
      </form>
      {budgets.length > 0 ? (
        <Table class="keys" caption="Keys that are counted, the fullest first" columns={columns}>
          {budgets.map((budget) => (
            <Key key={`${budget.zone} ${budget.key}`} budget={budget} />
          ))}
        </Table>
      ) : (
        <p class="empty">
          {value === undefined
            ? 'Waiting for the gate’s first answer.'
            : limit === ''
              ? 'Nobody is connected: nothing is counted.'
              : 'No session is counted by this limit now.'}
        </p>
      )}
      <Pager what="keys" offset={offset} size={keysShown} total={total} onOffset={setOffset} />
    </Section>
  )
}

function Key({ budget }: { readonly budget: Budget }): ComponentChildren {
  const { zone, key, usedCount, capMax } = budget
  return (
    <tr role="row" class={levelOf(budget)}>
      <Cell class="name">
        {key}
        <span class="kind">zone {zone}</span>
      </Cell>
      <Cell class="gauge">
        <Meter label={`Fill of ${key} in ${zone}`} usedCount={usedCount} capMax={capMax} />
      </Cell>
      <Cell class="number used">
        <b>{count(usedCount)}</b> / {capMax === undefined ? 'no cap' : count(capMax)}
        {levelOf(budget) === 'full' ? <b class="word">full</b> : null}
      </Cell>
    </tr>
  )
}
