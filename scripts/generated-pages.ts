// The generated pages of docs, as texts: one function a page, made from the tables in the code.

import { adminPage, metricsPage } from './admin-pages.ts'
import { cell } from './cells.ts'
import { daemonCodes } from '../src/daemon/codes.ts'
import { daemonLogs } from '../src/daemon/log-texts.ts'
import { dialectCodes } from '../src/dialect/detect.ts'
import { momentumCodes } from '../src/dialect/momentum/codes.ts'
import type { OptionSpec } from '../src/dialect/momentum/option-spec.ts'
import { optionTable } from '../src/dialect/momentum/option-table.ts'
import { scopeTitles } from '../src/dialect/momentum/scope-table.ts'
import { nginxCodes } from '../src/dialect/nginx/codes.ts'
import type { DirectiveSpec } from '../src/dialect/nginx/directive-spec.ts'
import { directiveTable } from '../src/dialect/nginx/directive-table.ts'
import { gatewayErrors, gatewayLogs } from '../src/gateway/codes.ts'
import { policyCodes } from '../src/policy/codes.ts'
import { keyCodes } from '../src/policy/key.ts'
import { replayCodes } from '../src/replay/codes.ts'

const generated =
  '<!-- Made by `npm run docs` from the tables in src. Change those, not this page. -->'

/** File name, relative to the project, and its text. */
export function generatedPages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/errors.md', errorsPage()],
    ['docs/momentum-options.md', optionsPage()],
    ['docs/nginx-directives.md', directivesPage()],
    ['docs/admin-api.md', adminPage(generated)],
    ['docs/metrics.md', metricsPage(generated)],
  ])
}

function errorsPage(): string {
  return `${generated}

# Log lines and error codes

The error log has nginx's line format:

\`\`\`
YYYY/MM/DD HH:MM:SS [level] pid#thread: *session text, client: ADDR, server: LISTEN, upstream: ADDR
\`\`\`

\`*session\` is the number of the session; lines that are not about a session lack it. Levels are nginx's:
\`emerg\`, \`alert\`, \`crit\`, \`error\`, \`warn\`, \`notice\`, \`info\`, \`debug\`. With \`Log_Format = json\` the same records are
written as one JSON object per line. Records of one kind are limited to 20 a second after a burst of 100; what is left out
is counted and said once a second, and nothing at \`crit\` or above is ever left out. Whatever a client sends is escaped.

## Log lines

### About sessions and the daemon

${logTable(daemonLogs)}

### From the gateway

${logTable(gatewayLogs)}

## Error codes

Errors and diagnostics carry a stable code. Scripts may rely on it; the wording around it may change.

### Configuration: what is written

${codeTable({ ...dialectCodes, ...momentumCodes, ...nginxCodes })}

### Configuration: what it means as a whole

${codeTable({ ...policyCodes, ...keyCodes })}

### Starting and reloading

${codeTable({ ...daemonCodes, ...gatewayErrors })}

### Replaying

${codeTable(replayCodes)}
`
}

function logTable(texts: Readonly<Record<string, string>>): string {
  const rows = Object.entries(texts).map(([text, meaning]) => {
    const [level = '', ...rest] = meaning.split(': ')
    return `| \`${cell(text)}\` | ${level} | ${cell(rest.join(': '))} |`
  })
  return ['| text | level | meaning |', '| --- | --- | --- |', ...rows].join('\n')
}

function codeTable(codes: Readonly<Record<string, string>>): string {
  const rows = Object.entries(codes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |`)
  return ['| code | meaning |', '| --- | --- |', ...rows].join('\n')
}

function optionsPage(): string {
  const rows = (status: OptionSpec['status']): OptionSpec[] =>
    optionTable.filter((spec) => spec.status === status)
  return `${generated}

# Momentum's options, one by one

Names are read in any case. What each option means is told in Momentum's own manual; how Postern fills the gaps is told in
[semantics.md](semantics.md), and the differences in [from-momentum.md](from-momentum.md).

## Works

| option | value | where |
| --- | --- | --- |
${rows('works').map(worksRow).join('\n')}

## Accepted, with one warning each

Postern does not act on these, and says so at every load.

| option | where | why |
| --- | --- | --- |
${rows('warns').map(warnsRow).join('\n')}
${laterSection('| option | where |\n| --- | --- |', rows('later').map(laterRow))}`
}

/** None, where everything works or is accepted. */
function laterSection(head: string, rows: readonly string[]): string {
  if (rows.length === 0) return ''
  return `
## Refused in this version

What these promise would not be kept yet, so a configuration that has them does not load.

${head}
${rows.join('\n')}
`
}

function worksRow(spec: OptionSpec): string {
  const value = spec.status === 'works' ? `${spec.type.title}, e.g. \`${spec.type.example}\`` : ''
  const remark =
    spec.status === 'works' && spec.remark !== undefined ? ' (remarked on in some)' : ''
  return `| \`${spec.name}\` | ${cell(value)} | ${where(spec)}${remark} |`
}

function warnsRow(spec: OptionSpec): string {
  return `| \`${spec.name}\` | ${where(spec)} | ${spec.status === 'warns' ? cell(spec.reason) : ''} |`
}

function laterRow(spec: OptionSpec): string {
  return `| \`${spec.name}\` | ${where(spec)} |`
}

function where(spec: OptionSpec): string {
  return spec.scopes.map((kind) => scopeTitles[kind]).join(', ')
}

function directivesPage(): string {
  const isSkipped = (spec: DirectiveSpec): boolean => spec.block === 'skipped'
  const rows = (status: DirectiveSpec['status']): DirectiveSpec[] =>
    directiveTable.filter((spec) => spec.status === status && !isSkipped(spec))
  const warning = [...rows('warns'), ...directiveTable.filter(isSkipped)]
  return `${generated}

# nginx's directives, one by one

Names are read with their case, the words of a choice in any case. What each means is told in the manual of nginx or freenginx;
what differs, and what Postern adds, in [from-nginx.md](from-nginx.md). A directive that is fine by itself but has no effect where it
stands (\`smtp_auth\` in a server of IMAP) gets a warning that says why.

## Works

| directive | arguments | default | where | it |
| --- | --- | --- | --- | --- |
${rows('works').map(workingDirective).join('\n')}

## Accepted, with one warning each

Postern does not act on these, and says so at every load, unless they say what Postern does anyway.

| directive | where | why | no warning for |
| --- | --- | --- | --- |
${warning.map(ignoredDirective).join('\n')}
${laterSection('| directive | where | it |\n| --- | --- | --- |', rows('later').map(laterDirective))}`
}

function workingDirective(spec: DirectiveSpec): string {
  const { name, type, about } = spec
  return `| \`${name}\` | ${codeCell(type.syntax)} | ${codeCell(spec.default)} | ${blocks(spec)} | ${cell(about)} |`
}

function ignoredDirective(spec: DirectiveSpec): string {
  return `| \`${spec.name}\` | ${blocks(spec)} | ${cell(spec.about)} | ${codeCell(spec.agreesWith)} |`
}

function laterDirective(spec: DirectiveSpec): string {
  return `| \`${spec.name}\` | ${blocks(spec)} | ${cell(spec.about)} |`
}

function blocks(spec: DirectiveSpec): string {
  return spec.contexts.join(', ')
}

function codeCell(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `\`${cell(text)}\``
}
