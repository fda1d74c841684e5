// Asks the gate that served this page. A token is kept in memory only, and goes into a header, never
// into an address.

import type { Diagnostic, ErrorAnswer } from './shapes.ts'

/** Absent answers and refusals are ordinary here: the page says them in words. */
export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  /** The gate said no. */
  | Refused
  /** Nothing came, or nothing of ours. */
  | { readonly kind: 'silence'; readonly message: string }

export interface Refused {
  readonly kind: 'refusal'
  readonly status: number
  readonly message: string
  /** What is wrong with a configuration, and where. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface Asking {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: unknown
}

/** The gate answers in milliseconds; what takes this long will not come. */
const patienceMs = 10_000

export class GateClient {
  #token = ''

  get hasToken(): boolean {
    return this.#token !== ''
  }

  /** An empty one is none. */
  takeToken(token: string): void {
    this.#token = token
  }

  async ask<T>(path: string, { method = 'GET', body }: Asking = {}): Promise<Answer<T>> {
    try {
      const response = await fetch(path, {
        method,
        headers: this.#headers(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patienceMs),
        credentials: 'omit',
        redirect: 'error',
        cache: 'no-store',
      })
      return await read<T>(response)
    } catch (error) {
      return { kind: 'silence', message: silenceOf(error) }
    }
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    return this.#token === '' ? { ...more } : { ...more, authorization: `Bearer ${this.#token}` }
  }
}

async function read<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text()
  const value = parseJson(text)
  if (response.ok) {
    if (value === undefined && text !== '') {
      return { kind: 'silence', message: 'what answers here is not a gate' }
    }
    return { kind: 'answer', value: value as T } // as the gate's OpenAPI document defines it
  }
  return refusedWith(value, response.status)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function refusedWith(value: unknown, status: number): Refused {
  // Whatever stands between the gate and this page answers in ways of its own.
  const isOurs = typeof value === 'object' && value !== null && 'error' in value
  if (!isOurs) {
    const message = `What answers says HTTP status ${status}, and nothing that a gate would say.`
    return { kind: 'refusal', status, message, diagnostics: [] }
  }
  const { message, diagnostics = [] } = value.error as ErrorAnswer['error'] // as the gate defines it
  return { kind: 'refusal', status, message, diagnostics }
}

function silenceOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return `no answer within ${patienceMs / 1000} seconds`
  }
  return 'no connection'
}
