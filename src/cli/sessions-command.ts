// `postern sessions`: who is connected to the running daemon.

import type { Command } from 'commander'
import { parseBlock } from '../base/address.ts'
import { askDaemon } from '../daemon/control-client.ts'
import { sessionsListedMax } from '../daemon/control-protocol.ts'
import type { SessionsReport, SessionsRequest, SessionView } from '../daemon/control-protocol.ts'
import { withDaemon } from './ask.ts'
import { commandLine, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { addSourceFlags } from './source.ts'
import type { SourceFlags } from './source.ts'
import { columns, json } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface SessionsFlags extends SourceFlags {
  readonly n: string
  readonly user?: string
  readonly from?: string
  readonly json?: true
}

const examples = [
  'postern sessions    the hundred oldest sessions',
  'postern sessions --user u@example.org    who is logged in as this user',
  'postern sessions --from 192.0.2.0/24 -n 10 --json    ten of a network, for a program',
]

export function sessionsCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern sessions',
    'List the sessions of the running daemon.',
    examples,
  )
  addSourceFlags(command)
    .option('-n <count>', `list at most so many, up to ${sessionsListedMax}`, '100')
    .option('--user <name>', 'only sessions that log in, or have logged in, as this user')
    .option('--from <block>', 'only sessions from this address or block, as in 10.0.0.0/8')
    .option('--json', 'print JSON')
  return commandLine(command, terminal, (parsed) => sessions(parsed, terminal))
}

function sessions(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<SessionsFlags>()
  const limit = Number(flags.n)
  if (!/^[0-9]{1,5}$/.test(flags.n) || limit > sessionsListedMax) {
    throw new UsageError(`-n takes a number from 0 to ${sessionsListedMax}`)
  }
  const { user, from } = flags
  if (from !== undefined && parseBlock(from) === undefined) {
    throw new UsageError('--from takes an address or a block, as in 10.0.0.0/8')
  }
  const request: SessionsRequest = {
    request: 'sessions',
    limit,
    ...(user === undefined ? {} : { user }),
    ...(from === undefined ? {} : { from }),
  }
  return withDaemon(flags, terminal, async (controlSocket) => {
    const report = await askDaemon(controlSocket, request)
    terminal.out(flags.json === true ? json(report) : sessionsText(report))
  })
}

const headings = ['ID', 'LISTEN', 'CLIENT', 'AGE', 'SILENT', 'STATE', 'USER', 'UPSTREAM', 'IN/OUT']

function sessionsText(report: SessionsReport): string {
  const rows = report.sessions.map(rowOf)
  const table = rows.length === 0 ? '' : columns([headings, ...rows])
  const { sessionsActive, matchingCount } = report
  const matching = matchingCount === sessionsActive ? '' : `, ${matchingCount} of them asked for`
  const hiddenCount = matchingCount - rows.length
  const more = hiddenCount > 0 ? `, ${hiddenCount} of them not listed` : ''
  return `${table}${sessionsActive} sessions open${matching}${more}\n`
}

function rowOf(session: SessionView): string[] {
  const { id, listen, client, ageMs, silentMs, state = 'ending', isTls, login, upstream } = session
  const { bytesFromClient = 0, bytesToClient = 0 } = session
  return [
    `*${id}`,
    listen,
    client,
    secondsText(ageMs),
    silentMs === undefined ? '' : secondsText(silentMs),
    isTls === true ? `${state}, TLS` : state,
    login ?? '',
    upstream ?? '',
    `${bytesFromClient}/${bytesToClient}`,
  ]
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
