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
  /** Its line about being admitted, or refused, which may wait. */
  readonly arrival: Entry
}

/** One line of the trace to be. */
interface Entry {
  readonly atMs: number
  /** False: a session has come, and the log has yet to say whether it was refused at once. */
  isCertain: boolean
  isWritten: boolean
  write: (atMs: number) => void
}

/** So much later in the log, nobody is refused at once any more: times are whole seconds. */
const certainAfterMs = 2000

export class LogTrace {
  readonly #options: LogTraceOptions
  readonly #encoder: TraceEncoder
  readonly #sessions = new Map<string, Session>()
  /** Those that have not logged in; the one that was heard of last stands last. */
  readonly #strangers = new Map<string, Session>()
  /** Lines that wait for an uncertain one before them. */
  #entries: Entry[] = []
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
    const nowMs = Math.max(this.#lastMs, line.atMs)
    this.#endSilent(nowMs)
    this.#lastMs = nowMs
    this.#apply(line.finding)
    this.#writeCertain(this.#lastMs - certainAfterMs)
  }

  /** What is still open at the end of the log stays open at the end of the trace. */
  end(): void {
    this.#writeCertain(Infinity)
  }

  /** Writes, in order, up to the first line that is neither certain nor older. */
  #writeCertain(untilMs: number): void {
    const waiting = this.#entries.findIndex(({ isCertain, atMs }) => !isCertain && atMs > untilMs)
    const ready = waiting < 0 ? this.#entries.length : waiting
    if (ready === 0) return
    for (const entry of this.#entries.splice(0, ready)) {
      entry.isWritten = true
      entry.write(entry.atMs - (this.#startMs ?? 0))
    }
  }

  #add(write: Entry['write'], isCertain = true): Entry {
    const entry = { atMs: this.#lastMs, isCertain, isWritten: false, write }
    this.#entries.push(entry)
    return entry
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
    session.arrival.isCertain = true
    if (session.isLoggedIn) return
    if (finding.kind === 'sign') {
      this.#strangers.set(finding.key, session)
      return
    }
    session.isLoggedIn = true
    const login = this.#login(finding.user)
    this.#add((atMs) => this.#encoder.authenticated(atMs, session.id, login))
  }

  #connect({ key, listen: name, client }: Extract<LogFinding, { readonly kind: 'connect' }>): void {
    const id = this.#options.listenOf(name)
    this.listens.set(name, id)
    this.#lastId += 1
    this.sessionCount += 1
    const who = {
      id: this.#lastId,
      listen: { id },
      client: this.#options.pseudonyms?.address(client) ?? client,
    }
    const write: Entry['write'] = (atMs) =>
      this.#encoder.opened(atMs, who.id, who.listen, who.client)
    const arrival = this.#add(write, false)
    const times = { openedMs: this.#lastMs, lastMs: this.#lastMs }
    const session: Session = { ...who, ...times, isLoggedIn: false, arrival }
    this.#sessions.set(key, session)
    this.#strangers.set(key, session)
  }

  #refuse(
    session: Session,
    { limit, user }: Extract<LogFinding, { readonly kind: 'refuse' }>,
  ): void {
    this.refusedCount += 1
    const isAfterLogin = limit.stage === 'authenticated'
    const { id, listen, client, arrival } = session
    const who = {
      id,
      listen,
      client,
      limit,
      used: limit.cap ?? 0,
      ...(isAfterLogin ? { login: this.#login(user ?? '') } : {}),
    }
    const write: Entry['write'] = (atMs) => this.#encoder.refused({ atMs, ...who })
    arrival.isCertain = true
    // One that is refused at once was never admitted.
    if (!isAfterLogin && !arrival.isWritten) arrival.write = write
    else this.#add(write)
  }

  #end(key: string): boolean {
    const session = this.#sessions.get(key)
    if (session === undefined) return false
    this.#sessions.delete(key)
    this.#strangers.delete(key)
    session.arrival.isCertain = true
    const lengthMs = this.#lastMs - session.openedMs
    const { id, listen } = session
    this.#add((atMs) => this.#encoder.closed(atMs, id, listen, lengthMs))
    return true
  }

  #endSilent(nowMs: number): void {
    const { silenceMs } = this.#options
    if (silenceMs === undefined) return
    for (const [key, { lastMs }] of this.#strangers) {
      const endMs = lastMs + silenceMs
      if (endMs > nowMs) return
      this.silentCount += 1
      // Not before the line above, at which it was still thought to be there.
      this.#lastMs = Math.max(this.#lastMs, endMs)
      this.#end(key)
    }
  }

  #login(user: string): { readonly user: string; readonly headers: []; readonly isUnix: false } {
    const login = { user, headers: [] as [], isUnix: false as const }
    const hidden = this.#options.pseudonyms?.login(login).user
    return typeof hidden === 'string' ? { ...login, user: hidden } : login
  }
}
