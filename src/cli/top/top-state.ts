// What `postern top` is looking at, and what each key does to that. No screen, no daemon.

import type { SessionFilter } from '../../daemon/control-protocol.ts'
import { parseWho } from '../session-filter.ts'

export const views = ['limits', 'keys', 'sessions', 'refusals'] as const
export type View = (typeof views)[number]

export interface TopState {
  readonly view: View
  /** Of limits and keys: what comes first. */
  readonly sort: 'fill' | 'used'
  /** What was typed behind `/`, and is in force. */
  readonly filter: string
  /** Being typed. */
  readonly draft?: string
  /** Sessions and refusals of this limit only. */
  readonly limitId?: string
  /** Row of the view, from 0. */
  readonly selected: number
  readonly isPaused: boolean
  readonly isHelp: boolean
  /** A question that y answers. */
  readonly asksToKick?: { readonly ids: readonly number[]; readonly what: string }
  readonly message?: string
}

/** What the rows of the view stand for, first to last. */
export type Row =
  | { readonly kind: 'limit'; readonly id: string }
  | { readonly kind: 'key'; readonly limitIds: readonly string[] }
  | { readonly kind: 'session'; readonly id: number; readonly what: string }
  | { readonly kind: 'refusal' }

export type Effect =
  | { readonly kind: 'none' }
  | { readonly kind: 'quit' }
  /** The daemon is to be asked anew. */
  | { readonly kind: 'refresh' }
  | { readonly kind: 'kick'; readonly ids: readonly number[] }

export interface Step {
  readonly state: TopState
  readonly effect: Effect
}

/** What the daemon is asked for. */
export interface Asked {
  readonly sort: 'fill' | 'used'
  readonly sessions: SessionFilter
  readonly refusals: SessionFilter
}

export const firstState: TopState = {
  view: 'limits',
  sort: 'fill',
  filter: '',
  selected: 0,
  isPaused: false,
  isHelp: false,
}

const none: Effect = { kind: 'none' }
const refresh: Effect = { kind: 'refresh' }
/** Nobody types more, and it is shown on one line. */
const filterLengthMax = 100
const pageRows = 10

/** The words of the filter as `kick` understands them; a number is looked for among the rows. */
export function askedOf({ sort, filter, limitId }: TopState): Asked {
  const who = filter === '' ? undefined : parseWho(filter)
  const ofLimit = limitId === undefined ? {} : { limitId }
  const both = who?.kind === 'filter' ? { ...who.filter, ...ofLimit } : ofLimit
  return { sort, sessions: both, refusals: both }
}

export function onKey(state: TopState, key: string, rows: readonly Row[]): Step {
  if (key === 'interrupt') return { state, effect: { kind: 'quit' } }
  if (state.asksToKick !== undefined) return onAnswer(state, key)
  if (state.draft !== undefined) return onDraft(state, state.draft, key)
  if (state.isHelp) return { state: { ...state, isHelp: false }, effect: none }
  return onCommand(without(state, 'message'), key, rows)
}

function onAnswer({ asksToKick, ...state }: TopState, key: string): Step {
  if (key !== 'y' && key !== 'Y') {
    return { state: { ...state, message: 'nothing was ended' }, effect: none }
  }
  return { state, effect: { kind: 'kick', ids: asksToKick?.ids ?? [] } }
}

function onDraft(before: TopState, draft: string, key: string): Step {
  const state = without(before, 'draft')
  switch (key) {
    case 'enter':
      return { state: { ...state, filter: draft.trim(), selected: 0 }, effect: refresh }
    case 'escape':
      return { state, effect: none }
    case 'backspace':
      return { state: { ...state, draft: draft.slice(0, -1) }, effect: none }
    default: {
      const isCharacter = /^.$/su.test(key) && draft.length < filterLengthMax
      return { state: { ...state, draft: isCharacter ? draft + key : draft }, effect: none }
    }
  }
}

function onCommand(state: TopState, key: string, rows: readonly Row[]): Step {
  const view = views[Number(key) - 1]
  if (view !== undefined) return show(state, view)
  switch (key) {
    case 'q':
      return { state, effect: { kind: 'quit' } }
    case 'tab':
      return show(state, neighbour(state.view, 1))
    case 'back-tab':
      return show(state, neighbour(state.view, -1))
    case 'down':
    case 'j':
      return select(state, 1, rows)
    case 'up':
    case 'k':
      return select(state, -1, rows)
    case 'page-down':
      return select(state, pageRows, rows)
    case 'page-up':
      return select(state, -pageRows, rows)
    case 's':
      return {
        state: { ...state, sort: state.sort === 'fill' ? 'used' : 'fill', selected: 0 },
        effect: refresh,
      }
    case '/':
      return { state: { ...state, draft: state.filter }, effect: none }
    case 'escape':
      return { state: { ...without(state, 'limitId'), filter: '', selected: 0 }, effect: refresh }
    case 'enter':
      return enter(state, rows)
    case 'x':
      return askToKick(state, rows)
    case 'p':
    case ' ':
      return { state: { ...state, isPaused: !state.isPaused }, effect: none }
    case '?':
    case 'h':
      return { state: { ...state, isHelp: true }, effect: none }
    default:
      return { state, effect: none }
  }
}

function show(state: TopState, view: View): Step {
  return { state: { ...state, view, selected: 0 }, effect: none }
}

function neighbour(view: View, step: number): View {
  const at = (views.indexOf(view) + step + views.length) % views.length
  return views[at] ?? view
}

function select(state: TopState, by: number, rows: readonly Row[]): Step {
  const selected = Math.max(0, Math.min(rows.length - 1, state.selected + by))
  return { state: { ...state, selected }, effect: none }
}

/** From a limit or a key to the sessions that hold its slots. */
function enter(state: TopState, rows: readonly Row[]): Step {
  const row = rows[state.selected]
  const limitId = row?.kind === 'limit' ? row.id : row?.kind === 'key' ? row.limitIds[0] : undefined
  if (limitId === undefined) return { state, effect: none }
  return { state: { ...state, view: 'sessions', limitId, selected: 0 }, effect: refresh }
}

function askToKick(state: TopState, rows: readonly Row[]): Step {
  const row = rows[state.selected]
  if (row?.kind !== 'session') {
    const message = 'x ends the selected session: 3 shows the sessions'
    return { state: { ...state, message }, effect: none }
  }
  return { state: { ...state, asksToKick: { ids: [row.id], what: row.what } }, effect: none }
}

/** Without an optional part, which `undefined` would not leave out. */
function without(state: TopState, part: 'draft' | 'message' | 'limitId'): TopState {
  const { [part]: dropped, ...rest } = state
  return dropped === undefined ? state : rest
}
