// `postern sessions`: who is connected to the running daemon.

import type { Command } from 'commander'
import { parseBlock } from '../base/address.ts'
import { sessionsListedMax } from '../daemon/control-protocol.ts'
import type { SessionsReport, SessionsRequest } from '../daemon/control-protocol.ts'
import { commandLine, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { addNodeFlags, askNodes } from './node/nodes.ts'
import type { NodeFlags } from './node/nodes.ts'
import { sessionTable } from './session-table.ts'
import { addSourceFlags } from './source.ts'
import type { Terminal } from './terminal.ts'
import { parseTime } from './units.ts'

interface SessionsFlags extends NodeFlags {
  readonly n: string
  readonly user?: string
  readonly from?: string
  readonly older?: string
  readonly limit?: string
  readonly json?: true
}

const examples = [
  'postern sessions    the hundred oldest sessions',
  'postern sessions --user u@example.org    who is logged in as this user',
  'postern sessions --older 24h    those that are open for a day',
  'postern sessions --from 192.0.2.0/24 -n 10 --json    ten of a network, for a program',
]

export function sessionsCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern sessions',
    'List the sessions of the running daemon.',
    examples,
  )
  addNodeFlags(addSourceFlags(command))
    .option('-n <count>', `list at most so many, up to ${sessionsListedMax}`, '100')
    .option('--user <name>', 'only sessions that log in, or have logged in, as this user')
    .option('--from <block>', 'only sessions from this address or block, as in 10.0.0.0/8')
    .option('--older <time>', 'only sessions open for at least so long, as in 90s, 10m or 24h')
    .option(
      '--limit <id>',
      'only sessions that hold a slot of this limit, as `postern top` names it',
    )
    .option('--json', 'print JSON')
  return commandLine(command, terminal, (parsed) => sessions(parsed, terminal))
}

function sessions(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<SessionsFlags>()
  const limit = Number(flags.n)
  if (!/^[0-9]{1,5}$/.test(flags.n) || limit > sessionsListedMax) {
    throw new UsageError(`-n takes a number from 0 to ${sessionsListedMax}`)
  }
  const { user, from, older, limit: limitId } = flags
  if (from !== undefined && parseBlock(from) === undefined) {
    throw new UsageError('--from takes an address or a block, as in 10.0.0.0/8')
  }
  const request: SessionsRequest = {
    request: 'sessions',
    limit,
    ...(user === undefined ? {} : { user }),
    ...(from === undefined ? {} : { from }),
    ...(older === undefined ? {} : { olderMs: parseTime('--older', older) }),
    ...(limitId === undefined ? {} : { limitId }),
  }
  return askNodes(flags, terminal, async (node) => {
    const report = await node.ask(request)
    return { data: report, text: sessionsText(report) }
  })
}

function sessionsText(report: SessionsReport): string {
  const { sessionsActive, matchingCount, sessions: listed } = report
  const matching = matchingCount === sessionsActive ? '' : `, ${matchingCount} of them asked for`
  const hiddenCount = matchingCount - listed.length
  const more = hiddenCount > 0 ? `, ${hiddenCount} of them not listed` : ''
  return `${sessionTable(listed)}${sessionsActive} sessions open${matching}${more}\n`
}
