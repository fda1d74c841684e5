// Asks another node over its admin API. Its routes answer what the control socket answers, a page at a
// time.

import { request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { PosternError } from '../../base/errors.ts'
import { escapeText } from '../../base/escape.ts'
import type {
  ControlRequest,
  ControlResults,
  RefusalsReport,
  RefusalsRequest,
  SessionFilter,
  SessionsReport,
  SessionsRequest,
} from '../../daemon/control-protocol.ts'
import type { Node } from './node.ts'
import type { NodeAddress } from './node-address.ts'

export interface AdminNodeOptions {
  readonly name: string
  readonly address: NodeAddress
  readonly token?: string
  /** Certificates in place of the system's. */
  readonly ca?: Buffer
}

/** As on the control socket: a live daemon answers within a turn of its event loop. */
const answerWaitMs = 5000
/** A page of a thousand sessions has half a megabyte. */
const answerSizeMax = 16 * 1024 * 1024
/** What the API gives at a time. */
const pageMax = 1000

type Query = Readonly<Record<string, string | number | undefined>>
type Method = 'GET' | 'DELETE'

export function adminNode(options: AdminNodeOptions): Node {
  return {
    name: options.name,
    async ask<K extends keyof ControlResults>(
      request: Extract<ControlRequest, { readonly request: K }>,
    ): Promise<ControlResults[K]> {
      const answer = await askNode(options, request)
      // As its OpenAPI document says: each route answers what the control socket answers.
      return answer as ControlResults[K]
    },
  }
}

function askNode(options: AdminNodeOptions, request: ControlRequest): Promise<unknown> {
  switch (request.request) {
    case 'status':
    case 'limits':
      return call(options, 'GET', `/v1/${request.request}`, {})
    case 'budgets': {
      const { sort, zone, limitId: limit, offset } = request
      const count = Math.min(request.limit, pageMax)
      return call(options, 'GET', '/v1/budgets', { sort, zone, limit, offset, count })
    }
    case 'sessions':
      return sessionsOf(options, request)
    case 'refusals':
      return refusalsOf(options, request)
    case 'kick': {
      if (request.ids === undefined) {
        const count = Math.min(request.limit, pageMax)
        return call(options, 'DELETE', '/v1/sessions', { ...queryOf(request), count })
      }
      const [id] = request.ids
      return call(options, 'DELETE', `/v1/sessions/${id}`, {})
    }
    case 'explain':
    case 'set_limit':
    case 'events':
      return Promise.reject(nodeError(options, `no command asks ${request.request} of it`))
  }
}

function queryOf({ user, from, limitId, olderMs }: SessionFilter): Query {
  const older = olderMs === undefined ? undefined : `${Math.ceil(olderMs)}ms`
  return { user, cidr: from, limit: limitId, older }
}

async function sessionsOf(
  options: AdminNodeOptions,
  request: SessionsRequest,
): Promise<SessionsReport> {
  const query = queryOf(request)
  const sessions: SessionsReport['sessions'][number][] = []
  for (let after = 0; ;) {
    const count = Math.min(pageMax, request.limit - sessions.length)
    const page = (await call(options, 'GET', '/v1/sessions', {
      ...query,
      count,
      after,
    })) as SessionsReport & { readonly nextAfter?: number } // as its OpenAPI document says
    sessions.push(...page.sessions)
    const isDone = page.nextAfter === undefined || sessions.length >= request.limit
    if (isDone) return { ...page, sessions }
    after = page.nextAfter
  }
}

async function refusalsOf(
  options: AdminNodeOptions,
  request: RefusalsRequest,
): Promise<RefusalsReport> {
  const query = { user: request.user, cidr: request.from, limit: request.limitId }
  const refusals: RefusalsReport['refusals'][number][] = []
  for (let before: string | undefined; ;) {
    const count = Math.min(pageMax, request.limit - refusals.length)
    const page = (await call(options, 'GET', '/v1/refusals', {
      ...query,
      count,
      before,
    })) as RefusalsReport & { readonly nextBefore?: string } // as its OpenAPI document says
    refusals.push(...page.refusals)
    const isDone = page.nextBefore === undefined || refusals.length >= request.limit
    if (isDone) return { ...page, refusals }
    before = page.nextBefore
  }
}

async function call(
  options: AdminNodeOptions,
  method: Method,
  path: string,
  query: Query,
): Promise<unknown> {
  const words = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  const target = words.length === 0 ? path : `${path}?${words.join('&')}`
  const { status, text } = await exchange(options, method, target)
  const value = parsed(text)
  if (status === 200 && value !== undefined) return value
  // A session that is not there any more is an answer, not a failure.
  if (status === 404 && method === 'DELETE') return { matchingCount: 0, kickedIds: [] }
  throw nodeError(options, problemIn(value) ?? `it answered with HTTP status ${status}`)
}

function exchange(
  options: AdminNodeOptions,
  method: Method,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const { address, token, ca } = options
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const common: RequestOptions = { method, path, headers, agent: false }
  return new Promise((resolve, reject) => {
    const fail = (problem: string): void => reject(nodeError(options, problem))
    const onResponse = (response: IncomingMessage): void => {
      readText(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, text }),
        (error: unknown) => fail(error instanceof Error ? error.message : String(error)),
      )
    }
    const sent =
      address.kind === 'unix'
        ? httpRequest({ ...common, socketPath: address.path }, onResponse)
        : address.url.protocol === 'https:'
          ? httpsRequest(
              address.url,
              { ...common, ...(ca === undefined ? {} : { ca }) },
              onResponse,
            )
          : httpRequest(address.url, common, onResponse)
    sent.on('error', (error) => fail(error.message))
    sent.setTimeout(answerWaitMs, () => sent.destroy(new Error('no answer in time')))
    sent.end()
  })
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    const bytes = chunk as Buffer // no encoding is set
    chunks.push(bytes)
    size += bytes.length
    if (size > answerSizeMax) throw new Error('the answer is too long')
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The API's own words. They may come from anybody who listens there. */
function problemIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value)) return undefined
  const { error } = value
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined
  return typeof error.message === 'string' ? escapeText(error.message, 300) : undefined
}

function nodeError({ name }: AdminNodeOptions, problem: string): PosternError {
  return new PosternError('daemon.node', `node ${name}: ${problem}`)
}
