// `postern status`: what the running daemon counts, and how full its budgets are.

import type { Command } from 'commander'
import { askDaemon } from '../daemon/control-client.ts'
import { budgetsListedMax } from '../daemon/control-protocol.ts'
import type { StatusReport } from '../daemon/control-protocol.ts'
import { withDaemon } from './ask.ts'
import { commandLine, newCommand } from './command.ts'
import type { CommandLine } from './command.ts'
import { budgetsText } from './budgets-text.ts'
import { clusterRows } from './cluster-text.ts'
import { addSourceFlags } from './source.ts'
import type { SourceFlags } from './source.ts'
import { columns, json } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface StatusFlags extends SourceFlags {
  readonly json?: true
}

const examples = [
  'postern status -c /etc/postern/postern.conf',
  'postern status --json                          for a monitoring agent',
]

export function statusCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern status',
    'Show counts and budgets of the running daemon.',
    examples,
  )
  addSourceFlags(command).option('--json', 'print JSON')
  return commandLine(command, terminal, (parsed) => status(parsed, terminal))
}

const budgetsAsked = { request: 'budgets', sort: 'used', limit: budgetsListedMax } as const

function status(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<StatusFlags>()
  return withDaemon(flags, terminal, async (controlSocket) => {
    const report = await askDaemon(controlSocket, { request: 'status' })
    const { budgets, matchingCount } = await askDaemon(controlSocket, budgetsAsked)
    const text = flags.json === true ? json({ ...report, budgets }) : statusText(report)
    terminal.out(flags.json === true ? text : text + budgetsText(budgets, matchingCount))
  })
}

function statusText(report: StatusReport): string {
  const { log, audit, workers, changedLimits, cluster = [] } = report
  const state = report.isDraining ? ', draining' : ''
  const rows = [
    ['postern', `${report.version}, process ${report.pid}${state}`],
    ['configuration', `${report.configuration}, revision ${report.revision}`],
    ['running since', `${report.startedAt}, ${Math.floor(report.uptimeMs / 1000)} s`],
    ['bound', report.bound.join(' ')],
    ...(workers === undefined ? [] : [['workers', workersText(workers)]]),
    [
      'sessions',
      `${report.sessionsActive} open, ${report.admittedTotal} admitted, ${report.refusedTotal} refused`,
    ],
    ['lingering', `${report.refusalsLingering} refused sessions not yet closed`],
    [
      'bytes',
      `${report.bytesFromClients} from clients, ${report.bytesFromUpstreams} from upstreams`,
    ],
    [
      'log',
      `${log.suppressedTotal} suppressed, ${log.droppedTotal} dropped, ${log.errorsTotal} failed`,
    ],
    ...cluster.flatMap(clusterRows),
    ...(audit === undefined ? [] : [['self-audit', `drift ${audit.drift}`]]),
    ...(changedLimits.length === 0
      ? []
      : [['changed caps', `${changedLimits.join(' ')} (until the next reload)`]]),
  ]
  return columns(rows)
}

function workersText(workers: NonNullable<StatusReport['workers']>): string {
  const { configured, running, restartedTotal, hostPid } = workers
  const where = hostPid === undefined ? '' : `, in process ${hostPid}`
  return `${running} of ${configured} running, ${restartedTotal} restarts${where}`
}
