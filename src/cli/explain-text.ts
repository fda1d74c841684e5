// An explain report for people.

import type { ExplainedLimit, ExplainReport } from '../daemon/explain-report.ts'
import type { LimitCluster } from '../policy/cluster.ts'
import { optionName, optionValue, placeText } from './option-text.ts'
import { columns, paint } from './terminal.ts'
import type { Terminal } from './terminal.ts'

/** Limits in the order they are asked, options, and the answer last, where the eye ends up. */
export function explainText(report: ExplainReport, heading: string, terminal: Terminal): string {
  const { isColorOut, cwd } = terminal
  const title = `Session from ${report.from} on ${report.listen}, service ${report.service}: ${heading}`
  return [
    `${paint(isColorOut, 'bold', title)}\n`,
    'Limits, in the order they are asked:',
    ...report.limits.map((limit, at) => limitText(limit, at, report, terminal)),
    ...afterLoginText(report, cwd),
    '\nOptions:',
    optionsText(report, cwd),
    answerText(report, terminal),
    '',
  ].join('\n')
}

function limitText(
  limit: ExplainedLimit,
  at: number,
  report: ExplainReport,
  terminal: Terminal,
): string {
  const { isColorOut, cwd } = terminal
  const cap = limit.capMax === undefined ? 'no limit' : String(limit.capMax)
  const notes = [
    limit.alone === undefined ? undefined : `this node alone (${limit.alone}): the store is away`,
    limit.cluster === undefined || limit.alone !== undefined
      ? undefined
      : overAllNodes(limit.cluster),
    limit.isDryRun ? 'dry run' : undefined,
    report.decidedBy === at ? 'refuses' : undefined,
    limit.isOver && report.decidedBy !== at ? 'also at its cap' : undefined,
  ].filter((note) => note !== undefined)
  const shown = notes.length === 0 ? '' : ` (${notes.join(', ')})`
  const line = `  ${at + 1}. ${limit.option}, ${limit.tier}: used ${limit.usedCount} of ${cap}${shown}`
  const origin =
    limit.origin === undefined
      ? `counted in ${limit.scope}; no scope sets a cap`
      : `${limit.scope}, ${placeText(limit.origin, cwd)}`
  const details = [origin, ...limit.because].map((text) => `       ${text}`)
  const style = limit.isOver ? (limit.isDryRun ? 'yellow' : 'red') : 'cyan'
  return [paint(isColorOut, style, line), ...details].join('\n')
}

function overAllNodes({ whenAway }: LimitCluster): string {
  return `over all nodes; while the store is away: ${whenAway}`
}

/** What a session is counted by after its login is known only then, so there is no count to show. */
function afterLoginText({ afterLogin }: ExplainReport, cwd: string): string[] {
  if (afterLogin === undefined) return []
  const lines = afterLogin.flatMap((limit, at) => {
    const { zone, key, capMax, isDryRun, cluster, scope, origin } = limit
    const notes = [
      ...(cluster === undefined ? [] : [overAllNodes(cluster)]),
      ...(isDryRun ? ['dry run'] : []),
    ]
    const shown = notes.length === 0 ? '' : ` (${notes.join(', ')})`
    return [
      `  ${at + 1}. limit_conn, zone "${zone}": at most ${capMax} for one ${key}${shown}`,
      `       ${scope}, ${placeText(origin, cwd)}`,
    ]
  })
  return ['\nAfter it has logged in:', ...(lines.length === 0 ? ['  no limit'] : lines)]
}

function optionsText({ options, dialect }: ExplainReport, cwd: string): string {
  // A Listen that nginx's language does not want is left out of the text: it has no word for Enable.
  const sayable = options.filter(({ option }) => dialect !== 'nginx' || option !== 'enable')
  const rows = sayable.flatMap((option) => {
    const name = `  ${optionName(option.option, option.value, dialect)}`
    const value = `= ${optionValue(option.option, option.value, dialect)}`
    const where =
      option.origin === undefined
        ? 'default'
        : `${option.scope ?? ''}, ${placeText(option.origin, cwd)}`
    return [[name, value, where], ...option.because.map((text) => ['', '', text])]
  })
  return columns(rows)
}

function answerText(report: ExplainReport, terminal: Terminal): string {
  const { isColorOut } = terminal
  if (report.answer === 'admit') return `Answer: ${paint(isColorOut, 'green', 'ADMIT')}`
  const refuse = paint(isColorOut, 'red', 'REFUSE')
  if (report.reply === undefined) return `Answer: ${refuse}, closed without a byte`
  return `Answer: ${refuse}, and the client reads\n  ${report.reply}`
}
