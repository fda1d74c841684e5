// `postern record --from`: turns a log into a trace, and says how much of it was understood.

import { randomBytes } from 'node:crypto'
import { accessSync, constants, createReadStream, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parseEndpoint } from '../base/endpoint.ts'
import { nginxReader, nginxSilenceMs } from '../replay/from-nginx.ts'
import { postfixListens, postfixReader } from '../replay/from-postfix.ts'
import { LogTrace } from '../replay/log-trace.ts'
import type { LogLineReader } from '../replay/log-trace.ts'
import type { Pseudonyms } from '../replay/pseudonyms.ts'
import { TraceFiles } from '../replay/trace-files.ts'
import { exitCodes, UsageError } from './command.ts'
import { Progress } from './progress.ts'
import type { RecordFlags } from './record-command.ts'
import type { Terminal } from './terminal.ts'

export const traceFormats = ['postfix', 'nginx'] as const

export interface LogOptions {
  readonly flags: RecordFlags
  readonly file: string | undefined
  readonly terminal: Terminal
  readonly pseudonyms?: Pseudonyms
}

const defaultOut = 'postern.trace.gz'
/** A log is one trace, however large. */
const noRotation = { maxBytes: Infinity, keepCount: 1 }

export async function recordLog(options: LogOptions): Promise<number> {
  const { flags, file, terminal, pseudonyms } = options
  const format = traceFormats.find((known) => known === flags.from)
  if (format === undefined) throw new UsageError(`--from takes ${traceFormats.join(' or ')}`)
  if (file === undefined)
    throw new UsageError('--from needs the log: a file, or - for standard input')
  // Before an older trace gives way to one of nothing.
  if (file !== '-' && !isReadable(resolve(terminal.cwd, file))) {
    terminal.err(`postern: ${file} cannot be read\n`)
    return exitCodes.failed
  }
  const path = resolve(terminal.cwd, flags.out ?? defaultOut)
  const files = new TraceFiles({ path, ...noRotation })
  const names = listenNames(flags.listen ?? [])
  const trace = new LogTrace({
    source: format,
    record: randomBytes(8).toString('hex'),
    write: (line) => files.write(line),
    listenOf: (name) =>
      names.get(name) ?? (format === 'postfix' ? postfixListens[name] : undefined) ?? name,
    ...(format === 'nginx' ? { silenceMs: nginxSilenceMs } : {}),
    ...(pseudonyms === undefined ? {} : { pseudonyms }),
  })
  const read = format === 'postfix' ? postfixReader(yearOf(flags)) : nginxReader()
  files.open()
  const problem = await readLog({ file, read, trace, terminal })
  trace.end()
  await files.close()
  const failure = problem ?? files.failure?.message
  if (failure !== undefined) {
    terminal.err(`postern: ${failure}\n`)
    return exitCodes.failed
  }
  summarize(trace, { file, path, format, terminal })
  return trace.sessionCount === 0 ? exitCodes.failed : exitCodes.fine
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

interface Reading {
  readonly file: string
  readonly read: LogLineReader
  readonly trace: LogTrace
  readonly terminal: Terminal
}

/** Answers what went wrong. */
async function readLog({ file, read, trace, terminal }: Reading): Promise<string | undefined> {
  const progress = new Progress(terminal)
  const source: Readable =
    file === '-' ? process.stdin : createReadStream(resolve(terminal.cwd, file))
  const isPacked = file.endsWith('.gz')
  const input = isPacked ? source.pipe(createGunzip()) : source
  const lines = createInterface({ input, crlfDelay: Infinity })
  const failed = new Promise<string>((settle) => {
    const fail = (error: Error): void => settle(`${file}: ${error.message}`)
    for (const stage of [source, input, lines]) stage.on('error', fail)
  })
  lines.on('line', (line) => {
    trace.take(read(line))
    if (trace.lineCount % 4096 === 0) progress.show(() => `${trace.lineCount} lines`)
  })
  const done = new Promise<undefined>((settle) => lines.once('close', () => settle(undefined)))
  const problem = await Promise.race([failed, done])
  // A file that cannot be opened closes the reader, too; its error comes in the same turn.
  const late = await Promise.race([
    failed,
    new Promise<undefined>((settle) => setImmediate(settle, undefined)),
  ])
  progress.end()
  return problem ?? late
}

interface Summary {
  readonly file: string
  readonly path: string
  readonly format: (typeof traceFormats)[number]
  readonly terminal: Terminal
}

function summarize(trace: LogTrace, { file, path, format, terminal }: Summary): void {
  const { lineCount, usedCount, otherCount, strangeCount, sessionCount, refusedCount } = trace
  const say = (text: string): void => terminal.err(`${text}\n`)
  say(
    `${lineCount} lines: ${usedCount} used, ${otherCount} about something else, ${strangeCount} not understood`,
  )
  if (sessionCount === 0) {
    say(`postern: no session of ${format} in ${file}: is this its log?${levelHint(format)}`)
    return
  }
  say(
    `${sessionCount} sessions, ${refusedCount} of them refused, ${trace.openCount} open at the end`,
  )
  if (trace.silentCount > 0) {
    say(
      `${trace.silentCount} sessions end ${nginxSilenceMs / 1000} s after their last line: the log does not say when`,
    )
  }
  if (trace.unknownCount > 0)
    say(`${trace.unknownCount} lines about sessions that began before the log`)
  const listens = Array.from(trace.listens, ([name, id]) => (name === id ? id : `${name} = ${id}`))
  say(`Listens: ${listens.join(', ')}`)
  say(`postern replay ${path} --policy NEW.conf tries a policy on it`)
}

function levelHint(format: string): string {
  return format === 'nginx' ? ' It needs `error_log FILE info;`' : ''
}

function yearOf({ year }: RecordFlags): number {
  if (year === undefined) return new Date().getFullYear()
  if (!/^\d{4}$/.test(year)) throw new UsageError('--year takes a year, as in 2026')
  return Number(year)
}

function listenNames(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      const parsed = parseEndpoint(pair.slice(at + 1))
      if (at <= 0 || !('endpoint' in parsed)) {
        throw new UsageError('--listen takes NAME=LISTEN, as in submission=:587')
      }
      return [pair.slice(0, at), parsed.endpoint.text] as const
    }),
  )
}
