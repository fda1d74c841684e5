// `postern record`: writes what happens at the running daemon to a trace, or turns a log into one.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Pseudonyms } from '../replay/pseudonyms.ts'
import { Recorder } from '../replay/recorder.ts'
import { TraceFiles } from '../replay/trace-files.ts'
import { traceFormats } from './record-log.ts'
import { recordLog } from './record-log.ts'
import { recordLive } from './record-live.ts'
import { commandLine, exitCodes, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { addSourceFlags, readUsable } from './source.ts'
import type { SourceFlags } from './source.ts'
import type { Terminal } from './terminal.ts'
import { parseSize, parseTime, parseWhole } from './units.ts'

export interface RecordFlags extends SourceFlags {
  readonly maxSize: string
  readonly keep: string
  readonly for?: string
  readonly hash?: true
  readonly keepBits: string
  readonly saltFile?: string
  readonly from?: string
  readonly out?: string
  readonly listen?: readonly string[]
  readonly year?: string
}

const examples = [
  'postern record                              until Ctrl-C, to postern.trace.gz',
  'postern record day.trace.gz --for 24h       a day; files of 100 MB, ten of them',
  'postern record gift.trace.gz --hash         addresses and users replaced',
  'postern record --from postfix /var/log/mail.log --out mail.trace.gz',
  'postern record --from nginx /var/log/nginx/error.log --out mail.trace.gz',
]

export function recordCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern record',
    'Write what happens at the running daemon to a trace file, for postern replay. With --from, turn a log into a trace.',
    examples,
  )
  command.argument('[file]', 'the trace; with --from, the log, - for standard input')
  addSourceFlags(command)
    .option('--max-size <size>', 'begin a new file at this size', '100m')
    .option('--keep <count>', 'files kept beside the newest: FILE.1, FILE.2 ...', '10')
    .option('--for <time>', 'stop after so long, as in 24h')
    .option('--hash', 'replace addresses and users; equal ones stay equal')
    .option('--keep-bits <bits>', 'leave the first bits of addresses as they are', '16/32')
    .option('--salt-file <file>', 'hash as other records with this secret file do')
    .option('--from <log>', `make the trace of a log: ${traceFormats.join(' or ')}`)
    .option('--out <file>', 'with --from: the trace to write', 'postern.trace.gz')
    .option('--listen <name=listen...>', 'with --from: which Listen a service of the log is')
    .option('--year <year>', 'with --from: the year of the first line, for logs without one')
  return commandLine(command, terminal, (parsed) => record(parsed, terminal))
}

const defaultFile = 'postern.trace.gz'
/** More files than anybody looks at; each of a size of the operator's. */
const keepMax = 1000
/** A header and a few lines; smaller files would be one for each second. */
const sizeMin = 64 * 1024

async function record(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<RecordFlags>()
  const [file] = command.args
  const maxBytes = parseSize('--max-size', flags.maxSize)
  if (maxBytes < sizeMin) throw new UsageError('--max-size is 64k at least')
  const keepCount = parseWhole('--keep', flags.keep, keepMax)
  const forMs = flags.for === undefined ? undefined : parseTime('--for', flags.for)
  const pseudonyms = pseudonymsOf(flags, terminal)
  const hashing = pseudonyms === undefined ? {} : { pseudonyms }
  if (flags.from !== undefined) return recordLog({ flags, file, terminal, ...hashing })
  for (const name of ['out', 'listen', 'year']) {
    if (command.getOptionValueSource(name) === 'cli') {
      throw new UsageError(`--${name} belongs to --from`)
    }
  }
  const usable = readUsable(flags, terminal)
  if (usable === undefined) return exitCodes.failed
  const path = resolve(terminal.cwd, file ?? defaultFile)
  const files = new TraceFiles({ path, maxBytes, keepCount })
  const services = new Map(
    usable.policy.listeners.flatMap(({ listens, service }) =>
      listens.map(({ id }) => [id, service] as const),
    ),
  )
  const recorder = new Recorder({
    files,
    record: randomBytes(8).toString('hex'),
    serviceOf: (id) => services.get(id),
    ...hashing,
  })
  const { controlSocket } = usable.settings
  return recordLive({
    recorder,
    files,
    path,
    controlSocket,
    terminal,
    ...(forMs === undefined ? {} : { forMs }),
  })
}

/** Long enough that nobody guesses it. */
const saltLength = 32

function pseudonymsOf(flags: RecordFlags, terminal: Terminal): Pseudonyms | undefined {
  if (flags.hash !== true) {
    if (flags.saltFile !== undefined) throw new UsageError('--salt-file belongs to --hash')
    return undefined
  }
  const [, ipv4 = '', ipv6 = ''] = /^(\d{1,2})\/(\d{1,3})$/.exec(flags.keepBits) ?? []
  const bits = { ipv4: Number(ipv4), ipv6: Number(ipv6) }
  if (ipv4 === '' || bits.ipv4 > 32 || bits.ipv6 > 128) {
    throw new UsageError('--keep-bits takes a number for IPv4 and one for IPv6, as in 16/32')
  }
  return new Pseudonyms(saltOf(flags, terminal), bits)
}

function saltOf({ saltFile }: RecordFlags, terminal: Terminal): Uint8Array {
  if (saltFile === undefined) return randomBytes(saltLength)
  let salt: Uint8Array
  try {
    salt = readFileSync(resolve(terminal.cwd, saltFile))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`--salt-file: ${why}`)
  }
  if (salt.length >= saltLength) return salt
  throw new UsageError(
    `--salt-file holds ${saltLength} bytes at least; make one: head -c ${saltLength} /dev/urandom > FILE`,
  )
}
