// Who is connected, the oldest first; ending one of them, or all that a filter finds.

import type { ComponentChildren } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'
import { Confirm } from '../parts/confirm.tsx'
import { LimitChoice } from '../parts/limit-choice.tsx'
import { Section } from '../parts/section.tsx'
import { Cell, Table } from '../parts/table.tsx'
import type { Feeds } from '../state/live.ts'
import { usePage } from '../state/use-live.ts'
import { kickedMax, problemOf } from '../wire/actions.ts'
import { everySession, queryOf, sessionsPath } from '../wire/questions.ts'
import type { SessionFilter } from '../wire/questions.ts'
import type { Session } from '../wire/shapes.ts'
import { age, bytes, count, counted } from '../words/format.ts'

const columns = [
  { title: 'Client' },
  { title: 'At' },
  { title: 'State' },
  { title: 'Open', isNumber: true },
  { title: 'Silent', isNumber: true },
  { title: 'In / out', isNumber: true },
  { title: 'Kick', isSilent: true },
]

/** Typing is over when this long nothing was typed. */
const typingMs = 250

export function Sessions({ feeds }: { readonly feeds: Feeds }): ComponentChildren {
  const { live } = usePage()
  const [filter, setFilter] = useState(everySession)
  /** Where the pages begin that were turned, the one that is shown last. */
  const [turned, setTurned] = useState<readonly number[]>([])
  const after = turned.at(-1) ?? 0
  const [kicked, setKicked] = useState<Session>()
  const [kicksAll, setKicksAll] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => live.ask('sessions', sessionsPath(filter, after)), typingMs)
    return () => clearTimeout(timer)
  }, [live, filter, after])
  const { value } = feeds.sessions
  const sessions = value?.sessions ?? []
  const matching = value?.matchingCount ?? 0
  const isFiltered = Object.keys(queryOf(filter)).some((name) => queryOf(filter)[name] !== '')
  return (
    <Section id="sessions" title="Live sessions" feed={feeds.sessions} note={noteOf(feeds)}>
      <Filter
        filter={filter}
        feeds={feeds}
        onFilter={(other) => {
          setFilter(other)
          setTurned([])
        }}
        kickCount={isFiltered ? matching : 0}
        onKickAll={() => setKicksAll(true)}
      />
      {sessions.length === 0 ? (
        <p class="empty">{emptyText(value !== undefined, isFiltered)}</p>
      ) : (
        <Table class="sessions" caption="Live sessions, the oldest first" columns={columns}>
          {sessions.map((session) => (
            <Row key={session.id} session={session} onKick={() => setKicked(session)} />
          ))}
        </Table>
      )}
      {turned.length === 0 && value?.nextAfter === undefined ? null : (
        <Pages
          hasPrevious={turned.length > 0}
          next={value?.nextAfter}
          onPrevious={() => setTurned(turned.slice(0, -1))}
          onNext={(next) => setTurned([...turned, next])}
        />
      )}
      {kicked === undefined ? null : (
        <KickOne session={kicked} onClose={() => setKicked(undefined)} />
      )}
      {kicksAll ? (
        <KickAll filter={filter} matching={matching} onClose={() => setKicksAll(false)} />
      ) : null}
    </Section>
  )
}

interface PagesProps {
  readonly hasPrevious: boolean
  readonly next: number | undefined
  readonly onPrevious: () => void
  readonly onNext: (next: number) => void
}

function Pages({ hasPrevious, next, onPrevious, onNext }: PagesProps): ComponentChildren {
  return (
    <nav class="pager" aria-label="Pages of sessions">
      <button type="button" disabled={!hasPrevious} onClick={onPrevious}>
        Previous sessions
      </button>
      <button
        type="button"
        disabled={next === undefined}
        onClick={() => (next === undefined ? undefined : onNext(next))}
      >
        Next sessions
      </button>
    </nav>
  )
}

function noteOf(feeds: Feeds): string | undefined {
  const { value } = feeds.sessions
  if (value === undefined) return undefined
  const { sessions, matchingCount, sessionsActive } = value
  const shown = sessions.length < matchingCount ? `${count(sessions.length)} of ` : ''
  const all = matchingCount === sessionsActive ? '' : ` of ${count(sessionsActive)} live ones`
  return `${shown}${counted(matchingCount, 'session')}${all}, the oldest first`
}

function emptyText(isKnown: boolean, isFiltered: boolean): string {
  if (!isKnown) return 'Waiting for the gate’s first answer.'
  return isFiltered ? 'No live session is like that.' : 'Nobody is connected.'
}

const ages = [
  { title: 'any age', seconds: '' },
  { title: '1 minute', seconds: '60' },
  { title: '10 minutes', seconds: '600' },
  { title: '1 hour', seconds: '3600' },
  { title: '1 day', seconds: '86400' },
]

interface FilterProps {
  readonly filter: SessionFilter
  readonly feeds: Feeds
  readonly onFilter: (filter: SessionFilter) => void
  readonly kickCount: number
  readonly onKickAll: () => void
}

function Filter({ filter, feeds, onFilter, kickCount, onKickAll }: FilterProps): ComponentChildren {
  const [user, block, older] = [useId(), useId(), useId()]
  return (
    <form
      class="filter"
      role="search"
      aria-label="Sessions"
      onSubmit={(event) => event.preventDefault()}
    >
      <span class="field">
        <label for={user}>User</label>
        <input
          id={user}
          type="text"
          autoComplete="off"
          spellcheck={false}
          value={filter.user}
          onInput={({ currentTarget }) => onFilter({ ...filter, user: currentTarget.value })}
        />
      </span>
      <span class="field">
        <label for={block}>Address or block</label>
        <input
          id={block}
          type="text"
          autoComplete="off"
          spellcheck={false}
          placeholder="10.0.0.0/8"
          value={filter.cidr}
          onInput={({ currentTarget }) => onFilter({ ...filter, cidr: currentTarget.value.trim() })}
        />
      </span>
      <LimitChoice
        limits={feeds.limits.value?.limits ?? []}
        value={filter.limit}
        onValue={(limit) => onFilter({ ...filter, limit })}
      />
      <span class="field">
        <label for={older}>Older than</label>
        <select
          id={older}
          value={filter.older}
          onChange={({ currentTarget }) => onFilter({ ...filter, older: currentTarget.value })}
        >
          {ages.map(({ title, seconds }) => (
            <option key={seconds} value={seconds}>
              {title}
            </option>
          ))}
        </select>
      </span>
      {kickCount === 0 ? null : (
        <button type="button" onClick={onKickAll}>
          Kick {kickCount === 1 ? 'this one' : `these ${count(kickCount)}`}…
        </button>
      )}
    </form>
  )
}

interface SessionRowProps {
  readonly session: Session
  readonly onKick: () => void
}

function Row({ session, onKick }: SessionRowProps): ComponentChildren {
  const { id, listen, client, login, ageMs, state, isTls, upstream } = session
  const { silentMs, bytesFromClient, bytesToClient } = session
  return (
    <tr role="row">
      <Cell class="name">
        {login === undefined ? null : <b>{login} </b>}
        {client}
      </Cell>
      <Cell label="at">
        {listen}
        {isTls === true ? <b class="tag">TLS</b> : null}
      </Cell>
      <Cell label="state">
        {state === undefined ? 'ending' : state.replaceAll('_', ' ')}
        {upstream === undefined ? null : <span class="kind">to {upstream}</span>}
      </Cell>
      <Cell class="number" label="open">
        {age(ageMs)}
      </Cell>
      <Cell class="number" label="silent">
        {silentMs === undefined ? '' : age(silentMs)}
      </Cell>
      <Cell class="number" label="in / out">
        {bytesFromClient === undefined
          ? ''
          : `${bytes(bytesFromClient)} / ${bytes(bytesToClient ?? 0)}`}
      </Cell>
      <Cell class="act">
        <button
          type="button"
          aria-label={`Kick session ${id}, ${nameOf(session)}`}
          onClick={onKick}
        >
          Kick…
        </button>
      </Cell>
    </tr>
  )
}

function nameOf({ login, client }: Session): string {
  return login === undefined ? client : `${login} from ${client}`
}

interface KickOneProps {
  readonly session: Session
  readonly onClose: () => void
}

function KickOne({ session, onClose }: KickOneProps): ComponentChildren {
  const { live, actions } = usePage()
  const kick = async (): Promise<string | undefined> => {
    const problem = problemOf(await actions.kick(session.id))
    live.refresh()
    return problem
  }
  return (
    <Confirm
      title={`Kick ${nameOf(session)}?`}
      action="Kick it"
      onConfirm={kick}
      onClose={onClose}
      focusAfter="sessions-title"
    >
      <p>
        Session {session.id} at {session.listen}, open for {age(session.ageMs)}. Its connection is
        closed at once, and its slots are free. Mail clients connect again by themselves.
      </p>
    </Confirm>
  )
}

interface KickAllProps {
  readonly filter: SessionFilter
  readonly matching: number
  readonly onClose: () => void
}

function KickAll({ filter, matching, onClose }: KickAllProps): ComponentChildren {
  const { live, actions } = usePage()
  const kick = async (): Promise<string | undefined> => {
    const problem = problemOf(await actions.kickMatching(queryOf(filter)))
    live.refresh()
    return problem
  }
  const ended = Math.min(matching, kickedMax)
  const these = ended === 1 ? 'this session' : `these ${count(ended)} sessions`
  return (
    <Confirm
      title={`Kick ${these}?`}
      action={`Kick ${these}`}
      onConfirm={kick}
      onClose={onClose}
      focusAfter="sessions-title"
    >
      <p>
        {matching > ended ? `The first ${count(ended)} sessions` : 'All sessions'} that are like
        this when the gate carries it out:{' '}
        {Object.entries(queryOf(filter))
          .filter(([, said]) => said !== '')
          .map(([name, said]) => `${name} ${said}`)
          .join(', ')}
        . Their connections are closed at once.
      </p>
    </Confirm>
  )
}
