// Which gate this is, how it is, and how old what the page shows is.

import type { ComponentChildren } from 'preact'
import { useNow } from '../parts/section.tsx'
import type { PageState } from '../state/live.ts'
import type { Status } from '../wire/shapes.ts'
import { age, count, timeOfDay } from '../words/format.ts'

export function Freshness({ state }: { readonly state: PageState }): ComponentChildren {
  const nowMs = useNow()
  const { gate, answeredMs, awayWhy } = state
  const past = answeredMs === undefined ? undefined : Math.max(0, nowMs - answeredMs)
  if (gate === 'starting') return <p class="freshness">Asking the gate…</p>
  if (gate === 'locked') return <p class="freshness away">Locked: the gate wants a token.</p>
  if (gate === 'away') {
    return (
      <p class="freshness away" role="alert">
        The gate does not answer ({awayWhy}).{' '}
        {answeredMs === undefined
          ? 'It has not answered yet.'
          : `What you see is from ${timeOfDay(answeredMs)}.`}
      </p>
    )
  }
  return (
    <p class="freshness">
      <i class="dot" aria-hidden="true" /> live,{' '}
      {past === undefined || past < 2000 ? 'now' : `${age(past)} ago`}
    </p>
  )
}

export function Facts({ status }: { readonly status: Status }): ComponentChildren {
  const { sessionsActive, admittedTotal, refusedTotal, revision, uptimeMs, audit, workers } = status
  return (
    <dl class="facts">
      <Fact name="sessions">{count(sessionsActive)}</Fact>
      <Fact name="admitted">{count(admittedTotal)}</Fact>
      <Fact name="refused">{count(refusedTotal)}</Fact>
      <Fact name="running for">{age(uptimeMs)}</Fact>
      <Fact name="revision">{count(revision)}</Fact>
      {workers === undefined ? null : (
        <Fact name="workers" isBad={workers.running < workers.configured}>
          {workers.running} of {workers.configured}
        </Fact>
      )}
      {audit === undefined || audit.drift === 0 ? null : (
        <Fact name="drift" isBad>
          {count(audit.drift)}
        </Fact>
      )}
    </dl>
  )
}

interface FactProps {
  readonly name: string
  readonly isBad?: boolean
  readonly children: ComponentChildren
}

function Fact({ name, isBad = false, children }: FactProps): ComponentChildren {
  return (
    <div class={isBad ? 'bad' : ''}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
