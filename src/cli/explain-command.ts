// `postern explain`: which limits a session would meet, their values, where those come from and
// why.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { PosternError } from '../base/errors.ts'
import { askDaemon } from '../daemon/control-client.ts'
import { explainSession } from '../daemon/explain-report.ts'
import type { ExplainReport } from '../daemon/explain-report.ts'
import { createEngine } from '../engine/create-engine.ts'
import type { Engine } from '../engine/engine.ts'
import { errnoText } from '../gateway/errno.ts'
import { commandLine, exitCodes, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { explainText } from './explain-text.ts'
import { openHeld, parseHeld } from './held-sessions.ts'
import { addSourceFlags, readUsable } from './source.ts'
import type { SourceFlags, Usable } from './source.ts'
import { json } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface ExplainFlags extends SourceFlags {
  readonly listen: string
  readonly from: string
  readonly held?: string
  readonly live?: true
  readonly json?: true
}

const examples = [
  'postern explain --listen :25 --from 10.1.2.3',
  'postern explain --listen :25 --from 10.1.2.3 --live        with the counts of this moment',
  'postern explain --listen :25 --from 10.1.2.3 --held FILE   as if these sessions were open',
  '',
  'A line of FILE is LISTEN ADDRESS [COUNT], for example: :25 10.0.0.0 1500',
]

export function explainCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern explain',
    'Say which limits a session would meet, their values, where they come from, and why.',
    examples,
  )
  addSourceFlags(command)
    .requiredOption('--listen <listen>', 'the Listen it comes in on, for example :25')
    .requiredOption('--from <address>', 'its address; "unix" for a client of a Unix socket')
    .option('--held <file>', 'sessions to pretend are open')
    .option('--live', 'ask the running daemon')
    .option('--json', 'print JSON')
  return commandLine(command, terminal, (parsed) => explain(parsed, terminal))
}

async function explain(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<ExplainFlags>()
  if (flags.live === true && flags.held !== undefined) {
    throw new UsageError('--live and --held exclude each other: the daemon knows what is open.')
  }
  const usable = readUsable(flags, terminal)
  if (usable === undefined) return exitCodes.failed
  if (flags.live === true) return explainLive(flags, usable, terminal)
  const engine = createEngine({ policy: usable.policy })
  const heading =
    flags.held === undefined ? 'nothing else open' : hold(engine, flags.held, terminal)
  const explained = explainSession(engine, flags)
  if ('problem' in explained) throw new UsageError(explained.problem)
  print(explained.report, heading, terminal, flags)
  return exitCodes.fine
}

async function explainLive(
  flags: ExplainFlags,
  usable: Usable,
  terminal: Terminal,
): Promise<number> {
  const { listen, from } = flags
  try {
    const report = await askDaemon(usable.settings.controlSocket, {
      request: 'explain',
      listen,
      from,
    })
    print(report, `the running daemon, revision ${report.revision}`, terminal, flags)
    return exitCodes.fine
  } catch (error) {
    if (!PosternError.is(error)) throw error
    terminal.err(`postern: ${error.message}\n`)
    return exitCodes.failed
  }
}

/** Opens the sessions of a file; answers what the heading says about them. */
function hold(engine: Engine, file: string, terminal: Terminal): string {
  let text: string
  try {
    text = readFileSync(resolve(terminal.cwd, file), 'utf8')
  } catch (error) {
    throw new UsageError(`open() "${file}" failed (${errnoText(error)})`)
  }
  const parsed = parseHeld(text, engine)
  if ('problem' in parsed) throw new UsageError(`${file}: ${parsed.problem}`)
  const refusedCount = openHeld(engine, parsed.held)
  const openCount = engine.snapshot().sessionsActive
  const refused = refusedCount === 0 ? '' : `, ${refusedCount} more were themselves refused`
  return `${openCount} sessions of ${file} open${refused}`
}

function print(
  report: ExplainReport,
  heading: string,
  terminal: Terminal,
  flags: ExplainFlags,
): void {
  terminal.out(flags.json === true ? json(report) : explainText(report, heading, terminal))
}
