// `postern replay`: what another configuration would have done with what a trace shows.

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { PosternError } from '../base/errors.ts'
import { findListen } from '../daemon/explain-report.ts'
import type { Policy } from '../policy/policy.ts'
import { htmlReport } from '../replay/html-report.ts'
import { refusalsKept, reportOf } from '../replay/report.ts'
import type { ReplayReport } from '../replay/report.ts'
import type { ReplayRefusal } from '../replay/replay.ts'
import { runReplay } from '../replay/run-replay.ts'
import type { TraceListen } from '../replay/trace.ts'
import { commandLine, exitCodes, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { Progress } from './progress.ts'
import { replayText } from './replay-text.ts'
import { readUsable } from './source.ts'
import type { SourceFlags } from './source.ts'
import { json } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { parseTime, parseWhole } from './units.ts'

interface ReplayFlags extends SourceFlags {
  readonly policy: string
  readonly speed: string
  readonly length: string
  readonly retryWithin: string
  readonly headroom: string
  readonly listen?: readonly string[]
  readonly html?: string
  readonly all?: true
  readonly json?: true
}

const examples = [
  'postern replay postern.trace.gz --policy new.conf               the table, and advice',
  'postern replay postern.trace*.gz --policy new.conf              all files of one record',
  'postern replay mail.trace --policy new.conf --html report.html  a page with plots',
  'postern replay mail.trace --policy new.conf --length 30s --retry-within 5m',
]

export function replayCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern replay',
    'Try a configuration on a trace: what would have been full, when, and who would have been refused.',
    examples,
  )
  command
    .argument('<trace...>', 'files that postern record wrote, in any order')
    .requiredOption('--policy <file>', 'the configuration to try')
    .option('-p <prefix>', 'prefix directory (default: the working directory)')
    .option('--speed <speed>', 'max: as fast as the trace can be read, the only speed', 'max')
    .option('--length <time>', 'how long refused sessions would have lasted', 'median')
    .option('--retry-within <time>', 'who was refused and comes again so soon is one session', '0')
    .option('--headroom <percent>', 'what the advised caps have above the peak', '20')
    .option('--listen <old=new...>', 'which Listen of the configuration one of the trace is')
    .option('--html <file>', 'write a page with plots, which needs nothing else')
    .option('--all', 'list the limits that have no cap, too')
    .option('--json', 'print JSON')
  return commandLine(command, terminal, (parsed) => replay(parsed, terminal))
}

/** Ten times as much as was ever wanted is no advice. */
const headroomMax = 900

async function replay(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<ReplayFlags>()
  if (flags.speed !== 'max') throw new UsageError('--speed takes max')
  const headroomPercent = parseWhole('--headroom', flags.headroom, headroomMax)
  const retryMs = parseTime('--retry-within', flags.retryWithin)
  const isLengthGiven = flags.length !== 'median'
  const length = isLengthGiven ? { assumedMs: parseTime('--length', flags.length) } : {}
  const renamed = renamedListens(flags.listen ?? [])
  const usable = readUsable({ ...flags, c: flags.policy }, terminal)
  if (usable === undefined) return exitCodes.failed
  const { policy } = usable
  const refusals: ReplayRefusal[] = []
  const progress = new Progress(terminal)
  try {
    const run = await runReplay({
      files: command.args.map((file) => resolve(terminal.cwd, file)),
      policy,
      listenOf: listenFinder(policy, renamed),
      ...length,
      retryMs,
      onRefusal: (refusal) => {
        if (refusals.length < refusalsKept) refusals.push(refusal)
      },
      onProgress: (share) => progress.bar(share, 'replaying'),
    })
    progress.end()
    const report = reportOf({
      run,
      policy,
      policyFile: flags.policy,
      isLengthGiven,
      retryMs,
      headroomPercent,
      refusals,
    })
    return print(report, flags, terminal)
  } catch (error) {
    progress.end()
    if (!PosternError.is(error)) throw error
    terminal.err(`postern: ${error.message}\n`)
    return exitCodes.failed
  }
}

function print(report: ReplayReport, flags: ReplayFlags, terminal: Terminal): number {
  if (flags.html !== undefined) {
    try {
      writeFileSync(resolve(terminal.cwd, flags.html), htmlReport(report))
    } catch (error) {
      terminal.err(`postern: ${error instanceof Error ? error.message : String(error)}\n`)
      return exitCodes.failed
    }
  }
  const isAll = flags.all === true
  terminal.out(
    flags.json === true
      ? json(withoutPlots(report))
      : replayText(report, { isAll, isColor: terminal.isColorOut }),
  )
  return exitCodes.fine
}

/** Plots are hundreds of numbers for each limit; the page has them. */
function withoutPlots(report: ReplayReport): unknown {
  return { ...report, limits: report.limits.map(({ plot: _plot, ...limit }) => limit) }
}

function renamedListens(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at <= 0 || at === pair.length - 1) {
        throw new UsageError('--listen takes OLD=NEW, as in smtpd=:25')
      }
      return [pair.slice(0, at), pair.slice(at + 1)] as const
    }),
  )
}

/** As `explain --listen` finds it, so that `:25` is `*:25`; what was asked for must be there. */
function listenFinder(
  policy: Policy,
  renamed: ReadonlyMap<string, string>,
): (listen: TraceListen) => string | undefined {
  for (const [old, wanted] of renamed) {
    const found = findListen(policy, wanted)
    if (typeof found !== 'string')
      throw new UsageError(`--listen ${old}=${wanted}: ${found.problem}`)
  }
  return ({ id }) => {
    const found = findListen(policy, renamed.get(id) ?? id)
    return typeof found === 'string' ? found : undefined
  }
}
