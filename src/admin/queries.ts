// What a request may say, in its query, its path or its body. Whatever is not said here is an error:
// a filter that was misspelt and so left out would end the wrong sessions.

import * as v from 'valibot'
import { parseBlock } from '../base/address.ts'
import type { Schema } from './schemas.ts'

interface SessionFilterQuery {
  readonly user?: string
  readonly cidr?: string
  readonly limit?: string
  /** Milliseconds. */
  readonly older?: number
}

export interface KickQuery extends SessionFilterQuery {
  readonly count: number
}

interface SessionsQuery extends KickQuery {
  readonly after: number
}

interface BudgetsQuery {
  readonly sort: 'fill' | 'used'
  readonly zone?: string
  readonly limit?: string
  readonly count: number
  readonly offset: number
}

interface RefusalsQuery {
  readonly user?: string
  readonly cidr?: string
  readonly limit?: string
  readonly count: number
  readonly before?: { readonly atMs: number; readonly sessionId: number }
}

interface ExplainQuery {
  readonly listen: string
  readonly from: string
}

interface SessionParams {
  readonly id: number
}

interface LimitParams {
  readonly id: string
}

interface ReloadBody {
  readonly dry: boolean
}

interface LimitBody {
  readonly capMax: number
}

type NoFields = Readonly<Record<string, never>>

/** A page. A session has 500 bytes in JSON: half a megabyte, and some 5 ms of a processor. */
const pageMax = 1000
const pageDefault = 100
/** The longest key that is counted as it stands, and more than any name of a limit. */
const textMax = 1024
/** What fits the 32 bits of a count. */
const capMax = 2 ** 31 - 1

const text = v.pipe(v.string(), v.maxLength(textMax))

function number(
  what: string,
  max: number,
): v.SchemaWithPipe<
  readonly [
    v.StringSchema<undefined>,
    v.RegexAction<string, string>,
    v.TransformAction<string, number>,
    v.MaxValueAction<number, number, string>,
  ]
> {
  const message = `${what} is a number from 0 to ${max}`
  return v.pipe(
    v.string(),
    v.regex(/^[0-9]{1,16}$/, message),
    v.transform(Number),
    v.maxValue(max, message),
  )
}

const page = v.optional(number('count', pageMax), String(pageDefault))

const block = v.pipe(
  text,
  v.check(
    (value) => parseBlock(value) !== undefined,
    'cidr is an address or a block, as in 10.0.0.0/8',
  ),
)

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `90s`, `10m`, `1h`; a number alone is seconds. */
const duration = v.pipe(
  v.string(),
  v.regex(/^[0-9]{1,9}(ms|s|m|h|d)?$/, 'older is a time as in 90s, 10m or 1h'),
  v.transform((value) => {
    const [, digits = '0', unit = 's'] = /^([0-9]+)([a-z]*)$/.exec(value) ?? []
    return Number(digits) * (unitMs[unit === '' ? 's' : unit] ?? 1000)
  }),
)

const sessionFilter = {
  user: v.exactOptional(text),
  cidr: v.exactOptional(block),
  limit: v.exactOptional(text),
  older: v.exactOptional(duration),
}

export const sessionsQuery: Schema<SessionsQuery> = v.strictObject({
  ...sessionFilter,
  count: page,
  after: v.optional(number('after', Number.MAX_SAFE_INTEGER), '0'),
})

export const kickQuery: Schema<KickQuery> = v.strictObject({ ...sessionFilter, count: page })

export const budgetsQuery: Schema<BudgetsQuery> = v.strictObject({
  sort: v.optional(v.picklist(['fill', 'used'], 'sort is fill or used'), 'fill'),
  zone: v.exactOptional(text),
  limit: v.exactOptional(text),
  count: page,
  offset: v.optional(number('offset', 10_000), '0'),
})

/** As `nextBefore` of the page before says it. */
const cursor = v.pipe(
  v.string(),
  v.regex(/^[0-9]{1,16}-[0-9]{1,16}$/, 'before is the nextBefore of another page'),
  v.transform((value) => {
    const [atMs = 0, sessionId = 0] = value.split('-').map(Number)
    return { atMs, sessionId }
  }),
)

export const refusalsQuery: Schema<RefusalsQuery> = v.strictObject({
  user: v.exactOptional(text),
  cidr: v.exactOptional(block),
  limit: v.exactOptional(text),
  count: page,
  before: v.exactOptional(cursor),
})

export const explainQuery: Schema<ExplainQuery> = v.strictObject({ listen: text, from: text })

export const noQuery: Schema<NoFields> = v.strictObject({})

export const sessionParams: Schema<SessionParams> = v.strictObject({
  id: number('the session', Number.MAX_SAFE_INTEGER),
})
export const limitParams: Schema<LimitParams> = v.strictObject({ id: text })

export const noBody: Schema<NoFields> = v.strictObject({})

export const reloadBody: Schema<ReloadBody> = v.strictObject({
  /** Answers what would change, and changes nothing. */
  dry: v.optional(v.boolean(), false),
})

export const limitBody: Schema<LimitBody> = v.strictObject({
  /** 0 is no limit. */
  capMax: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(capMax)),
})
