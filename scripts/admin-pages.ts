// The pages about the admin API and the metrics, made from the OpenAPI document and the list of names.

import { openApiDocument } from '../src/admin/openapi.ts'
import { metricSpecs } from '../src/engine/metrics.ts'
import type { MetricSpec } from '../src/engine/metrics.ts'
import { cell } from './cells.ts'

interface SchemaNode {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly maximum?: number
  readonly minimum?: number
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
}

interface Operation {
  readonly summary: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly schema: SchemaNode
  }[]
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: SchemaNode }>>
  }
  readonly security?: unknown
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: SchemaNode }>> }>
  >
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** Everything below the guide that is written by hand in this file. */
export function adminPage(generated: string): string {
  // The document is made by our own code, so it has the shape that is read here.
  const { paths } = openApiDocument('VERSION') as Document
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const rows = operations.map(
    ({ path, method, operation }) =>
      `| \`${method.toUpperCase()} ${path}\` | ${operation.security === undefined ? '' : 'yes'} | ${cell(operation.summary)} |`,
  )
  return `${generated}

# The admin API

${guide}
## Routes

| request | changes something | |
| --- | --- | --- |
${rows.join('\n')}

${operations.map(operationText).join('\n')}`
}

function operationText({
  path,
  method,
  operation,
}: {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}): string {
  const { summary, parameters = [], requestBody, responses } = operation
  const body = requestBody?.content['application/json']?.schema
  const answer = responses['200']?.content?.['application/json']?.schema
  const parameterRows = parameters.map(
    ({ name, required, schema }) =>
      `| \`${name}\` | ${required ? 'yes' : ''} | ${cell(typeText(schema))} |`,
  )
  const bodyRows = fieldsOf(body).map(fieldRow)
  const answerRows = fieldsOf(answer).map(fieldRow)
  return [
    `### ${method.toUpperCase()} ${path}`,
    '',
    `${summary}.`,
    '',
    ...table('| parameter | needed | |', parameterRows),
    ...table('| body | always | |', bodyRows),
    ...table('| answer | always | |', answerRows),
  ].join('\n')
}

function table(head: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : [head, '| --- | --- | --- |', ...rows, '']
}

interface Field {
  readonly name: string
  readonly isAlways: boolean
  readonly type: string
}

/** Fields of an object and of the objects inside it, by their path. */
function fieldsOf(schema: SchemaNode | undefined, before = ''): readonly Field[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([key, inner]): Field[] => {
    const isList = inner.type === 'array'
    const name = `${before}${key}${isList ? '[]' : ''}`
    const isAlways = schema?.required?.includes(key) === true
    const type = isList ? `list of ${typeText(inner.items ?? {})}` : typeText(inner)
    return [{ name, isAlways, type }, ...fieldsOf(isList ? inner.items : inner, `${name}.`)]
  })
}

function fieldRow({ name, isAlways, type }: Field): string {
  return `| \`${name}\` | ${isAlways ? 'yes' : ''} | ${cell(type)} |`
}

function typeText(schema: SchemaNode): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((word) => JSON.stringify(word)).join(', ')
  const fallback =
    schema.default === undefined ? '' : `, ${JSON.stringify(schema.default)} if absent`
  return `${schema.type ?? 'anything'}${fallback}`
}

const guide = `\`Admin\` (nginx: \`admin\`) opens it:

\`\`\`
Admin = "/run/postern/admin.sock"         # for its owner, who may do all
Admin = "127.0.0.1:8025"                  # for this machine, to read
Admin_Token_File = "/etc/postern/token"   # with it, changes as well
\`\`\`

\`\`\`
curl --unix-socket /run/postern/admin.sock http://localhost/v1/limits
curl http://127.0.0.1:8025/v1/budgets?sort=fill
curl -X DELETE -H "Authorization: Bearer $(cat /etc/postern/token)" 'http://127.0.0.1:8025/v1/sessions?user=bob&older=10m'
curl -N http://127.0.0.1:8025/v1/events
\`\`\`

| where it listens | reading | changing |
| --- | --- | --- |
| a Unix socket (made with mode 0600) | its owner | its owner |
| 127.0.0.0/8 or ::1 | everybody on this machine | with the token; without a token file nobody |
| anything else | with the token | with the token |

Anything else also needs TLS: \`Admin_TLS_Certificate\` and \`Admin_TLS_Key\` (\`admin_certificate\`, \`admin_certificate_key\`); a configuration
without both a token and a certificate does not load. A token has 16 characters or more (\`openssl rand -hex 32\`), in a file that only the daemon's
user can read; a reload reads it and the certificate again. \`/healthz\` and \`/readyz\` never need it.

- **Every error** is \`{"error": {"code", "message"}}\`, with a status that says the same; what was sent is not repeated in it.
- **A browser** is answered only under a name of this machine (on loopback) and never for another site's page. There is no cookie.
- **Words that are not known** in a query or a body are an error, so a filter that is misspelt ends nobody.
- **Pages** have 100 items, 1,000 at most (\`count\`). \`nextAfter\` and \`nextBefore\` name the next page.
- **Looking costs:** a hundred requests a second, or some 4,000 items, and 20,000 at once after a rest; whoever asks for more reads 429.
  64 connections, 10 s for a request, 16 KiB for a body, 16 readers of events.
- **A changed cap** (\`POST /v1/limits/ID\`) holds in all workers at one instant, until the next reload, as if the configuration said so; sessions above
  a lower one stay. It is marked: \`isChanged\` and \`configuredMax\` in limits, \`isChanged\` in explain, \`changedLimits\` in status, and a line in the log.
- **Names of limits** are made of the option and the scope it stands in; \`/v1/limits\` lists them.
- **Events:** \`accepted\`, \`opened\`, \`authenticated\`, \`refused\`, \`dry_run\`, \`closed\`, \`policy_replaced\`, \`audited\`; \`lost\` says how many a reader missed,
  \`idle\` that nothing has happened for 15 s. A reader that takes nothing for 30 s is dropped.
- **With several workers** sessions, refusals and events are those of all; refusals are kept by each worker, 10,000 of them.

`

export function metricsPage(generated: string): string {
  const specs: readonly MetricSpec[] = Object.values(metricSpecs)
  const rows = specs.map(
    ({ name, kind, labels, help }) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${cell(help)} |`,
  )
  return `${generated}

# Metrics

\`GET /metrics\` of the [admin API](admin-api.md) answers them as Prometheus reads them:

\`\`\`
scrape_configs:
  - job_name: postern
    static_configs:
      - targets: ["127.0.0.1:8025"]
\`\`\`

Labels are names of limits, zones and upstreams of the configuration, never what a client chose. A limit that a reload removes goes, and its counts
go on when it comes back. No counter falls when a worker dies. [packaging/prometheus-rules.yml](../packaging/prometheus-rules.yml) has alerts,
[packaging/grafana-dashboard.json](../packaging/grafana-dashboard.json) a dashboard.

| metric | kind | labels | it says |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}
