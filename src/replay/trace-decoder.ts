// Reads lines of a trace and checks every field: traces come from files, and files get damaged.

import { PosternError } from '../base/errors.ts'
import { FastFields } from './fast-fields.ts'
import { lineKinds, lineLengthMax, traceSources, traceVersion } from './trace.ts'
import type {
  HashedBits,
  TraceHeader,
  TraceLimit,
  TraceListen,
  TraceLogin,
  TraceText,
  TraceVisitor,
} from './trace.ts'

type Line = readonly unknown[]

/** Letters of the commonest lines, as codes. */
const codes = {
  opened: lineKinds.opened.charCodeAt(0),
  closed: lineKinds.closed.charCodeAt(0),
  refused: lineKinds.refused.charCodeAt(0),
} as const

/** What is wrong with a line, for whoever knows its file and number. */
class BadLine extends Error {}

export class TraceDecoder {
  readonly #file: string
  readonly #visitor: TraceVisitor
  readonly #listens: TraceListen[] = []
  readonly #limits: TraceLimit[] = []
  readonly #fields = new FastFields()
  #lineNumber = 0
  #lastMs = 0

  /** `file` is the name for messages. */
  constructor(file: string, visitor: TraceVisitor) {
    this.#file = file
    this.#visitor = visitor
  }

  get lineNumber(): number {
    return this.#lineNumber
  }

  /** The line of `block` from `start` to `end`; throws a PosternError that names a wrong one. */
  line(block: string, start: number, end: number): void {
    this.#lineNumber += 1
    try {
      if (this.#lineNumber === 1) this.#visitor.header(headerOf(block.slice(start, end)))
      else if (!this.#isRead(block, start, end)) this.#dispatch(parseLine(block.slice(start, end)))
    } catch (error) {
      if (error instanceof BadLine) throw this.error(error.message)
      throw error
    }
  }

  error(problem: string): PosternError {
    const message = `${this.#file}:${Math.max(1, this.#lineNumber)}: ${problem}`
    return new PosternError('replay.bad_trace', message)
  }

  /** Reads the commonest lines the short way; false: it has to be read the long way. */
  #isRead(block: string, start: number, end: number): boolean {
    const fields = this.#fields
    const kind = fields.begin(block, start, end)
    if (kind !== codes.opened && kind !== codes.closed && kind !== codes.refused) return false
    const [at, id, listen] = [fields.count(), fields.count(), fields.count()]
    if (kind === codes.closed) {
      const lengthMs = fields.count()
      if (!fields.isAtEnd()) return false
      this.#visitor.closed(this.#time(at), id, this.#listen(listen), lengthMs)
      return true
    }
    const client = fields.text()
    if (kind === codes.opened) {
      if (!fields.isAtEnd()) return false
      this.#visitor.opened(this.#time(at), id, this.#listen(listen), client)
      return true
    }
    const [by, used] = [fields.count(), fields.count()]
    if (!fields.isAtEnd()) return false
    const limit = this.#known(this.#limits, by, 'limit')
    const atMs = this.#time(at)
    this.#visitor.refused({ atMs, id, listen: this.#listen(listen), client, limit, used })
    return true
  }

  #dispatch(line: Line): void {
    const visitor = this.#visitor
    switch (line[0]) {
      case lineKinds.opened:
        visitor.opened(this.#time(line[1]), countOf(line[2]), this.#listen(line[3]), text(line[4]))
        return
      case lineKinds.closed:
        visitor.closed(
          this.#time(line[1]),
          countOf(line[2]),
          this.#listen(line[3]),
          countOf(line[4]),
        )
        return
      case lineKinds.refused:
        this.#refused(line)
        return
      case lineKinds.authenticated:
        visitor.authenticated(this.#time(line[1]), countOf(line[2]), loginOf(line, 3))
        return
      case lineKinds.accepted:
        visitor.accepted(
          this.#time(line[1]),
          countOf(line[2]),
          this.#listen(line[3]),
          text(line[4]),
        )
        return
      case lineKinds.listen:
        this.#define(this.#listens, line[1], listenOf(line))
        return
      case lineKinds.limit:
        this.#define(this.#limits, line[1], limitOf(line[2]))
        return
      case lineKinds.openAtStart:
        this.#openAtStart(line)
        return
      default:
        this.#rare(line)
    }
  }

  #rare(line: Line): void {
    const visitor = this.#visitor
    switch (line[0]) {
      case lineKinds.begin:
        visitor.begin(this.#time(line[1]))
        return
      case lineKinds.started:
        visitor.started()
        return
      case lineKinds.replaced:
        visitor.replaced(this.#time(line[1]), countOf(line[2]))
        return
      case lineKinds.ended:
        visitor.ended(this.#time(line[1]))
        return
      case lineKinds.lost:
        visitor.lost(this.#time(line[1]), countOf(line[2]))
        return
      default:
        throw new BadLine(`unknown kind of line ${JSON.stringify(line[0])?.slice(0, 20) ?? ''}`)
    }
  }

  #refused(line: Line): void {
    this.#visitor.refused({
      atMs: this.#time(line[1]),
      id: countOf(line[2]),
      listen: this.#listen(line[3]),
      client: text(line[4]),
      limit: this.#known(this.#limits, line[5], 'limit'),
      used: countOf(line[6]),
      ...(line.length > 7 ? { login: loginOf(line, 7) } : {}),
    })
  }

  #openAtStart(line: Line): void {
    const state = line[5]
    if (state !== 0 && state !== 1 && state !== 2) throw new BadLine('the state is not 0, 1 or 2')
    this.#visitor.openAtStart({
      id: countOf(line[1]),
      listen: this.#listen(line[2]),
      client: text(line[3]),
      ageMs: countOf(line[4]),
      isAwaitingAddress: state === 0,
      ...(state === 2 ? { login: loginOf(line, 6) } : {}),
    })
  }

  /** Times never go backwards in a file. */
  #time(value: unknown): number {
    const atMs = countOf(value)
    if (atMs < this.#lastMs) throw new BadLine(`the time ${atMs} is before that of the line above`)
    this.#lastMs = atMs
    return atMs
  }

  #listen(number: unknown): TraceListen {
    return this.#known(this.#listens, number, 'Listen')
  }

  #known<T>(defined: readonly T[], number: unknown, what: string): T {
    const found = typeof number === 'number' ? defined[number] : undefined
    if (found === undefined) throw new BadLine(`there is no ${what} ${shown(number)} above`)
    return found
  }

  #define<T>(defined: T[], number: unknown, value: T): void {
    if (number !== defined.length) throw new BadLine(`number ${defined.length} should come next`)
    defined.push(value)
  }
}

function parseLine(line: string): Line {
  if (line.length > lineLengthMax) throw new BadLine('the line is too long to be one of a trace')
  const parsed = parseJson(line)
  if (!Array.isArray(parsed)) throw new BadLine('this is no line of a trace')
  return parsed
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new BadLine(line === '' ? 'the line is empty' : 'the line is damaged: this is not JSON')
  }
}

function headerOf(line: string): TraceHeader {
  const fields = line.startsWith('{') && line.length < lineLengthMax ? tryJson(line) : undefined
  // Checked: what is not undefined came out of `{`, so it is an object.
  const header = fields as Partial<Record<keyof TraceHeader, unknown>> | undefined
  if (header?.postern !== 'trace') {
    throw new BadLine(
      'this is no trace of Postern; make one with `postern record`, or with --from from a log',
    )
  }
  if (header.version !== traceVersion) {
    const version = shown(header.version)
    throw new BadLine(`version ${version} of the trace, where this Postern reads ${traceVersion}`)
  }
  const source = traceSources.find((known) => known === header.source)
  if (source === undefined) throw new BadLine(`unknown source ${shown(header.source)}`)
  const { hashed } = header
  return {
    postern: 'trace',
    version: traceVersion,
    record: text(header.record),
    part: countOf(header.part),
    startMs: countOf(header.startMs),
    source,
    ...(hashed === undefined ? {} : { hashed: bitsOf(hashed) }),
  }
}

function tryJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function bitsOf(value: unknown): HashedBits {
  const bits = fieldsOf(value)
  return { ipv4: countOf(bits['ipv4']), ipv6: countOf(bits['ipv6']) }
}

function listenOf(line: Line): TraceListen {
  const service = line[3]
  const services = ['smtp', 'ecstream', 'imap', 'pop3'] as const
  const known = services.find((one) => one === service)
  if (service !== undefined && known === undefined) {
    throw new BadLine(`unknown service ${shown(service)}`)
  }
  return { id: text(line[2]), ...(known === undefined ? {} : { service: known }) }
}

const options = ['service_sessions', 'listener_sessions', 'limit_conn'] as const
const tiers = ['block', 'shared', 'keyed'] as const
const stages = ['connect', 'authenticated'] as const

function limitOf(value: unknown): TraceLimit {
  const fields = fieldsOf(value)
  const { cap, on } = fields
  return {
    stage: oneOf(stages, fields['stage'], 'stage'),
    option: oneOf(options, fields['option'], 'option'),
    tier: oneOf(tiers, fields['tier'], 'tier'),
    zone: text(fields['zone']),
    scope: text(fields['scope']),
    ...(cap === undefined ? {} : { cap: countOf(cap) }),
    ...(on === undefined ? {} : { on: text(on) }),
  }
}

function oneOf<T>(known: readonly T[], value: unknown, what: string): T {
  const found = known.find((one) => one === value)
  if (found === undefined) throw new BadLine(`unknown ${what} ${shown(value)}`)
  return found
}

function loginOf(line: Line, at: number): TraceLogin {
  const user = line[at]
  const headers = line[at + 1] ?? []
  if (!Array.isArray(headers)) throw new BadLine('the headers of a login are a list')
  return {
    ...(user === null ? {} : { user: textOf(user) }),
    headers: headers.map((header: unknown) => {
      if (!Array.isArray(header)) throw new BadLine('a header is a name and a value')
      return [text(header[0]), textOf(header[1])] as const
    }),
    isUnix: line[at + 2] === 1,
  }
}

function textOf(value: unknown): TraceText {
  if (typeof value === 'string') return value
  return { base64: text(fieldsOf(value)['base64']) }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadLine(`${shown(value)} stands where an object should`)
  }
  // Checked: an object of JSON has string keys, and its values stay unknown.
  return value as Record<string, unknown>
}

function countOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new BadLine(`${shown(value)} stands where a number should`)
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new BadLine(`${shown(value)} stands where a text should`)
}

/** Short, and without anything that a terminal would take for a command. */
function shown(value: unknown): string {
  const written = value === undefined ? 'nothing' : JSON.stringify(value)
  return written.replaceAll(/[^ -~]/g, '?').slice(0, 40)
}
