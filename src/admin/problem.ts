// Every error of the admin API, in one shape: {"error": {"code", "message"}}.

import { unreachable } from '../base/assert.ts'
import type { Diagnostics, ProblemCode } from './view.ts'

export type StatusCode =
  400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 422 | 429 | 431 | 500 | 503

export interface Problem {
  readonly status: StatusCode
  readonly code: string
  /** A sentence for whoever asked. */
  readonly message: string
  readonly diagnostics?: Diagnostics
  readonly headers?: Readonly<Record<string, string>>
}

export function bodyOf({ code, message, diagnostics }: Problem): string {
  const more = diagnostics === undefined ? {} : { diagnostics }
  return `${JSON.stringify({ error: { code, message, ...more } })}\n`
}

export function problemResponse(problem: Problem): Response {
  const { status, headers } = problem
  return new Response(bodyOf(problem), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
  })
}

/** Of what the gate itself could not do. */
export function statusOf(code: ProblemCode): StatusCode {
  switch (code) {
    case 'bad_request':
      return 400
    case 'not_found':
      return 404
    case 'draining':
      return 409
    case 'reload_refused':
      return 422
    case 'unavailable':
      return 503
    default:
      return unreachable(code)
  }
}
