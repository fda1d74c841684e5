// Every route of the admin API, in one table: the server is built from it, the OpenAPI document is,
// and the tests go through it.

import type * as v from 'valibot'
import type { CallerAccess } from './access.ts'
import type { History } from './history.ts'
import * as queries from './queries.ts'
import type { KickQuery } from './queries.ts'
import * as schemas from './schemas.ts'
import type { AdminView, Answer, SessionFilter } from './view.ts'

export interface RouteContext {
  readonly view: AdminView
  readonly history: History
  /** What the status says about who asks. */
  readonly access: CallerAccess
}

interface Inputs {
  readonly query: unknown
  readonly params: unknown
  readonly body: unknown
}

export interface Route {
  readonly method: 'get' | 'post' | 'delete'
  /** As hono writes it. */
  readonly path: string
  readonly summary: string
  readonly query: v.GenericSchema
  readonly params?: v.GenericSchema
  readonly body?: v.GenericSchema
  readonly answer: v.GenericSchema
  /** It looks at as many things as there are: few of them run at a time. */
  readonly isWalk: boolean
  run(inputs: Inputs, context: RouteContext): Promise<Answer<unknown>> | Answer<unknown>
  /** What the answer costs beyond the request itself. */
  costOf(result: unknown): number
}

/** A row of the table, whose parts have the types that its schemas say. */
interface Row<
  Q extends v.GenericSchema,
  P extends v.GenericSchema,
  B extends v.GenericSchema,
  A extends v.GenericSchema,
> {
  readonly method: Route['method']
  readonly path: string
  readonly summary: string
  readonly query?: Q
  readonly params?: P
  readonly body?: B
  readonly answer: A
  readonly isWalk?: boolean
  run(
    inputs: {
      readonly query: v.InferOutput<Q>
      readonly params: v.InferOutput<P>
      readonly body: v.InferOutput<B>
    },
    context: RouteContext,
  ): Promise<Answer<v.InferOutput<A>>> | Answer<v.InferOutput<A>>
  readonly costOf?: (result: v.InferOutput<A>) => number
}

function route<
  Q extends v.GenericSchema,
  P extends v.GenericSchema,
  B extends v.GenericSchema,
  A extends v.GenericSchema,
>(row: Row<Q, P, B, A>): Route {
  // What comes in was parsed by the row's own schemas, and what goes out is of its answer's type.
  const { query = queries.noQuery, isWalk = false, costOf = () => 0, ...rest } = row
  return { ...rest, query, isWalk, costOf }
}

const reading: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/status',
    summary: 'Totals, what is bound, and whether the daemon drains',
    answer: schemas.statusSchema,
    run: async (_, { view, access }) => {
      return { ok: true, result: { ...(await view.status()), access } }
    },
  }),
  route({
    method: 'get',
    path: '/v1/limits',
    summary: 'Every limit: its cap, how full it is, its high-water mark and what it refused',
    answer: schemas.limitsSchema,
    isWalk: true,
    run: (_, { view }) => view.limits(),
    costOf: ({ limits, zones }) =>
      limits.length + zones.reduce((sum, { statesUsed }) => sum + statesUsed / 20, 0),
  }),
  route({
    method: 'get',
    path: '/v1/budgets',
    summary: 'The fullest budgets, one for each key value that a limit counts',
    query: queries.budgetsQuery,
    answer: schemas.budgetsSchema,
    isWalk: true,
    run: ({ query }, { view }) => {
      const { limit: limitId, count: limit, ...more } = query
      return view.budgets({ ...more, limit, ...(limitId === undefined ? {} : { limitId }) })
    },
    costOf: ({ budgets, matchingCount }) => budgets.length + matchingCount / 20,
  }),
  route({
    method: 'get',
    path: '/v1/sessions',
    summary: 'Open sessions, in the order of their numbers',
    query: queries.sessionsQuery,
    answer: schemas.sessionsSchema,
    isWalk: true,
    run: async ({ query }, { view }) => {
      const { count: limit, after: afterId } = query
      const answer = await view.sessions({ ...filterOf(query), limit, afterId })
      if (!answer.ok) return answer
      const { sessions } = answer.result
      const last = sessions.length < limit ? undefined : sessions.at(-1)
      const next = last === undefined ? {} : { nextAfter: last.id }
      return { ok: true, result: { ...answer.result, ...next } }
    },
    costOf: ({ sessions, sessionsActive }) => sessions.length + sessionsActive / 50,
  }),
  route({
    method: 'get',
    path: '/v1/refusals',
    summary:
      'The last refusals, 10,000 for each worker at most, each a whole verdict; the latest first',
    query: queries.refusalsQuery,
    answer: schemas.refusalsSchema,
    isWalk: true,
    run: async ({ query }, { view }) => {
      const { cidr: from, limit: limitId, count: limit, user, before } = query
      const answer = await view.refusals({
        limit,
        ...(user === undefined ? {} : { user }),
        ...(from === undefined ? {} : { from }),
        ...(limitId === undefined ? {} : { limitId }),
        ...(before === undefined ? {} : { before }),
      })
      if (!answer.ok) return answer
      const { refusals } = answer.result
      const last = refusals.length < limit ? undefined : refusals.at(-1)
      const next = last === undefined ? {} : { nextBefore: `${last.atMs}-${last.sessionId}` }
      return { ok: true, result: { ...answer.result, ...next } }
    },
    costOf: ({ refusals, matchingCount }) => refusals.length * 3 + matchingCount / 50,
  }),
  route({
    method: 'get',
    path: '/v1/explain',
    summary: 'Every limit that a session from an address would meet on a Listen now, and why',
    query: queries.explainQuery,
    answer: schemas.explainSchema,
    run: ({ query }, { view }) => view.explain(query),
    costOf: () => 20,
  }),
  route({
    method: 'get',
    path: '/v1/history',
    summary: 'For each limit, how full it was and what it refused in the last hour',
    answer: schemas.historySchema,
    run: (_, { history }) => ({ ok: true, result: history.report() }),
    costOf: ({ limits }) => limits.length * 10,
  }),
]

const health: readonly Route[] = [
  route({
    method: 'get',
    path: '/healthz',
    summary: 'The daemon answers',
    answer: schemas.healthSchema,
    run: () => ({ ok: true, result: { status: 'ok' as const } }),
  }),
  route({
    method: 'get',
    path: '/readyz',
    summary: 'New sessions are accepted; 503 while the daemon drains',
    answer: schemas.healthSchema,
    run: (_, { view }) =>
      view.isDraining
        ? { ok: false, code: 'unavailable', problem: 'The daemon drains.' }
        : { ok: true, result: { status: 'ok' as const } },
  }),
]

const changing: readonly Route[] = [
  route({
    method: 'delete',
    path: '/v1/sessions/:id',
    summary: 'Ends one session',
    params: queries.sessionParams,
    answer: schemas.kickedSchema,
    run: async ({ params: { id } }, { view }) => {
      const answer = await view.kick({ ids: [id] })
      if (!answer.ok || answer.result.kickedIds.length > 0) return answer
      return { ok: false, code: 'not_found', problem: `There is no session ${id}.` }
    },
  }),
  route({
    method: 'delete',
    path: '/v1/sessions',
    summary: 'Ends the sessions that a filter finds, count of them at most',
    query: queries.kickQuery,
    answer: schemas.kickedSchema,
    isWalk: true,
    run: ({ query }, { view }) => {
      const filter = filterOf(query)
      if (Object.keys(filter).length > 0) return view.kick({ ...filter, limit: query.count })
      const problem = 'Say which sessions: by user, cidr, limit or older.'
      return { ok: false, code: 'bad_request', problem }
    },
    costOf: ({ kickedIds }) => kickedIds.length,
  }),
  route({
    method: 'post',
    path: '/v1/limits/:id',
    summary: 'Changes the cap of a limit until the next reload; 0 is no limit',
    params: queries.limitParams,
    body: queries.limitBody,
    answer: schemas.changedLimitSchema,
    run: ({ params: { id }, body: { capMax } }, { view }) => view.setLimit(id, capMax),
    costOf: () => 500,
  }),
  route({
    method: 'post',
    path: '/v1/reload',
    summary: 'Reads the configuration again; with dry, only says what would change',
    body: queries.reloadBody,
    answer: schemas.reloadSchema,
    run: ({ body: { dry } }, { view }) => (dry ? view.previewReload() : view.reload()),
    costOf: () => 2000,
  }),
  route({
    method: 'post',
    path: '/v1/drain',
    summary: 'Stops accepting; the daemon ends with its last session',
    body: queries.noBody,
    answer: schemas.drainSchema,
    run: async (_, { view }) => {
      const answer = view.drain()
      if (!answer.ok) return answer
      const { sessionsActive } = await view.status()
      return { ok: true, result: { isDraining: true, sessionsActive } }
    },
  }),
]

export const routes: readonly Route[] = [...reading, ...changing, ...health]

function filterOf(query: Omit<KickQuery, 'count'>): SessionFilter {
  const { user, cidr: from, limit: limitId, older: olderMs } = query
  return {
    ...(user === undefined ? {} : { user }),
    ...(from === undefined ? {} : { from }),
    ...(limitId === undefined ? {} : { limitId }),
    ...(olderMs === undefined ? {} : { olderMs }),
  }
}
