// A trace from a log: what a reader of log lines has found, written as a recorder would have.

import type { Pseudonyms } from './pseudonyms.ts'
import { TraceEncoder } from './trace-encoder.ts'
import { traceVersion } from './trace.ts'
import type { TraceLimit, TraceListen, TraceSource } from './trace.ts'

/** What one line of a log tells. `key` tells the sessions of a log apart. */
export type LogFinding =
  | {
      readonly kind: 'connect'
      readonly key: string
      readonly listen: string
      readonly client: string
    }
  | { readonly kind: 'login'; readonly key: string; readonly user: string }
  | {
      readonly kind: 'refuse'
      readonly key: string
      readonly limit: TraceLimit
      readonly user?: string
    }
  | { readonly kind: 'close'; readonly key: string }
  /** All sessions end whose keys begin so: their process is gone. */
  | { readonly kind: 'gone'; readonly keyPrefix: string }
  /** About the session, but nothing that is counted. */
  | { readonly kind: 'sign'; readonly key: string }

export interface LogLine {
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** Absent: a line about something else. */
  readonly finding?: LogFinding
}

/** Undefined: not a line of such a log. */
export type LogLineReader = (line: string) => LogLine | undefined

export interface LogTraceOptions {
  readonly source: TraceSource
  readonly record: string
  readonly write: (line: string) => void
  readonly listenOf: (name: string) => string
  readonly pseudonyms?: Pseudonyms
  /**
   * A session that has not logged in and of which nothing is heard for so long has ended: some logs
   * do not say so. Absent: the log says of every session that it ends.
   */
  readonly silenceMs?: number
}

interface Session {
  readonly id: number
  readonly listen: TraceListen
  readonly client: string
  readonly openedMs: number
  lastMs: number
  isLoggedIn: boolean
  /** Its `opened` line stands in the trace. */
  isTold: boolean
}

export class LogTrace {
  readonly #options: LogTraceOptions
  readonly #encoder: TraceEncoder
  readonly #sessions = new Map<string, Session>()
  /** Those that have not logged in; the one that was heard of last stands last. */
  readonly #strangers = new Map<string, Session>()
  #lastId = 0
  #startMs: number | undefined
  #lastMs = 0
  lineCount = 0
  usedCount = 0
  otherCount = 0
  strangeCount = 0
  sessionCount = 0
  refusedCount = 0
  /** Ended since nothing was heard of them any more. */
  silentCount = 0
  /** Lines about sessions that began before the log does. */
  unknownCount = 0
  readonly listens: Map<string, string> = new Map()

  constructor(options: LogTraceOptions) {
    this.#options = options
    this.#encoder = new TraceEncoder(options.write)
  }

  get openCount(): number {
    return this.#sessions.size
  }

  take(line: LogLine | undefined): void {
    this.lineCount += 1
    if (line === undefined) {
      this.strangeCount += 1
      return
    }
    if (line.finding === undefined) {
      this.otherCount += 1
      return
    }
    this.usedCount += 1
    this.#begin(line.atMs)
    // A log of several processes is a second out of order here and there.
    this.#lastMs = Math.max(this.#lastMs, line.atMs)
    this.#endSilent()
    this.#apply(line.finding)
  }

  /** What is still open at the end of the log stays open at the end of the trace. */
  end(): void {
    for (const session of this.#sessions.values()) this.#tell(session)
  }

  #begin(atMs: number): void {
    if (this.#startMs !== undefined) return
    const { source, record, pseudonyms } = this.#options
    this.#startMs = atMs
    this.#lastMs = atMs
    this.#encoder.header({
      postern: 'trace',
      version: traceVersion,
      record,
      part: 1,
      startMs: atMs,
      source,
      ...(pseudonyms === undefined ? {} : { hashed: pseudonyms.bits }),
    })
    this.#encoder.begin(0)
    this.#encoder.started()
  }

  #apply(finding: LogFinding): void {
    switch (finding.kind) {
      case 'connect':
        this.#end(finding.key)
        this.#connect(finding)
        return
      case 'gone':
        // What is deleted on the way is not met again.
        for (const key of this.#sessions.keys()) {
          if (key.startsWith(finding.keyPrefix)) this.#end(key)
        }
        return
      case 'close':
        if (!this.#end(finding.key)) this.unknownCount += 1
        return
      case 'login':
      case 'refuse':
      case 'sign':
        this.#applyTo(finding)
    }
  }

  #applyTo(finding: Extract<LogFinding, { readonly kind: 'login' | 'refuse' | 'sign' }>): void {
    const session = this.#sessions.get(finding.key)
    if (session === undefined) {
      this.unknownCount += 1
      return
    }
    session.lastMs = this.#lastMs
    this.#strangers.delete(finding.key)
    if (finding.kind === 'refuse') {
      this.#sessions.delete(finding.key)
      this.#refuse(session, finding)
      return
    }
    this.#tell(session)
    if (session.isLoggedIn) return
    if (finding.kind === 'sign') {
      this.#strangers.set(finding.key, session)
      return
    }
    session.isLoggedIn = true
    this.#encoder.authenticated(this.#atMs(), session.id, this.#login(finding.user))
  }

  #connect({ key, listen: name, client }: Extract<LogFinding, { readonly kind: 'connect' }>): void {
    const id = this.#options.listenOf(name)
    this.listens.set(name, id)
    this.#lastId += 1
    this.sessionCount += 1
    const session: Session = {
      id: this.#lastId,
      listen: { id },
      client: this.#options.pseudonyms?.address(client) ?? client,
      openedMs: this.#lastMs,
      lastMs: this.#lastMs,
      isLoggedIn: false,
      isTold: false,
    }
    this.#sessions.set(key, session)
    this.#strangers.set(key, session)
  }

  #refuse(
    session: Session,
    { limit, user }: Extract<LogFinding, { readonly kind: 'refuse' }>,
  ): void {
    this.refusedCount += 1
    const isAfterLogin = limit.stage === 'authenticated'
    // Told as opened only when it was: one that is refused at once is not.
    if (isAfterLogin) this.#tell(session)
    const { id, listen, client } = session
    this.#encoder.refused({
      atMs: this.#atMs(),
      id,
      listen,
      client,
      limit,
      used: limit.cap ?? 0,
      ...(isAfterLogin ? { login: this.#login(user ?? '') } : {}),
    })
  }

  #tell(session: Session): void {
    if (session.isTold) return
    session.isTold = true
    const { id, listen, client } = session
    this.#encoder.opened(this.#atMs(), id, listen, client)
  }

  #end(key: string): boolean {
    const session = this.#sessions.get(key)
    if (session === undefined) return false
    this.#sessions.delete(key)
    this.#strangers.delete(key)
    this.#tell(session)
    const lengthMs = this.#lastMs - session.openedMs
    this.#encoder.closed(this.#atMs(), session.id, session.listen, lengthMs)
    return true
  }

  #endSilent(): void {
    const { silenceMs } = this.#options
    if (silenceMs === undefined) return
    for (const [key, { lastMs }] of this.#strangers) {
      if (lastMs + silenceMs > this.#lastMs) return
      this.silentCount += 1
      this.#end(key)
    }
  }

  #login(user: string): { readonly user: string; readonly headers: []; readonly isUnix: false } {
    const login = { user, headers: [] as [], isUnix: false as const }
    const hidden = this.#options.pseudonyms?.login(login).user
    return typeof hidden === 'string' ? { ...login, user: hidden } : login
  }

  #atMs(): number {
    return this.#lastMs - (this.#startMs ?? 0)
  }
}
