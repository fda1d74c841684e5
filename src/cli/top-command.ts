// `postern top`: what is full, who fills it, who is turned away, as it changes.

import type { WriteStream } from 'node:tty'
import type { Command } from 'commander'
import { PosternError } from '../base/errors.ts'
import { commandLine, exitCodes, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import type { Keyboard } from './keyboard.ts'
import { addSourceFlags } from './source.ts'
import { addNodeFlags, askNodes, nodesOf } from './node/nodes.ts'
import type { NodeFlags } from './node/nodes.ts'
import type { Terminal } from './terminal.ts'
import { lineText } from './top/screen-line.ts'
import { askTop } from './top/top-data.ts'
import type { TopData } from './top/top-data.ts'
import { TopLoop } from './top/top-loop.ts'
import type { ScreenDevice } from './top/top-loop.ts'
import { askedOf, firstState, views } from './top/top-state.ts'
import type { TopState } from './top/top-state.ts'
import { screenOf } from './top/top-view.ts'
import { parseTime } from './units.ts'

interface TopFlags extends NodeFlags {
  readonly every: string
  readonly view: string
  readonly once?: true
  readonly json?: true
}

const examples = [
  'postern top                          ? shows its keys, q ends it',
  'postern top --view refusals --every 5s',
  'postern top --once --view keys       the fullest keys, once, as text',
  'postern top --json                   everything of one look, for a program',
]

/** Ten times a second is more than eyes read, and asks nothing much of the daemon. */
const everyMinMs = 100
/** Of one look that goes into a file or a pipe: as wide and as long as it takes. */
const onceSize = { rows: 200, columns: 1000 }

export function topCommand(
  terminal: Terminal,
  keyboard: Keyboard,
  screen: ScreenDevice,
): CommandLine {
  const command = newCommand(
    'postern top',
    'Watch limits, keys, sessions and refusals of the running daemon.',
    examples,
  )
  addNodeFlags(addSourceFlags(command))
    .option('--view <name>', `begin with ${views.join(', ')}`, 'limits')
    .option('--every <time>', 'ask the daemon so often', '1s')
    .option('--once', 'print one look as text; the same when output is no terminal')
    .option('--json', 'print one look as JSON')
  return commandLine(command, terminal, (parsed) => top(parsed, terminal, keyboard, screen))
}

function top(
  command: Command,
  terminal: Terminal,
  keyboard: Keyboard,
  screen: ScreenDevice,
): Promise<number> {
  const flags = command.opts<TopFlags>()
  const view = views.find((name) => name === flags.view)
  if (view === undefined) throw new UsageError(`--view is one of ${views.join(', ')}`)
  const everyMs = parseTime('--every', flags.every)
  if (everyMs < everyMinMs) throw new UsageError(`--every takes ${everyMinMs}ms or more`)
  const isWatched = screen.isTerminal && keyboard.isTerminal
  if (flags.once === true || flags.json === true || !isWatched) {
    const state = { ...firstState, view }
    return askNodes(flags, terminal, async (node) => {
      const data = await askTop(node, askedOf(state), undefined, performance.now())
      return { data: jsonOf(data), text: onceText(data, state, terminal) }
    })
  }
  return watch({ flags, terminal, keyboard, screen, everyMs, view })
}

interface Watch {
  readonly flags: TopFlags
  readonly terminal: Terminal
  readonly keyboard: Keyboard
  readonly screen: ScreenDevice
  readonly everyMs: number
  readonly view: TopState['view']
}

async function watch({ flags, terminal, ...looks }: Watch): Promise<number> {
  const nodes = nodesOf(flags, terminal)
  if (nodes === undefined) return exitCodes.failed
  const [node, ...others] = nodes
  if (node === undefined || others.length > 0) {
    throw new UsageError('top watches one node; --once shows several')
  }
  const { isColorOut: isColor, cwd } = terminal
  try {
    await new TopLoop({ node, isColor, cwd, ...looks }).run()
    return exitCodes.fine
  } catch (error) {
    if (!PosternError.is(error)) throw error
    terminal.err(`postern: ${error.message}\n`)
    return exitCodes.failed
  }
}

function jsonOf({ status, limits, budgets, sessions, refusals }: TopData): unknown {
  return { status, limits, budgets, sessions, refusals }
}

/** Without the frame that only makes sense where keys are read. */
function onceText(data: TopData, state: TopState, { isColorOut, cwd }: Terminal): string {
  const { lines } = screenOf(data, { ...state, selected: -1 }, onceSize, cwd)
  const [head, , ...rest] = lines.slice(0, -1)
  const shown = [head ?? [], ...rest.filter((line) => line.length > 0)]
  return shown.map((line) => `${lineText(line, onceSize.columns, isColorOut).trimEnd()}\n`).join('')
}

/** A terminal of this process. */
export function processScreen(output: WriteStream): ScreenDevice {
  return {
    isTerminal: output.isTTY,
    size: () => ({ rows: output.rows, columns: output.columns }),
    write: (text) => output.write(text),
    onResize(listener) {
      output.on('resize', listener)
      return () => void output.off('resize', listener)
    },
  }
}
