// What this page asks the gate, and where. Paths are relative, so that a proxy may put the page anywhere.

import type { Budgets, History, Limits, Refusals, Sessions, Status } from './shapes.ts'

/** The answer to each question that is asked again and again. */
export interface Answers {
  readonly status: Status
  readonly limits: Limits
  readonly refusals: Refusals
  readonly budgets: Budgets
  readonly sessions: Sessions
  readonly history: History
}

/** Rows on a page: as many as one looks through, few enough to draw in a blink. */
export const keysShown = 15
export const sessionsShown = 20
/** The latest refusals: under a flood more than one reads, else hours. */
const refusalsShown = 100

export interface SessionFilter {
  readonly user: string
  readonly cidr: string
  readonly limit: string
  /** Seconds. */
  readonly older: string
}

export const everySession: SessionFilter = { user: '', cidr: '', limit: '', older: '' }

export interface KeyFilter {
  readonly limit: string
  readonly offset: number
}

export function budgetsPath({ limit, offset }: KeyFilter): string {
  return pathOf('v1/budgets', { sort: 'fill', count: keysShown, limit, offset })
}

/** `after`: the number of the last session on the page before; 0 for the first page. */
export function sessionsPath(filter: SessionFilter, after = 0): string {
  return pathOf('v1/sessions', { ...queryOf(filter), count: sessionsShown, after })
}

export const startPaths: { readonly [K in keyof Answers]: string } = {
  status: 'v1/status',
  limits: 'v1/limits',
  refusals: `v1/refusals?count=${refusalsShown}`,
  budgets: budgetsPath({ limit: '', offset: 0 }),
  sessions: sessionsPath(everySession),
  history: 'v1/history',
}

export function queryOf({ user, cidr, limit, older }: SessionFilter): Record<string, string> {
  return { user, cidr, limit, older: older === '' ? '' : `${older}s` }
}

/** Nothing is asked for by an empty value. */
export function pathOf(path: string, query: Readonly<Record<string, string | number>>): string {
  const said = Object.entries(query)
    .filter(([, value]) => value !== '' && value !== 0)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return said.length === 0 ? path : `${path}?${said.join('&')}`
}
