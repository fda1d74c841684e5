// Every limit, the fullest first: how full, how full it has been, and what it did in the last hour.

import type { ComponentChildren } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { useHeldOrder, useIsHeld } from '../parts/hold.ts'
import { Meter } from '../parts/meter.tsx'
import { Pager } from '../parts/pager.tsx'
import { Section } from '../parts/section.tsx'
import { RefusedSparkline, UsedSparkline } from '../parts/sparkline.tsx'
import { Cell, Table } from '../parts/table.tsx'
import { hoursOf, refusedIn, unknownHour } from '../state/hour.ts'
import type { Hour } from '../state/hour.ts'
import type { Feeds } from '../state/live.ts'
import type { Limit } from '../wire/shapes.ts'
import { count, counted } from '../words/format.ts'
import { byFill, levelOf, limitKind, limitName } from '../words/limits.ts'
import { LimitDetail } from './limit-detail.tsx'

/** Few gates have more; whoever has thousands turns pages. */
const pageSize = 50

const columns = [
  { title: 'Limit' },
  { title: 'Fill' },
  { title: 'Used / cap', isNumber: true },
  { title: 'Highest', isNumber: true },
  { title: 'Used, last hour' },
  { title: 'Refused, last hour' },
]

interface LimitsProps {
  readonly feeds: Feeds
}

export function Limits({ feeds }: LimitsProps): ComponentChildren {
  const [offset, setOffset] = useState(0)
  const [openId, setOpenId] = useState('')
  const element = useRef<HTMLDivElement>(null)
  const isHeld = useIsHeld(element)
  const limits = feeds.limits.value?.limits ?? []
  const sorted = useHeldOrder(limits.toSorted(byFill), isHeld)
  const hours = useMemo(() => hoursOf(feeds.history.value), [feeds.history.value])
  const shown = sorted.slice(offset, offset + pageSize)
  const fullCount = limits.filter((limit) => levelOf(limit) === 'full').length
  const note = `${counted(limits.length, 'limit')}, ${fullCount === 0 ? 'none full' : `${fullCount} full`}, the fullest first`
  return (
    <Section id="limits" title="Limits" feed={feeds.limits} note={note}>
      <div ref={element}>
        {limits.length === 0 ? <NoLimits isKnown={feeds.limits.value !== undefined} /> : null}
        {shown.length === 0 ? null : (
          <Table class="limits" caption="Limits, the fullest first" columns={columns}>
            {shown.map((limit) => (
              <LimitRows
                key={limit.id}
                limit={limit}
                hour={hours.get(limit.id) ?? unknownHour}
                feeds={feeds}
                isOpen={limit.id === openId}
                onOpen={(isOpen) => setOpenId(isOpen ? limit.id : '')}
              />
            ))}
          </Table>
        )}
        <Pager
          what="limits"
          offset={offset}
          size={pageSize}
          total={limits.length}
          onOffset={setOffset}
        />
      </div>
    </Section>
  )
}

function NoLimits({ isKnown }: { readonly isKnown: boolean }): ComponentChildren {
  if (!isKnown) return <p class="empty">Waiting for the gate’s first answer.</p>
  return <p class="empty">The configuration sets no limit: every session is let in.</p>
}

interface RowProps {
  readonly limit: Limit
  readonly hour: Hour
  readonly feeds: Feeds
  readonly isOpen: boolean
  readonly onOpen: (isOpen: boolean) => void
}

function LimitRows({ limit, hour, feeds, isOpen, onOpen }: RowProps): ComponentChildren {
  const { id, usedCount, capMax, highWaterCount, isDryRun, isChanged } = limit
  const name = limitName(limit)
  const refusedInHour = refusedIn(hour)
  const detailId = `detail-${id}`
  return (
    <>
      <tr role="row" class={levelOf(limit)}>
        <Cell class="name">
          <button
            type="button"
            class="unfold"
            aria-expanded={isOpen}
            aria-controls={detailId}
            onClick={() => onOpen(!isOpen)}
          >
            {name}
          </button>
          <span class="kind">
            {limitKind(limit)}
            {isDryRun ? <b class="tag">dry run</b> : null}
            {isChanged ? <b class="tag">changed</b> : null}
          </span>
        </Cell>
        <Cell class="gauge">
          <Meter
            label={`Fill of ${name}, ${limitKind(limit)}`}
            usedCount={usedCount}
            capMax={capMax}
            highWaterCount={highWaterCount}
            isDryRun={isDryRun}
          />
        </Cell>
        <Cell class="number used" label="used / cap">
          <b>{count(usedCount)}</b> / {capMax === undefined ? 'no cap' : count(capMax)}
          {levelOf(limit) === 'full' ? <b class="word">full</b> : null}
        </Cell>
        <Cell class="number high" label="highest">
          {count(highWaterCount)}
        </Cell>
        <Cell class="spark" label="used, last hour">
          <UsedSparkline name={name} values={hour.used} capMax={capMax} />
        </Cell>
        <Cell class={`spark ${refusedInHour > 0 ? 'refused' : 'quiet'}`} label="refused, last hour">
          <RefusedSparkline name={name} values={hour.refused} />
          <span aria-hidden="true">{count(refusedInHour)}</span>
        </Cell>
      </tr>
      {isOpen ? (
        <tr role="row" class="detail" id={detailId}>
          <td role="cell" colSpan={columns.length}>
            <LimitDetail limit={limit} feeds={feeds} />
          </td>
        </tr>
      ) : null}
    </>
  )
}
