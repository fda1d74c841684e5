// `postern status`: what the running daemon counts, and how full its budgets are.

import type { Command } from 'commander'
import { budgetsListedMax } from '../daemon/control-protocol.ts'
import type { StatusReport } from '../daemon/control-protocol.ts'
import { commandLine, newCommand } from './command.ts'
import type { CommandLine } from './command.ts'
import { budgetsText } from './budgets-text.ts'
import { clusterRows } from './cluster-text.ts'
import { addSourceFlags } from './source.ts'
import { addNodeFlags, askNodes } from './node/nodes.ts'
import type { NodeFlags } from './node/nodes.ts'
import { columns } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface StatusFlags extends NodeFlags {
  readonly json?: true
}

const examples = [
  'postern status -c /etc/postern/postern.conf',
  'postern status --json                          for a monitoring agent',
  'postern status --node https://gate2.example:8025 --token-file token    another machine',
]

export function statusCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern status',
    'Show counts and budgets of the running daemon.',
    examples,
  )
  addNodeFlags(addSourceFlags(command)).option('--json', 'print JSON')
  return commandLine(command, terminal, (parsed) => status(parsed, terminal))
}

const budgetsAsked = { request: 'budgets', sort: 'used', limit: budgetsListedMax } as const

function status(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<StatusFlags>()
  return askNodes(flags, terminal, async (node) => {
    const report = await node.ask({ request: 'status' })
    const { budgets, matchingCount } = await node.ask(budgetsAsked)
    const text = statusText(report) + budgetsText(budgets, matchingCount)
    return { data: { ...report, budgets }, text }
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
