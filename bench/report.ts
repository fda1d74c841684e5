// Turns the measurements of a run into the page docs/benchmarks.md.

import { judge, ratioOf, yardstick } from './aims.ts'
import { renderCurves } from './curve-report.ts'
import { lookupRatioMax } from './cases/lookups.ts'
import { spreadOf } from './stats.ts'
import type { Curves } from './cases/curve.ts'
import type { LookupRatio } from './cases/lookups.ts'
import type { Figure, Measurement } from './cases/rig.ts'
import type { Fact } from './machine.ts'
import type { Size } from './options.ts'
import type { Spread } from './stats.ts'
import type { Subject } from './subjects/subject.ts'

export interface Report {
  readonly date: string
  readonly facts: readonly Fact[]
  readonly size: Size
  readonly subjects: readonly Subject[]
  readonly measurements: readonly Measurement[]
  /** Empty when it was not measured. */
  readonly lookups: readonly LookupRatio[]
  /** Absent when they were not measured. */
  readonly curves?: Curves
  /** What could not be run, and why. */
  readonly missing: readonly string[]
}

interface Table {
  readonly figure: Figure
  readonly title: string
  readonly costTitle: string
  readonly costUnit: number
  readonly costDigits: number
  readonly rateTitle: string
}

const tables: readonly Table[] = [
  {
    figure: 'refusals',
    title: 'Refused connections',
    costTitle: 'CPU µs per refusal',
    costUnit: 1,
    costDigits: 1,
    rateTitle: 'refusals/s',
  },
  {
    figure: 'fairness',
    title: 'Trusted clients during a flood',
    costTitle: 'p99 over that without a flood',
    costUnit: 1,
    costDigits: 2,
    rateTitle: 'refusals/s',
  },
  {
    figure: 'sessions',
    title: 'Relayed sessions',
    costTitle: 'CPU µs per session',
    costUnit: 1,
    costDigits: 1,
    rateTitle: 'sessions/s',
  },
  {
    figure: 'refusals-2',
    title: 'Refused connections, two workers',
    costTitle: 'CPU µs per refusal',
    costUnit: 1,
    costDigits: 1,
    rateTitle: 'refusals/s',
  },
  {
    figure: 'sessions-2',
    title: 'Relayed sessions, two workers',
    costTitle: 'CPU µs per session',
    costUnit: 1,
    costDigits: 1,
    rateTitle: 'sessions/s',
  },
  {
    figure: 'login-imap',
    title: 'IMAP sessions that log in',
    costTitle: 'CPU µs per session',
    costUnit: 1,
    costDigits: 1,
    rateTitle: 'sessions/s',
  },
  {
    figure: 'login-pop3',
    title: 'POP3 sessions that log in',
    costTitle: 'CPU µs per session',
    costUnit: 1,
    costDigits: 1,
    rateTitle: 'sessions/s',
  },
  {
    figure: 'login-smtp',
    title: 'SMTP sessions that log in',
    costTitle: 'CPU µs per session',
    costUnit: 1,
    costDigits: 1,
    rateTitle: 'sessions/s',
  },
  {
    figure: 'push',
    title: 'Bytes from client to upstream',
    costTitle: 'MB per CPU second',
    costUnit: 1,
    costDigits: 0,
    rateTitle: 'MB/s',
  },
  {
    figure: 'pull',
    title: 'Bytes from upstream to client',
    costTitle: 'MB per CPU second',
    costUnit: 1,
    costDigits: 0,
    rateTitle: 'MB/s',
  },
  {
    figure: 'idle',
    title: 'Memory of an idle relayed session',
    costTitle: 'KB per session',
    costUnit: 1024,
    costDigits: 2,
    rateTitle: 'opened/s',
  },
  {
    figure: 'idle-login',
    title: 'Memory of an idle session that has logged in',
    costTitle: 'KB per session',
    costUnit: 1024,
    costDigits: 2,
    rateTitle: 'opened/s',
  },
  {
    figure: 'idle-login-tls',
    title: 'The same inside TLS',
    costTitle: 'KB per session',
    costUnit: 1024,
    costDigits: 2,
    rateTitle: 'opened/s',
  },
]

/** The whole page. */
/** The page, and the pictures that it shows: files below docs/benchmarks. */
export interface Rendered {
  readonly page: string
  readonly pictures: ReadonlyMap<string, string>
}

export function renderReport(report: Report): Rendered {
  const { curves, size, subjects } = report
  const drawn =
    curves && renderCurves(curves, size.settleMs, (subjectId) => labelOf(subjects, subjectId))
  const parts = [
    '<!-- Written by `npm run bench`; do not edit by hand. -->',
    '# Benchmarks',
    introduction(report),
    '## Aims',
    renderAims(report),
    ...tables.flatMap((table) => {
      const text = renderTable(report, table)
      return text === undefined ? [] : [`## ${table.title}`, notes[table.figure](report), text]
    }),
    ...(drawn === undefined ? [] : [drawn.section]),
    ...renderLookups(report.lookups),
    '## What costs the rest',
    whatCostsTheRest,
    '## How to read this',
    howToRead,
  ]
  return { page: `${parts.join('\n\n')}\n`, pictures: drawn?.pictures ?? new Map() }
}

function introduction(report: Report): string {
  const facts = rows(
    ['', ''],
    report.facts.map(({ name, value }) => [name, value]),
  )
  const rounds = howMany(report.size.rounds)
  const missing = report.missing.map((text) => `**Not measured:** ${text}.`)
  return [
    `Measured on ${report.date} by \`npm run bench\`, over loopback, every server with one worker or thread where`,
    `nothing else is said, ${rounds} in which the servers take turns. A ratio compares two servers in the`,
    `same round; the number shown is the middle of the rounds, in brackets the lowest and highest.`,
    '',
    facts,
    ...missing.flatMap((text) => ['', text]),
  ].join('\n')
}

function renderAims({ measurements, subjects }: Report): string {
  const judged = judge(measurements)
  if (judged.length === 0) return 'Nothing to compare: nginx or Postern was not measured.'
  return rows(
    ['aim', 'server', 'beside', 'wanted', 'measured', ''],
    judged.map(({ text, subjectId, besideId, sense, bound, ratio, isReached, isOwn }) => [
      text,
      labelOf(subjects, subjectId),
      isOwn === true ? 'itself' : labelOf(subjects, besideId),
      `${sense} ${bound.toFixed(2)}×`,
      withSpread(ratio, 2, '×'),
      isReached ? 'reached' : '**missed**',
    ]),
  )
}

function renderLookups(lookups: readonly LookupRatio[]): string[] {
  if (lookups.length === 0) return []
  const note = `Finding the Peer of an address: the time among 10,000 blocks over the time among 10, aim at most
${lookupRatioMax.toFixed(2)}×. Alone, without sockets (\`bench/micro/prefix-table.bench.ts\`).`
  const lines = lookups.map(({ family, addresses, ratio }) => [
    `IPv${family}`,
    addresses === 'random' ? 'anywhere' : 'inside the blocks',
    `${ratio.toFixed(2)}×`,
    ratio <= lookupRatioMax ? 'reached' : '**missed**',
  ])
  return ['## Longest-prefix lookup', note, rows(['family', 'addresses', 'ratio', ''], lines)]
}

function renderTable(report: Report, table: Table): string | undefined {
  const { figure, costUnit, costDigits } = table
  const lines = report.subjects.flatMap(({ id, label }) => {
    const own = report.measurements.filter((one) => one.figure === figure && one.subjectId === id)
    const cost = spreadOf(own.map((one) => one.cost / costUnit))
    if (cost === undefined) return []
    const ratio =
      id === yardstick
        ? undefined
        : ratioOf(report.measurements, { figure, subjectId: id, besideId: yardstick })
    const middle = (pick: (one: Measurement) => number): number =>
      spreadOf(own.map(pick))?.median ?? 0
    const last = lastCells(figure, own, middle)
    const failedCount = own.reduce((sum, one) => sum + one.failedCount, 0)
    return [
      [
        failedCount === 0 ? label : `${label} (${failedCount} failed)`,
        withSpread(cost, costDigits, ''),
        ratio === undefined ? '' : withSpread(ratio, 2, '×'),
        thousands(middle((one) => one.perSecond)),
        ...last,
      ],
    ]
  })
  if (lines.length === 0) return undefined
  const last = lastTitles(figure)
  return rows(['server', table.costTitle, 'beside nginx', table.rateTitle, ...last], lines)
}

function lastTitles(figure: Figure): readonly string[] {
  if (figure === 'fairness') return ['p50 / p99 alone, ms', 'p50 / p99 in the flood, ms']
  return figure.startsWith('idle') ? ['sessions', 'whole server, MB'] : ['server busy', 'load busy']
}

function lastCells(
  figure: Figure,
  own: readonly Measurement[],
  middle: (pick: (one: Measurement) => number) => number,
): readonly string[] {
  if (figure === 'fairness') {
    return (['quiet', 'flooded'] as const).map((when) => {
      const p50Ms = middle((one) => one.waits?.[when].p50Ms ?? 0)
      const p99Ms = middle((one) => one.waits?.[when].p99Ms ?? 0)
      return `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)}`
    })
  }
  return figure.startsWith('idle')
    ? [thousands(middle((one) => one.sessions ?? 0)), megabytes(own)]
    : [percent(middle((one) => one.busy)), percent(middle((one) => one.loadBusy))]
}

const notes: Readonly<Record<Figure, (report: Report) => string>> = {
  refusals: () =>
    `A client connects, reads the 421 line and closes. Postern refuses at \`Service_Sessions = 1\` with
one session held, so each refusal is a counted decision; nginx sends the same line with \`return\`
and counts nothing. haproxy has no text for a refused TCP client: it closes without a word
(\`tcp-request connection reject\`), so a client sees a dropped connection; the second haproxy row
sends the line from a Lua service. Haraka refuses in a plugin that counts, smtp-server by its \`maxClients\`.`,
  fairness: () =>
    `One load process floods from 127.0.0.2, where one session is allowed and held, with 64 connections at once; another
fetches a banner from 127.0.0.1, one at a time, and times it from connect to banner, which takes in the upstream's.
With two cores, one process is what can flood a server without taking its core. nginx refuses
with \`limit_conn\`, which closes without a word. The ratio has all processes on the machine's cores in it: what
is left of it in nginx is the scheduler's.`,
  sessions: () =>
    `A client connects, reads the upstream's banner through the server, sends \`QUIT\`, reads the 221
and the end. Every server opens one upstream connection for it, but for Haraka and smtp-server, which answer
themselves and so have half of the sockets to serve.`,
  'refusals-2': () =>
    `The same with two worker processes (nginx), two threads (haproxy), two workers that count together (Postern, whose
master and host processes are in its number). With as many workers as the machine has cores, load and upstream
take the cores from them: it is the CPU of each that can be compared.`,
  'sessions-2': () => 'As above, with two workers.',
  'login-imap': () =>
    `A client connects, logs in, says goodbye and reads the end; each login is another of 10,000 users. nginx's mail
module and Postern run the same \`mail\` block with the same auth server (\`auth_http\`, a connection for each
question) and the same mail servers behind; Postern counts each login against a limit per user, too.`,
  'login-pop3': () => 'The same with USER and PASS.',
  'login-smtp': () => 'The same with EHLO, AUTH PLAIN, and XCLIENT to the mail server behind.',
  push: ({ size }) =>
    `Four sessions at once push ${Math.round(size.bytesPerRound / 2 ** 20)} MiB in all; the clock stops when the upstream has
acknowledged the last byte. Buffers are each server's defaults.`,
  pull: () => 'The same bytes the other way.',
  idle: ({ size }) =>
    `Resident memory of all the server's processes ${size.settleMs / 1000} s after the last session opened, minus before
the first, over the sessions open; a fresh process each time, ${howMany(size.idleRounds)}. Pages shared between its
processes count once, and sharing with other programs is left out. Nothing forces a garbage collection
in Postern; the wait, the same for every server, is as long as it is because V8 gives memory back only after 20 to 40 s of quiet. The kernel's
socket buffers are in no server's number. nginx and haproxy reserve their connection tables when they
start, which is in the whole server's column and not in the session's.`,
  'idle-login': () =>
    `The same for IMAP sessions that have logged in at the gate. An idle IMAP client is what a mailbox server holds
thousands of.`,
  'idle-login-tls': () =>
    'Implicit TLS with an ECDSA certificate. What OpenSSL keeps for each connection is the larger part, in both.',
}

const whatCostsTheRest = `- **Refusals:** by profile (\`node --cpu-prof dist/cli/main.js\` under the same load) nearly all of it is the kernel
  accepting, writing and closing, and Node calling it; nginx calls the same with less around it, and gets the
  address of a client with the accept, where Node needs a call of its own. The admission itself, the log's rate
  limit and garbage are what is left to us. Outside a flood a refusal is dearer, because the close is the kind
  one (docs/decisions/0006-flood-lane.md).
- **Sessions:** the kernel's part is more system calls than nginx makes, one at a time; the rest is JavaScript and
  its garbage (docs/decisions/0021-sessions-on-handles.md).
- **Bytes:** they pass through buffers that are used again, in pieces of 64 KiB; nginx's are 16 KiB.
- **Memory:** inside TLS, a session is still two Sockets with their stream states.`

const howToRead = `- **CPU, not speed, is the result.** Client, upstream and server share the machine's cores; how many
  a second come through says as much about the load processes as about the server. \`server busy\` and
  \`load busy\` are CPU seconds per second, so 100 % is one core; the load runs in two processes. A
  server well below 100 % was waiting for work, and handles fewer connections per wake-up than it would
  when flooded, which makes each look a little dearer.
- CPU time is what the scheduler counted for all threads of the server's processes, kernel and user.
  On loopback, part of the TCP work of one side runs on the account of the other, the same for all.
- Compare the ratios, not absolute numbers of different machines or days.
- \`npm run bench -- --quick\` gives a rough picture in a few minutes, \`--node24\` adds Node 24,
  \`--rival FILE\` measures another build beside this one; \`--help\` lists the rest.`

function labelOf(subjects: readonly Subject[], id: string): string {
  return subjects.find((subject) => subject.id === id)?.label ?? id
}

function rows(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => '---'), ...lines]
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function withSpread({ median, min, max }: Spread, digits: number, unit: string): string {
  return `${median.toFixed(digits)}${unit} (${min.toFixed(digits)}–${max.toFixed(digits)})`
}

function megabytes(own: readonly Measurement[]): string {
  const bytes = spreadOf(own.map((one) => one.totalBytes ?? 0))?.median ?? 0
  return (bytes / 1e6).toFixed(1)
}

function howMany(rounds: number): string {
  return rounds === 1 ? '1 round' : `${rounds} rounds`
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
