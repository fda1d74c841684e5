// Whether this page may change anything, why not, and the field for a token.

import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import type { PageState } from '../state/live.ts'
import { usePage } from '../state/use-live.ts'

export function Access({ state }: { readonly state: PageState }): ComponentChildren {
  const { live } = usePage()
  const { gate, hasToken, feeds } = state
  const access = feeds.status.value?.access
  if (gate === 'locked') {
    const said = hasToken ? 'The gate does not take this token.' : 'The gate wants its token.'
    return (
      <section class="access" aria-label="Locked">
        <p>{said} It shows nothing without.</p>
        <TokenForm />
      </section>
    )
  }
  if (access === undefined) return null
  if (access.mayChange) {
    if (!hasToken) return null
    return (
      <p class="note">
        This page may change things, with the token you gave.{' '}
        <button type="button" onClick={() => live.takeToken('')}>
          Forget the token
        </button>
      </p>
    )
  }
  return (
    <section class="access" aria-label="Read-only">
      <p>
        <b>Read-only.</b> {access.takesToken ? wanted(hasToken) : access.why}
      </p>
      {access.takesToken ? <TokenForm /> : null}
    </section>
  )
}

function wanted(hasToken: boolean): string {
  return hasToken ? 'The gate does not take this token.' : 'Changes need the token of the gate.'
}

function TokenForm(): ComponentChildren {
  const { live } = usePage()
  const field = useId()
  const [token, setToken] = useState('')
  return (
    <form
      class="token"
      onSubmit={(event) => {
        event.preventDefault()
        live.takeToken(token.trim())
        setToken('')
      }}
    >
      <label for={field}>Token</label>
      <span class="fields">
        <input
          id={field}
          type="password"
          autoComplete="off"
          spellcheck={false}
          value={token}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
        />
        <button type="submit" disabled={token.trim() === ''}>
          Use it
        </button>
      </span>
      <small>Kept by this page until it is closed, and nowhere else.</small>
    </form>
  )
}
