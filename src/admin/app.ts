// The admin API as one fetch handler: who may ask, what is asked, what is answered. Sockets, TLS and
// time limits are the server's business.

import { Hono } from 'hono'
import type { Context, Handler, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { secureHeaders } from 'hono/secure-headers'
import * as v from 'valibot'
import type { Endpoint } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import { mayChange, refuseOtherSites, requireAccess, requireOwnHost } from './access.ts'
import type { Access } from './access.ts'
import { EventReaders } from './events.ts'
import { History } from './history.ts'
import { Exposition } from './exposition.ts'
import type { PageFiles } from './page-files.ts'
import { problemResponse, statusOf } from './problem.ts'
import { routes } from './routes.ts'
import type { Route } from './routes.ts'
import type { AdminView, Answer } from './view.ts'
import { WorkBudget } from './work-budget.ts'

export interface AdminAppOptions {
  readonly view: AdminView
  readonly clock: Clock
  readonly endpoint: Endpoint
  /** Asked for each request: a reload may bring another token. */
  readonly access: () => Access
  readonly version: string
  /** Told of what is a defect; the caller is told nothing of it. */
  readonly onDefect: (error: Error) => void
  /** The live page; absent: this build has none. */
  readonly page?: PageFiles
}

export interface AdminApp {
  readonly fetch: (request: Request) => Response | Promise<Response>
  close(): void
}

/** A body is a handful of short fields. */
const bodyBytesMax = 16 * 1024

const busy = problemResponseOf('busy', 'Too much is asked for at this time; ask again in a second.')

function problemResponseOf(code: string, message: string): () => Response {
  return () => problemResponse({ status: 429, code, message, headers: { 'Retry-After': '1' } })
}

/**
 * Makes the API over a view of the gate.
 *
 * @example
 * const app = createAdmin({ view, clock, endpoint, access: () => ({ kind: 'owner' }), version, onDefect })
 * const response = await app.fetch(new Request('http://localhost/v1/status'))
 */
export function createAdmin(options: AdminAppOptions): AdminApp {
  const { view, clock, access, endpoint, version, page } = options
  const app = new Hono()
  const budget = new WorkBudget(clock)
  const history = new History(view, clock)
  const readers = new EventReaders(view)
  const exposition = new Exposition(view)
  history.start()
  app.onError((error) => {
    // What a middleware of hono refuses has its response with it.
    if (error instanceof HTTPException) return error.getResponse()
    options.onDefect(error)
    return problemResponse({ status: 500, code: 'defect', message: 'Postern found a defect.' })
  })
  app.notFound((c) =>
    problemResponse({ status: 404, code: 'no_route', message: `There is no ${c.req.path}.` }),
  )
  app.use(headers())
  app.use(requireOwnHost(access, endpoint))
  app.use(refuseOtherSites())
  app.use(methodNotAllowed({ app, onMethodNotAllowed }))
  // Before any token: there is nothing in it but the page itself, which asks for one.
  app.use(async (c, next) => (isRead(c) ? servePage(c, page) : undefined) ?? next())
  const runner: Runner = { view, history, budget, access }
  const handlers: readonly (readonly [string, string, Handler])[] = [
    ...routes.map((route) => {
      const handle = (c: Context): Promise<Response> => runRoute(c, route, runner)
      return [route.method, route.path, handle] as const
    }),
    ['get', '/v1/events', (c) => readers.answer(c)],
    ['get', '/v1/openapi.json', (c) => openApi(c, version)],
    ['get', '/metrics', () => exposition.response(budget)],
  ]
  const mayAsk = requireAccess(access)
  const hasBudget: MiddlewareHandler = async (_, next) => (budget.admit() ? next() : busy())
  for (const [method, path, handle] of handlers) {
    app.on(method.toUpperCase(), path, mayAsk, hasBudget, limitBody(), handle)
  }
  return {
    fetch: (request) => app.fetch(request),
    close() {
      history.stop()
      readers.close()
    },
  }
}

function servePage(c: Context, page: PageFiles | undefined): Response | undefined {
  const { path } = c.req
  const answer = page?.answer({ path, acceptEncoding: c.req.header('accept-encoding') })
  if (answer !== undefined) return new Response(answer.body, { headers: answer.headers })
  if (path !== '/' || page !== undefined) return undefined
  const message = 'This build has no web page: `npm run build` makes it.'
  return problemResponse({ status: 404, code: 'no_page', message })
}

function isRead(c: Context): boolean {
  return c.req.method === 'GET' || c.req.method === 'HEAD'
}

async function openApi(c: Context, version: string): Promise<Response> {
  // Some fifty kilobytes that hardly anybody asks for.
  const { openApiDocument } = await import('./openapi.ts')
  return c.json(openApiDocument(version), 200, { 'Cache-Control': 'no-store' })
}

/**
 * Nothing of another place may be loaded by the page, no other page may hold it, and no text may
 * become markup in it: trusted types are asked for, and there is no policy that makes any.
 */
function headers(): ReturnType<typeof secureHeaders> {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
      trustedTypes: ["'none'"],
    },
    // On this machine there is no TLS to insist on.
    strictTransportSecurity: false,
    xFrameOptions: 'DENY',
  })
}

function onMethodNotAllowed(c: Context, methods: readonly string[]): Response {
  return problemResponse({
    status: 405,
    code: 'method_not_allowed',
    message: `${c.req.path} takes ${methods.join(', ')}.`,
    headers: { Allow: methods.join(', ') },
  })
}

function limitBody(): ReturnType<typeof bodyLimit> {
  return bodyLimit({
    maxSize: bodyBytesMax,
    onError: () =>
      problemResponse({
        status: 413,
        code: 'too_large',
        message: `A body has at most ${bodyBytesMax} bytes.`,
      }),
  })
}

interface Runner {
  readonly view: AdminView
  readonly history: History
  readonly budget: WorkBudget
  readonly access: () => Access
}

async function runRoute(c: Context, route: Route, runner: Runner): Promise<Response> {
  const body = await readBody(c, route)
  if (body instanceof Response) return body
  const query = v.safeParse(route.query, c.req.query())
  if (!query.success) return badRequest('bad_query', query.issues)
  const params = route.params === undefined ? undefined : v.safeParse(route.params, c.req.param())
  if (params?.success === false) return badRequest('bad_path', params.issues)
  const { view, history, budget, access } = runner
  const inputs = { query: query.output, params: params?.output, body }
  const context = { view, history, access: mayChange(access(), c.req.header('authorization')) }
  const run = async (): Promise<Answer<unknown>> => route.run(inputs, context)
  const answer = route.isWalk ? await budget.walk(run) : await run()
  if (answer === undefined) return busy()
  if (answer.ok) {
    budget.charge(route.costOf(answer.result))
    return c.json(answer.result as object, 200, { 'Cache-Control': 'no-store' }) // as its schema says
  }
  const { code, problem: message, diagnostics } = answer
  const more = diagnostics === undefined ? {} : { diagnostics }
  return problemResponse({ status: statusOf(code), code, message, ...more })
}

/** JSON says so itself: what a form of another site's page sends does not. */
async function readBody(c: Context, route: Route): Promise<unknown> {
  const text = await c.req.text()
  if (route.body === undefined) {
    if (text === '') return undefined
    return problemResponse({ status: 400, code: 'bad_body', message: 'This takes no body.' })
  }
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (text !== '' && type !== 'application/json') {
    const message = 'A body is JSON, with Content-Type: application/json.'
    return problemResponse({ status: 415, code: 'not_json', message })
  }
  const parsed = v.safeParse(route.body, parseJson(text === '' ? '{}' : text))
  return parsed.success ? parsed.output : badRequest('bad_body', parsed.issues)
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    // To a schema of an object a list is one, too.
    return Array.isArray(value) ? undefined : value
  } catch {
    return undefined
  }
}

/** Says where and what; what was sent is not repeated. */
function badRequest(code: string, issues: readonly v.BaseIssue<unknown>[]): Response {
  const [issue] = issues
  const path = issue === undefined ? null : v.getDotPath(issue)
  const message = issue === undefined ? 'it is wrong' : explain(issue, path ?? 'the body')
  return problemResponse({ status: 400, code, message })
}

function explain(issue: v.BaseIssue<unknown>, where: string): string {
  if (issue.type === 'strict_object') {
    return issue.expected === 'never' ? `${where} is not known here` : `${where} is missing`
  }
  // A message of our own says all; one of the library's repeats what was received.
  if (!issue.message.startsWith('Invalid')) return issue.message
  return `${where} is to be ${issue.expected ?? 'something else'}`
}
