// `postern refusals`: who was turned away lately, and why; with --follow, who is.

import type { Command } from 'commander'
import { addressOfClient, blockContains, parseBlock } from '../base/address.ts'
import type { Block } from '../base/address.ts'
import { refusalsListedMax } from '../daemon/control-protocol.ts'
import type { RefusalsRequest } from '../daemon/control-protocol.ts'
import { followEvents } from '../daemon/event-client.ts'
import type { EventView } from '../engine/event-view.ts'
import { askDaemon } from '../daemon/control-client.ts'
import { withDaemon } from './ask.ts'
import { commandLine, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { isText, refusalOfEvent, refusalText } from './shown-refusal.ts'
import type { ShownRefusal } from './shown-refusal.ts'
import { addSourceFlags } from './source.ts'
import type { Node } from './node/node.ts'
import { addNodeFlags, askNodes } from './node/nodes.ts'
import type { NodeAnswer, NodeFlags } from './node/nodes.ts'
import type { Terminal } from './terminal.ts'
import { parseWhole } from './units.ts'

interface RefusalsFlags extends NodeFlags {
  readonly n?: string
  readonly user?: string
  readonly from?: string
  readonly limit?: string
  readonly follow?: true
  readonly why?: true
  readonly json?: true
}

const examples = [
  'postern refusals                         the last twenty',
  'postern refusals --user bob --why        of this user, with every limit that was looked at',
  'postern refusals --from 192.0.2.0/24 -f  of this network, as they happen; Ctrl-C ends it',
  'postern refusals -n 1000 --json          for a program',
]

export function refusalsCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern refusals',
    'List who was turned away, when, and by which limit; the latest last.',
    examples,
  )
  addNodeFlags(addSourceFlags(command))
    .option('-n <count>', `the last so many, up to ${refusalsListedMax} (default: 20)`)
    .option('--user <name>', 'only refusals of this user')
    .option('--from <block>', 'only refusals of this address or block')
    .option('--limit <id>', 'only refusals by this limit')
    .option('-f, --follow', 'go on with those that come')
    .option('--why', 'every limit that was looked at, not only the one that decided')
    .option('--json', 'print JSON; with --follow one object a line')
  return commandLine(command, terminal, (parsed) => refusals(parsed, terminal))
}

function refusals(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<RefusalsFlags>()
  const { user, from, limit: limitId } = flags
  if (from !== undefined && parseBlock(from) === undefined) {
    throw new UsageError('--from takes an address or a block, as in 10.0.0.0/8')
  }
  if (flags.follow === true && limitId !== undefined) {
    throw new UsageError('--follow and --limit do not go together: events carry no limit ids')
  }
  const limit = parseWhole('-n', flags.n ?? '20', refusalsListedMax)
  const request: RefusalsRequest = {
    request: 'refusals',
    limit,
    ...(user === undefined ? {} : { user }),
    ...(from === undefined ? {} : { from }),
    ...(limitId === undefined ? {} : { limitId }),
  }
  if (flags.follow !== true) return askNodes(flags, terminal, listOf(request, flags, terminal))
  if (flags.node !== undefined) {
    throw new UsageError('--follow is for the daemon here: GET /v1/events follows another node')
  }
  return withDaemon(flags, terminal, (path) => follow(path, request, flags, terminal))
}

function listOf(
  request: RefusalsRequest,
  flags: RefusalsFlags,
  terminal: Terminal,
): (node: Node) => Promise<NodeAnswer> {
  return async (node) => {
    const report = await node.ask(request)
    const { refusals: latest, matchingCount } = report
    const lines = latest
      .toReversed()
      .map((refusal) => refusalText(refusal, terminal, flags.why === true))
    const moreCount = matchingCount - latest.length
    const rest =
      moreCount > 0 ? `the last ${latest.length} of ${matchingCount}; -n shows more\n` : ''
    const none = matchingCount === 0 ? 'nobody was turned away, of those asked for\n' : ''
    return { data: report, text: `${lines.join('')}${rest}${none}` }
  }
}

/**
 * Asks for the stream first and for those before it then, so that none falls between; what came
 * meanwhile waits, and is shown once.
 */
async function follow(
  controlSocket: string,
  request: RefusalsRequest,
  flags: RefusalsFlags,
  terminal: Terminal,
): Promise<void> {
  const matches = matcherOf(request)
  let early: ShownRefusal[] | undefined = []
  let begun = (): void => {}
  const hasBegun = new Promise<void>((resolve) => (begun = resolve))
  const show = (refusal: ShownRefusal): void => {
    const isJson = flags.json === true
    const text = isJson
      ? `${JSON.stringify(refusal)}\n`
      : refusalText(refusal, terminal, flags.why === true)
    terminal.out(text)
  }
  const stream = followEvents(controlSocket, 'watch', {
    onBegin: () => begun(),
    onEvent: (event) => {
      if (event.event !== 'refused' || !matches(event)) return
      const refusal = refusalOfEvent(event)
      if (early === undefined) show(refusal)
      else early.push(refusal)
    },
    onSync: ({ lost }) => {
      if (lost > 0) terminal.err(`postern: ${lost} events came too fast and are not shown\n`)
    },
  })
  try {
    await Promise.race([hasBegun, stream.ended])
    const { refusals: latest } = await askDaemon(controlSocket, request)
    const shown = new Set(latest.map(({ sessionId }) => sessionId))
    for (const refusal of latest.toReversed()) show(refusal)
    for (const refusal of early) if (!shown.has(refusal.sessionId)) show(refusal)
    early = undefined
    await stream.ended
    terminal.err('postern: the daemon has ended\n')
  } finally {
    stream.close()
  }
}

type Refused = Extract<EventView, { readonly event: 'refused' }>

function matcherOf({ user, from }: RefusalsRequest): (event: Refused) => boolean {
  const block = from === undefined ? undefined : parseBlock(from)?.block
  return (event) =>
    (user === undefined || isText(event.user, user)) &&
    (block === undefined || isWithin(event.client, block))
}

function isWithin(client: string, block: Block): boolean {
  const address = addressOfClient(client)
  return address !== undefined && blockContains(block, address)
}
