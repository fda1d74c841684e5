// Asks before anything changes. A native dialog: it keeps the focus inside, and Escape leaves it.

import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'

interface ConfirmProps {
  readonly title: string
  /** What will happen, and to whom. */
  readonly children: ComponentChildren
  /** Of the button that does it; absent: there is nothing to do but to read. */
  readonly action?: string
  /** Resolves with what went wrong; undefined closes the dialog. */
  readonly onConfirm: () => Promise<string | undefined>
  readonly onClose: () => void
  /** Id of what takes the focus when it is done: what it was opened from may be gone then. */
  readonly focusAfter?: string
}

export function Confirm({
  focusAfter,
  title,
  children,
  action,
  onConfirm,
  onClose,
}: ConfirmProps): ComponentChildren {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  useEffect(() => {
    // Where the focus was is where it returns: the browser sees to it when a dialog closes.
    dialog.current?.showModal()
  }, [])
  const confirm = async (): Promise<void> => {
    setBusy(true)
    const wrong = await onConfirm()
    setBusy(false)
    if (wrong !== undefined) return setProblem(wrong)
    dialog.current?.close()
    if (focusAfter !== undefined) document.getElementById(focusAfter)?.focus()
  }
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={onClose}>
      <h2 id={heading}>{title}</h2>
      <div class="told">{children}</div>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="buttons">
        <button type="button" onClick={() => dialog.current?.close()}>
          {action === undefined ? 'Close' : 'Cancel'}
        </button>
        {action === undefined ? null : (
          <button type="button" class="strong" disabled={isBusy} onClick={() => void confirm()}>
            {isBusy ? 'Asking the gate…' : action}
          </button>
        )}
      </div>
    </dialog>
  )
}
