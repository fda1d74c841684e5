// Who was turned away, the latest first, and why: each unfolds to its whole verdict.

import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { useIsHeld } from '../parts/hold.ts'
import { Section } from '../parts/section.tsx'
import { Source } from '../parts/source.tsx'
import { Cell, Table } from '../parts/table.tsx'
import type { Feeds } from '../state/live.ts'
import type { Finding, Limit, Refusal } from '../wire/shapes.ts'
import { count, counted, timeOfDay } from '../words/format.ts'
import { limitKind, limitName, outcomeOf, whyOf } from '../words/limits.ts'

/** Fits beside the limits; the rest is one press away. */
const shownFirst = 12

export function Refusals({ feeds }: { readonly feeds: Feeds }): ComponentChildren {
  const { value } = feeds.refusals
  const element = useRef<HTMLDivElement>(null)
  const isHeld = useIsHeld(element)
  const [openKey, setOpenKey] = useState('')
  const [showsAll, setShowsAll] = useState(false)
  const latest = value?.refusals ?? []
  const held = useRef(latest)
  // What somebody reads stays where it is: new ones wait behind a button.
  if (!isHeld && openKey === '') held.current = latest
  const newerCount = newerThan(held.current[0], latest)
  const show = (): void => {
    held.current = latest
    setOpenKey('')
  }
  const list = showsAll ? held.current : held.current.slice(0, shownFirst)
  const kept = value?.matchingCount ?? 0
  const note = kept === 0 ? undefined : `${counted(kept, 'refusal')} kept, the latest first`
  return (
    <Section id="refusals" title="Refused" feed={feeds.refusals} note={note}>
      <div ref={element}>
        {newerCount === 0 ? null : (
          <button type="button" class="newer" onClick={show}>
            Show {newerCount === latest.length ? 'the' : count(newerCount)} newer
          </button>
        )}
        {latest.length > 0 ? null : (
          <p class="empty">
            {value === undefined
              ? 'Waiting for the gate’s first answer.'
              : 'Nobody has been refused since the gate started.'}
          </p>
        )}
        <ol class="refusals">
          {list.map((refusal) => (
            <RefusalItem
              key={keyOf(refusal)}
              refusal={refusal}
              limits={feeds.limits.value?.limits ?? []}
              isOpen={keyOf(refusal) === openKey}
              onOpen={(isOpen) => setOpenKey(isOpen ? keyOf(refusal) : '')}
            />
          ))}
        </ol>
        {showsAll || held.current.length <= shownFirst ? null : (
          <button type="button" class="more" onClick={() => setShowsAll(true)}>
            Show {count(held.current.length - shownFirst)} earlier
          </button>
        )}
      </div>
    </Section>
  )
}

function keyOf({ atMs, sessionId }: Refusal): string {
  return `${atMs}-${sessionId}`
}

function newerThan(first: Refusal | undefined, latest: readonly Refusal[]): number {
  if (first === undefined) return latest.length
  const index = latest.findIndex((one) => keyOf(one) === keyOf(first))
  return index < 0 ? latest.length : index
}

interface RefusalProps {
  readonly refusal: Refusal
  readonly limits: readonly Limit[]
  readonly isOpen: boolean
  readonly onOpen: (isOpen: boolean) => void
}

function RefusalItem({ refusal, limits, isOpen, onOpen }: RefusalProps): ComponentChildren {
  const { atMs, client, login, listen, findings, decidedBy, reason } = refusal
  const decided = findings[decidedBy]
  const whyId = `why-${keyOf(refusal)}`
  return (
    <li>
      <button
        type="button"
        class="unfold"
        aria-expanded={isOpen}
        aria-controls={whyId}
        onClick={() => onOpen(!isOpen)}
      >
        <time dateTime={new Date(atMs).toISOString()}>{timeOfDay(atMs)}</time>
        <span class="who">
          {login === undefined ? null : <b>{login} </b>}
          {client}
        </span>
        <span class="by">
          {decided === undefined ? reason : limitName(decided)}
          {decided === undefined || reason === 'exhausted'
            ? ' no room'
            : ` ${count(decided.usedCount)}/${count(decided.capMax ?? 0)}`}
          , at {listen}
        </span>
        <span class="hidden">, why?</span>
      </button>
      {isOpen ? (
        <div class="why" id={whyId}>
          <p class="because">{whyOf(refusal)}</p>
          <DecidedAt finding={decided} limits={limits} />
          <Findings refusal={refusal} />
        </div>
      ) : null}
    </li>
  )
}

interface DecidedProps {
  readonly finding: Finding | undefined
  readonly limits: readonly Limit[]
}

function DecidedAt({ finding, limits }: DecidedProps): ComponentChildren {
  if (finding === undefined) return null
  const written = limits.find(({ id }) => id === finding.limitId)
  // A reload may have moved it: then the place is right, and the text of it is not known any more.
  const isSame =
    written?.origin.file === finding.origin?.file && written?.origin.line === finding.origin?.line
  return <Source origin={finding.origin} text={isSame ? written?.line : undefined} />
}

const columns = [
  { title: 'Limits looked at, in order' },
  { title: 'Used / cap', isNumber: true },
  { title: 'Outcome' },
]

function Findings({ refusal }: { readonly refusal: Refusal }): ComponentChildren {
  const { findings, decidedBy, sessionId } = refusal
  const caption = `${counted(findings.length, 'limit')} looked at for session ${sessionId}`
  return (
    <Table class="findings" caption={caption} columns={columns}>
      {findings.map((finding, index) => (
        <tr
          key={`${finding.zone} ${finding.key}`}
          role="row"
          class={index === decidedBy ? 'decided' : ''}
        >
          <Cell>
            {limitName(finding)}
            <span class="kind">
              {limitKind(finding)}
              {finding.option === 'limit_conn' ? `, key ${finding.key}` : ''}
            </span>
          </Cell>
          <Cell class="number">
            {count(finding.usedCount)} /{' '}
            {finding.capMax === undefined ? 'no cap' : count(finding.capMax)}
          </Cell>
          <Cell>{outcomeOf(finding, index === decidedBy)}</Cell>
        </tr>
      ))}
    </Table>
  )
}
