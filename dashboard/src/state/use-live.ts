// The page's state and what it can do, for every part of it.

import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { Actions } from '../wire/actions.ts'
import type { Live, PageState } from './live.ts'

export interface Page {
  readonly live: Live
  readonly actions: Actions
}

export const PageContext = createContext<Page | undefined>(undefined)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (page === undefined) throw new Error('outside of the page')
  return page
}

export function useLive(live: Live): PageState {
  const [state, setState] = useState(live.state)
  useEffect(() => live.subscribe(() => setState(live.state)), [live])
  return state
}
