// `postern sessions`: who is connected to the running daemon.

import type { Command } from 'commander'
import { askDaemon } from '../daemon/control-client.ts'
import { sessionsListedMax } from '../daemon/control-protocol.ts'
import type { SessionsReport } from '../daemon/control-protocol.ts'
import { withDaemon } from './ask.ts'
import { commandLine, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { addSourceFlags } from './source.ts'
import type { SourceFlags } from './source.ts'
import { columns, json } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface SessionsFlags extends SourceFlags {
  readonly n: string
  readonly json?: true
}

const examples = [
  'postern sessions                 the hundred oldest sessions',
  'postern sessions -n 10 --json    ten of them, for a program',
]

export function sessionsCommand(terminal: Terminal): CommandLine {
  const command = newCommand('sessions', 'List the sessions of the running daemon.', examples)
  addSourceFlags(command)
    .option('-n <count>', `list at most so many, up to ${sessionsListedMax}`, '100')
    .option('--json', 'print JSON')
  return commandLine(command, terminal, (parsed) => sessions(parsed, terminal))
}

function sessions(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<SessionsFlags>()
  const limit = Number(flags.n)
  if (!/^[0-9]{1,5}$/.test(flags.n) || limit > sessionsListedMax) {
    throw new UsageError(`-n takes a number from 0 to ${sessionsListedMax}`)
  }
  return withDaemon(flags, terminal, async (controlSocket) => {
    const report = await askDaemon(controlSocket, { request: 'sessions', limit })
    terminal.out(flags.json === true ? json(report) : sessionsText(report))
  })
}

function sessionsText(report: SessionsReport): string {
  const rows = report.sessions.map((session) => [
    `*${session.id}`,
    session.listen,
    session.client,
    `${(session.ageMs / 1000).toFixed(1)} s`,
    session.isAwaitingAddress ? 'awaiting its PROXY header' : '',
  ])
  const table = rows.length === 0 ? '' : columns([['ID', 'LISTEN', 'CLIENT', 'AGE', ''], ...rows])
  const hiddenCount = report.sessionsActive - rows.length
  const more = hiddenCount > 0 ? `, ${hiddenCount} of them not listed` : ''
  return `${table}${report.sessionsActive} sessions open${more}\n`
}
