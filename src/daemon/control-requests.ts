// Reads what comes over the control socket: every field checked, so that whoever answers can rely on
// it.

import { parseBlock } from '../base/address.ts'
import {
  budgetsListedMax,
  kickedMax,
  refusalsListedMax,
  sessionsListedMax,
} from './control-protocol.ts'
import type {
  BudgetsRequest,
  ControlRequest,
  KickRequest,
  RefusalsRequest,
  SessionFilter,
  SessionsRequest,
  SetLimitRequest,
} from './control-protocol.ts'
import { streamNames } from './feed/event-feed.ts'

const listedDefault = 100

type Fields = Readonly<Record<string, unknown>>
type Problem = { readonly problem: string }
type Parsed<T> = { readonly request: T } | Problem

/** Reads one request line; `problem` is a sentence for whoever wrote it. */
export function parseRequest(line: string): Parsed<ControlRequest> {
  const fields = parseObject(line)
  if (fields === undefined) return { problem: 'A request is one JSON object per line.' }
  switch (fields['request']) {
    case 'status':
    case 'limits':
      return { request: { request: fields['request'] } }
    case 'budgets':
      return budgetsRequest(fields)
    case 'sessions':
      return sessionsRequest(fields)
    case 'refusals':
      return refusalsRequest(fields)
    case 'explain':
      return explainRequest(fields['listen'], fields['from'])
    case 'events':
      return eventsRequest(fields['stream'])
    case 'kick':
      return kickRequest(fields)
    case 'set_limit':
      return setLimitRequest(fields)
    default:
      return {
        problem:
          'Unknown request: it is one of status, explain, sessions, budgets, limits, refusals, kick, set_limit, events.',
      }
  }
}

function budgetsRequest(fields: Fields): Parsed<BudgetsRequest> {
  const { sort = 'used' } = fields
  if (sort !== 'fill' && sort !== 'used') return { problem: '"sort" is "fill" or "used".' }
  const limit = countIn(fields, 'limit', { max: budgetsListedMax, absent: budgetsListedMax })
  if (typeof limit !== 'number') return limit
  const offset = countIn(fields, 'offset', { max: budgetsListedMax, absent: 0 })
  if (typeof offset !== 'number') return offset
  const texts = textsIn(fields, ['zone', 'limitId'])
  if ('problem' in texts) return texts
  return { request: { request: 'budgets', limit, offset, sort, ...texts } }
}

function sessionsRequest(fields: Fields): Parsed<SessionsRequest> {
  const limit = countIn(fields, 'limit', { max: sessionsListedMax, absent: listedDefault })
  if (typeof limit !== 'number') return limit
  const filter = filterIn(fields)
  if ('problem' in filter) return filter
  if (fields['afterId'] === undefined) return { request: { request: 'sessions', limit, ...filter } }
  const afterId = countIn(fields, 'afterId', { max: Number.MAX_SAFE_INTEGER, absent: 0 })
  if (typeof afterId !== 'number') return afterId
  return { request: { request: 'sessions', limit, ...filter, afterId } }
}

function refusalsRequest(fields: Fields): Parsed<RefusalsRequest> {
  const limit = countIn(fields, 'limit', { max: refusalsListedMax, absent: listedDefault })
  if (typeof limit !== 'number') return limit
  const texts = textsIn(fields, ['user', 'from', 'limitId'])
  if ('problem' in texts) return texts
  if (!isBlock(texts.from)) return notABlock
  const { before } = fields
  if (before === undefined) return { request: { request: 'refusals', limit, ...texts } }
  const cursor = typeof before === 'object' && before !== null ? { ...before } : {}
  const { atMs, sessionId }: { atMs?: unknown; sessionId?: unknown } = cursor
  if (typeof atMs !== 'number' || typeof sessionId !== 'number') {
    return { problem: '"before" is {"atMs": number, "sessionId": number}.' }
  }
  return { request: { request: 'refusals', limit, ...texts, before: { atMs, sessionId } } }
}

function explainRequest(listen: unknown, from: unknown): Parsed<ControlRequest> {
  if (typeof listen !== 'string' || typeof from !== 'string') {
    return { problem: '"listen" and "from" are text: a Listen and an address.' }
  }
  return { request: { request: 'explain', listen, from } }
}

function eventsRequest(asked: unknown): Parsed<ControlRequest> {
  const stream = streamNames.find((name) => name === asked)
  if (stream === undefined) return { problem: `"stream" is one of ${streamNames.join(', ')}.` }
  return { request: { request: 'events', stream } }
}

function kickRequest(fields: Fields): Parsed<KickRequest> {
  const { ids } = fields
  if (ids !== undefined) {
    const isRight = Array.isArray(ids) && ids.length <= kickedMax && ids.every(Number.isSafeInteger)
    // Checked: whole numbers.
    if (isRight) return { request: { request: 'kick', ids: ids as number[] } }
    return { problem: `"ids" is a list of at most ${kickedMax} numbers of sessions.` }
  }
  const filter = filterIn(fields)
  if ('problem' in filter) return filter
  if (Object.keys(filter).length === 0) {
    return { problem: 'A kick needs "ids", or what the sessions have in common.' }
  }
  const limit = countIn(fields, 'limit', { max: kickedMax, absent: listedDefault })
  if (typeof limit !== 'number') return limit
  return { request: { request: 'kick', limit, ...filter } }
}

function setLimitRequest(fields: Fields): Parsed<SetLimitRequest> {
  const { id } = fields
  if (typeof id !== 'string') return { problem: '"id" is the name of a limit.' }
  const capMax = countIn(fields, 'capMax', { max: capLargest })
  if (typeof capMax !== 'number') return capMax
  return { request: { request: 'set_limit', id, capMax } }
}

/** What fits the 32 bits of a count. */
export const capLargest: number = 2 ** 31 - 1

function filterIn(fields: Fields): SessionFilter | Problem {
  const texts = textsIn(fields, ['user', 'from', 'limitId'])
  if ('problem' in texts) return texts
  if (!isBlock(texts.from)) return notABlock
  const { olderMs } = fields
  if (olderMs === undefined) return texts
  if (typeof olderMs === 'number' && olderMs >= 0) return { ...texts, olderMs }
  return { problem: '"olderMs" is a number of milliseconds.' }
}

function isBlock(text: string | undefined): boolean {
  return text === undefined || parseBlock(text) !== undefined
}

const notABlock: Problem = { problem: '"from" is an address or a block, as in 10.0.0.0/8.' }

function countIn(
  fields: Fields,
  name: string,
  { max, absent }: { readonly max: number; readonly absent?: number },
): number | Problem {
  const { [name]: value = absent } = fields
  const isCount = typeof value === 'number' && Number.isSafeInteger(value)
  if (isCount && value >= 0 && value <= max) return value
  return { problem: `"${name}" is a number from 0 to ${max}.` }
}

function textsIn<K extends string>(
  fields: Fields,
  names: readonly K[],
): { readonly [P in K]?: string } | Problem {
  const found: { [P in K]?: string } = {}
  for (const name of names) {
    const value = fields[name]
    if (value === undefined) continue
    if (typeof value !== 'string') return { problem: `"${name}" is a text.` }
    found[name] = value
  }
  return found
}

function parseObject(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    // Checked: a JSON object has string keys, and its values stay unknown.
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
