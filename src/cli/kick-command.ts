// `postern kick`: ends sessions of the running daemon.

import type { Command } from 'commander'
import { parseBlock } from '../base/address.ts'
import { kickedMax } from '../daemon/control-protocol.ts'
import type { KickReport, SessionFilter, SessionsReport } from '../daemon/control-protocol.ts'
import { commandLine, exitCodes, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import type { Keyboard } from './keyboard.ts'
import type { Node } from './node/node.ts'
import { addNodeFlags, askNodes } from './node/nodes.ts'
import type { NodeAnswer, NodeFlags } from './node/nodes.ts'
import { filterText, parseWho } from './session-filter.ts'
import type { Who } from './session-filter.ts'
import { sessionTable } from './session-table.ts'
import { addSourceFlags } from './source.ts'
import type { Terminal } from './terminal.ts'
import { parseTime } from './units.ts'

interface KickFlags extends NodeFlags {
  readonly user?: string
  readonly from?: string
  readonly limit?: string
  readonly older?: string
  readonly dryRun?: true
  readonly yes?: true
  readonly json?: true
}

const examples = [
  'postern kick bob                          every session of this user',
  'postern kick 192.0.2.0/24 --older 10m     those of a network that are open for ten minutes',
  "postern kick '*2101'                      the session that the log calls so",
  'postern kick --user 12345 --from ::1      of a user whose name reads as a number',
  'postern kick bob --dry-run                list them and end none',
]

/** As many as are shown before somebody is asked. */
const shownMax = 10

export function kickCommand(terminal: Terminal, keyboard: Keyboard): CommandLine {
  const command = newCommand('postern kick', 'End sessions of the running daemon.', examples)
  addNodeFlags(addSourceFlags(command))
    .argument('[who]', 'a user, an address or block, or the number of a session')
    .option('--user <name>', 'only sessions that have logged in as this user')
    .option('--from <block>', 'only sessions from this address or block')
    .option(
      '--limit <id>',
      'only sessions that hold a slot of this limit, as `postern top` names it',
    )
    .option('--older <time>', 'only sessions open for at least so long, as in 90s, 10m or 24h')
    .option('--dry-run', 'list the sessions and end none')
    .option('-y, --yes', 'do not ask before several are ended')
    .option('--json', 'print JSON')
  return commandLine(command, terminal, (parsed) => kick(parsed, terminal, keyboard))
}

function kick(command: Command, terminal: Terminal, keyboard: Keyboard): Promise<number> {
  const flags = command.opts<KickFlags>()
  const who = whoOf(command.args[0], flags)
  return askNodes(flags, terminal, (node) => kickAt({ node, who, flags, terminal, keyboard }))
}

function whoOf(word: string | undefined, flags: KickFlags): Who {
  const { user, from, limit, older } = flags
  if (from !== undefined && parseBlock(from) === undefined) {
    throw new UsageError('--from takes an address or a block, as in 10.0.0.0/8')
  }
  const filter: SessionFilter = {
    ...(user === undefined ? {} : { user }),
    ...(from === undefined ? {} : { from }),
    ...(limit === undefined ? {} : { limitId: limit }),
    ...(older === undefined ? {} : { olderMs: parseTime('--older', older) }),
  }
  if (word === undefined) {
    if (Object.keys(filter).length > 0) return { kind: 'filter', filter }
    throw new UsageError('say who: a user, an address or block, or the number of a session')
  }
  const who = parseWho(word)
  if (who.kind === 'filter') {
    const twice = Object.keys(who.filter).find((name) => name in filter)
    if (twice === undefined) return { kind: 'filter', filter: { ...filter, ...who.filter } }
    throw new UsageError(`"${word}" and --${twice} both say which sessions`)
  }
  if (flags.dryRun === true) throw new UsageError('--dry-run is about more sessions than one')
  if (Object.keys(filter).length === 0) return who
  throw new UsageError(
    `"${word}" is the number of one session; for a user of that name say --user ${word}`,
  )
}

interface Kick {
  readonly node: Node
  readonly who: Who
  readonly flags: KickFlags
  readonly terminal: Terminal
  readonly keyboard: Keyboard
}

async function kickAt({ node, who, flags, terminal, keyboard }: Kick): Promise<NodeAnswer> {
  if (who.kind === 'ids') {
    const report = await node.ask({ request: 'kick', ids: who.ids })
    const [id] = who.ids
    const exitCode = report.kickedIds.length === 0 ? exitCodes.failed : exitCodes.fine
    return { data: report, text: oneText(report, id), exitCode }
  }
  const { filter } = who
  const found = await node.ask({ request: 'sessions', limit: shownMax, ...filter })
  const nobody = found.matchingCount === 0
  if (flags.dryRun === true) {
    const exitCode = nobody ? exitCodes.failed : exitCodes.fine
    return { data: found, text: foundText(found), exitCode }
  }
  const none: KickReport = { matchingCount: 0, kickedIds: [] }
  if (nobody) {
    return { data: none, text: `no session: ${filterText(filter)}\n`, exitCode: exitCodes.failed }
  }
  if (!(await isAgreed(found, flags, terminal, keyboard))) {
    return { data: none, text: 'nothing was ended\n', exitCode: exitCodes.failed }
  }
  const report = await kickAll(node, filter)
  return { data: report, text: allText(report, filter) }
}

/** Only a person is asked, and only about several: a script has said what it wants. */
async function isAgreed(
  found: SessionsReport,
  flags: KickFlags,
  terminal: Terminal,
  keyboard: Keyboard,
): Promise<boolean> {
  if (flags.yes === true || flags.json === true || !keyboard.isTerminal) return true
  if (found.matchingCount === 1) return true
  terminal.out(foundText(found))
  const answer = await keyboard.ask(`End these ${found.matchingCount} sessions? [y/N] `)
  return /^y(?:es)?$/i.test(answer.trim())
}

/**
 * In rounds, since one kick ends a bounded number. Those that come while it lasts are not chased:
 * it ends with as many as there were at first.
 */
async function kickAll(node: Node, filter: SessionFilter): Promise<KickReport> {
  const kickedIds: number[] = []
  let matchingCount = 0
  for (;;) {
    const report = await node.ask({ request: 'kick', limit: kickedMax, ...filter })
    if (matchingCount === 0) ({ matchingCount } = report)
    kickedIds.push(...report.kickedIds)
    const isDone = report.kickedIds.length < kickedMax || kickedIds.length >= matchingCount
    if (isDone) return { matchingCount, kickedIds }
  }
}

function foundText(found: SessionsReport): string {
  const { sessions, matchingCount } = found
  const moreCount = matchingCount - sessions.length
  return sessionTable(sessions) + (moreCount > 0 ? `and ${moreCount} more\n` : '')
}

function oneText({ kickedIds }: KickReport, id: number | undefined): string {
  return kickedIds.length === 0 ? `no session *${id}\n` : `ended session *${id}\n`
}

function allText({ kickedIds }: KickReport, filter: SessionFilter): string {
  const sessions = kickedIds.length === 1 ? 'session' : 'sessions'
  return `ended ${kickedIds.length} ${sessions}: ${filterText(filter)}\n`
}
