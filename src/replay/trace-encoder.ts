// Lines of a trace from what happened. Names of Listens and limits are written once in each file.

import { lineKinds } from './trace.ts'
import type {
  OpenAtStart,
  TraceHeader,
  TraceLimit,
  TraceListen,
  TraceLogin,
  TraceRefusal,
  TraceVisitor,
} from './trace.ts'

/** Writes lines of one file through `write`, which is given whole lines. */
export class TraceEncoder implements TraceVisitor {
  readonly #write: (line: string) => void
  readonly #listens = new Map<string, number>()
  readonly #limits = new Map<string, number>()

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  header(header: TraceHeader): void {
    this.#write(`${JSON.stringify(header)}\n`)
  }

  begin(atMs: number): void {
    this.#line(lineKinds.begin, atMs)
  }

  openAtStart(open: OpenAtStart): void {
    const { id, listen, client, ageMs, isAwaitingAddress, login } = open
    const state = isAwaitingAddress ? 0 : login === undefined ? 1 : 2
    const who = login === undefined ? [] : loginFields(login)
    this.#line(lineKinds.openAtStart, id, this.#listen(listen), client, ageMs, state, ...who)
  }

  started(): void {
    this.#line(lineKinds.started)
  }

  accepted(atMs: number, id: number, listen: TraceListen, client: string): void {
    this.#line(lineKinds.accepted, atMs, id, this.#listen(listen), client)
  }

  opened(atMs: number, id: number, listen: TraceListen, client: string): void {
    this.#line(lineKinds.opened, atMs, id, this.#listen(listen), client)
  }

  authenticated(atMs: number, id: number, login: TraceLogin): void {
    this.#line(lineKinds.authenticated, atMs, id, ...loginFields(login))
  }

  refused(refusal: TraceRefusal): void {
    const { atMs, id, listen, client, limit, used, login } = refusal
    const who = login === undefined ? [] : loginFields(login)
    const [at, by] = [this.#listen(listen), this.#limit(limit)]
    this.#line(lineKinds.refused, atMs, id, at, client, by, used, ...who)
  }

  closed(atMs: number, id: number, listen: TraceListen, lengthMs: number): void {
    this.#line(lineKinds.closed, atMs, id, this.#listen(listen), lengthMs)
  }

  replaced(atMs: number, revision: number): void {
    this.#line(lineKinds.replaced, atMs, revision)
  }

  lost(atMs: number, count: number): void {
    this.#line(lineKinds.lost, atMs, count)
  }

  ended(atMs: number): void {
    this.#line(lineKinds.ended, atMs)
  }

  #listen({ id, service }: TraceListen): number {
    const key = `${id}\n${service ?? ''}`
    const known = this.#listens.get(key)
    if (known !== undefined) return known
    const number = this.#listens.size
    this.#listens.set(key, number)
    this.#line(lineKinds.listen, number, id, ...(service === undefined ? [] : [service]))
    return number
  }

  #limit(limit: TraceLimit): number {
    const key = JSON.stringify(limit)
    const known = this.#limits.get(key)
    if (known !== undefined) return known
    const number = this.#limits.size
    this.#limits.set(key, number)
    this.#line(lineKinds.limit, number, limit)
    return number
  }

  #line(kind: string, ...fields: readonly unknown[]): void {
    this.#write(`${JSON.stringify([kind, ...fields])}\n`)
  }
}

function loginFields({ user, headers, isUnix }: TraceLogin): readonly unknown[] {
  // What is absent at the end is left out: most logins are a name and nothing else.
  if (isUnix) return [user ?? null, headers, 1]
  if (headers.length > 0) return [user ?? null, headers]
  return [user ?? null]
}
