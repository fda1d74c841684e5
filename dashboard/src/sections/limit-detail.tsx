// One limit unfolded: where it is written, its last hour, and another cap until the next reload.

import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import { Confirm } from '../parts/confirm.tsx'
import { HourChart } from '../parts/hour-chart.tsx'
import { Source } from '../parts/source.tsx'
import type { Feeds } from '../state/live.ts'
import { usePage } from '../state/use-live.ts'
import { problemOf } from '../wire/actions.ts'
import type { Limit } from '../wire/shapes.ts'
import { count, counted } from '../words/format.ts'
import { capForetold, limitKind, limitName } from '../words/limits.ts'

interface DetailProps {
  readonly limit: Limit
  readonly feeds: Feeds
}

export function LimitDetail({ limit, feeds }: DetailProps): ComponentChildren {
  return (
    <div class="limit-detail">
      <div>
        <Source origin={limit.origin} text={limit.line} />
        <p>{storyOf(limit)}</p>
        <CapForm limit={limit} />
      </div>
      <HourChart limit={limit} report={feeds.history.value} />
    </div>
  )
}

function storyOf(limit: Limit): string {
  const { stage, key, isDryRun, refusedTotal, exhaustedTotal, dryRunTotal } = limit
  const what = key === undefined ? 'Counts sessions' : `Counts sessions by ${key}`
  const when = stage === 'connect' ? 'when they connect' : 'once they are logged in'
  const did = isDryRun
    ? `A dry run: it would have refused ${count(dryRunTotal)} since the start, and refused nobody.`
    : `It refused ${counted(refusedTotal, 'session')} since the start.`
  const room =
    exhaustedTotal === 0 ? '' : ` Of these, ${count(exhaustedTotal)} for want of room in the zone.`
  return `${what} ${when}. ${did}${room}`
}

/** The largest number a count holds. */
const capLargest = 2 ** 31 - 1

function CapForm({ limit }: { readonly limit: Limit }): ComponentChildren {
  const { live, actions } = usePage()
  const field = useId()
  const [text, setText] = useState('')
  const [isAsking, setAsking] = useState(false)
  const capMax = Number(text)
  const isRight = /^\d{1,10}$/.test(text) && capMax <= capLargest
  const setCap = async (): Promise<string | undefined> => {
    const problem = problemOf(await actions.setCap(limit.id, capMax))
    if (problem === undefined) setText('')
    live.refresh()
    return problem
  }
  return (
    <form
      class="cap"
      onSubmit={(event) => {
        event.preventDefault()
        if (isRight) setAsking(true)
      }}
    >
      {limit.isChanged ? (
        <p class="changed">
          Changed by hand: the configuration says{' '}
          {limit.configuredMax === undefined ? 'no limit' : count(limit.configuredMax)}, and the
          next reload goes back to it.
        </p>
      ) : null}
      <label for={field}>Another cap, until the next reload</label>
      <span class="fields">
        <input
          id={field}
          inputMode="numeric"
          autoComplete="off"
          maxLength={10}
          value={text}
          placeholder={limit.capMax === undefined ? 'no cap' : String(limit.capMax)}
          onInput={({ currentTarget }) => setText(currentTarget.value.trim())}
        />
        <button type="submit" disabled={!isRight}>
          Set cap…
        </button>
      </span>
      <output>{foretold(limit, text, isRight)}</output>
      {isAsking ? (
        <Confirm
          title={`Set the cap to ${count(capMax)}?`}
          action={`Set it to ${count(capMax)}`}
          onConfirm={setCap}
          onClose={() => setAsking(false)}
        >
          <p>
            {limitName(limit)}, {limitKind(limit)}: now{' '}
            {limit.capMax === undefined ? 'no cap' : count(limit.capMax)}.
          </p>
          <p>{capForetold(limit, capMax)}</p>
          <p>The file is not changed: the next reload, or the next start, goes back to it.</p>
        </Confirm>
      ) : null}
    </form>
  )
}

function foretold(limit: Limit, text: string, isRight: boolean): string {
  if (text === '') return ''
  return isRight ? capForetold(limit, Number(text)) : 'A cap is a whole number.'
}
