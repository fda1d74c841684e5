// Reload, its difference first, and drain.

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Confirm } from '../parts/confirm.tsx'
import { Section } from '../parts/section.tsx'
import { Source } from '../parts/source.tsx'
import { usePage } from '../state/use-live.ts'
import { problemOf } from '../wire/actions.ts'
import type { Change, ReloadAnswer, Status } from '../wire/shapes.ts'
import { tellChange } from '../words/changes.ts'
import { counted } from '../words/format.ts'

export function Steer({ status }: { readonly status: Status }): ComponentChildren {
  const { actions } = usePage()
  const [preview, setPreview] = useState<Preview>()
  const [problem, setProblem] = useState('')
  const [isAsking, setAsking] = useState(false)
  const [drains, setDrains] = useState(false)
  const look = async (): Promise<void> => {
    setAsking(true)
    const answer = await actions.previewReload()
    setAsking(false)
    const isWrong = answer.kind === 'refusal' && answer.diagnostics.length > 0
    setProblem(isWrong ? '' : (problemOf(answer) ?? ''))
    if (isWrong) setPreview({ isRight: false, diagnostics: answer.diagnostics })
    if (answer.kind === 'answer') setPreview({ isRight: true, ...answer.value })
  }
  const { isDraining, configuration, changedLimits } = status
  return (
    <Section id="steer" title="Steer">
      <div class="steer">
        <p>
          <button type="button" disabled={isAsking} onClick={() => void look()}>
            {isAsking ? 'Reading the configuration…' : 'Reload…'}
          </button>
          <span>
            Reads {configuration} and shows what would change before it does.
            {changedLimits.length === 0
              ? ''
              : ` ${counted(changedLimits.length, 'cap')} changed by hand would go back to what is written.`}
          </span>
        </p>
        <p>
          <button type="button" disabled={isDraining} onClick={() => setDrains(true)}>
            Drain…
          </button>
          <span>
            {isDraining
              ? 'Draining: nobody new is accepted, and the gate ends with its last session.'
              : 'Accepts nobody new, lets live sessions finish, and ends.'}
          </span>
        </p>
        <p class="problem" role="alert">
          {problem}
        </p>
      </div>
      {preview === undefined ? null : (
        <ReloadDialog preview={preview} onClose={() => setPreview(undefined)} />
      )}
      {drains ? <DrainDialog status={status} onClose={() => setDrains(false)} /> : null}
    </Section>
  )
}

/** What a reload would do, or why it cannot be done. */
type Preview = { readonly isRight: boolean } & Pick<
  ReloadAnswer,
  'diagnostics' | 'changes' | 'changeCount'
>

interface ReloadProps {
  readonly preview: Preview
  readonly onClose: () => void
}

function ReloadDialog({ preview, onClose }: ReloadProps): ComponentChildren {
  const { live, actions } = usePage()
  const { isRight, changes = [], changeCount, diagnostics } = preview
  const reload = async (): Promise<string | undefined> => {
    const problem = problemOf(await actions.reload())
    live.refresh()
    return problem
  }
  const title = isRight ? 'Reload the configuration?' : 'The configuration has mistakes'
  return (
    <Confirm
      title={title}
      {...(isRight ? { action: 'Apply it' } : {})}
      onConfirm={reload}
      onClose={onClose}
    >
      {diagnostics.length === 0 ? null : (
        <ul class="diagnostics">
          {diagnostics.map(({ severity, message, hint, span }) => (
            <li key={message} class={severity}>
              <b>{severity}</b> {message}
              {hint === undefined ? null : <em>{hint}</em>}
              <Source origin={span} />
            </li>
          ))}
        </ul>
      )}
      {isRight ? (
        <Changes changes={changes} count={changeCount ?? changes.length} />
      ) : (
        <p>What is in force now stays in force.</p>
      )}
      {isRight ? <p>No session is closed: live ones are counted under the new caps.</p> : null}
    </Confirm>
  )
}

interface ChangesProps {
  readonly changes: readonly Change[]
  /** Of all, where not all are listed. */
  readonly count: number
}

function Changes({ changes, count: total }: ChangesProps): ComponentChildren {
  if (changes.length === 0) return <p>Nothing would change.</p>
  return (
    <>
      <p>{counted(total, 'change')}:</p>
      <ul class="changes">
        {changes.map((change, index) => (
          <ChangeItem key={index} change={change} />
        ))}
      </ul>
      {total > changes.length ? (
        <p>… and {counted(total - changes.length, 'more', 'more')}.</p>
      ) : null}
    </>
  )
}

function ChangeItem({ change }: { readonly change: Change }): ComponentChildren {
  const { title, before, after } = tellChange(change)
  const { origin } = change
  return (
    <li>
      <b>{title}</b>
      {before === undefined ? null : <del>{before}</del>}
      {after === undefined ? null : <ins>{after}</ins>}
      {origin === undefined ? null : (
        <small>
          {origin.file}:{origin.line}
        </small>
      )}
    </li>
  )
}

interface DrainProps {
  readonly status: Status
  readonly onClose: () => void
}

function DrainDialog({ status, onClose }: DrainProps): ComponentChildren {
  const { live, actions } = usePage()
  const drain = async (): Promise<string | undefined> => {
    const problem = problemOf(await actions.drain())
    live.refresh()
    return problem
  }
  return (
    <Confirm title="Drain this gate?" action="Drain it" onConfirm={drain} onClose={onClose}>
      <p>
        It stops listening at once: new clients are not accepted at all, not even refused.{' '}
        {counted(status.sessionsActive, 'live session may finish', 'live sessions may finish')},
        then the gate ends, and this page with it. There is no way back but to start it again.
      </p>
    </Confirm>
  )
}
