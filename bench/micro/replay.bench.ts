// What a replay of a long record costs: a trace of so many events is made, and the built program replays
// it under a policy with caps at both stages.
// Run: npm run build && node --import tsx bench/micro/replay.bench.ts [EVENTS]

import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TraceEncoder } from '../../src/replay/trace-encoder.ts'
import type { TraceLimit, TraceListen } from '../../src/replay/trace.ts'

const eventCount = Number(process.argv[2] ?? 10_000_000)
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const smtp: TraceListen = { id: '*:25', service: 'smtp' }
const imap: TraceListen = { id: '*:143', service: 'imap' }
const decided: TraceLimit = {
  stage: 'connect',
  option: 'service_sessions',
  tier: 'block',
  zone: 'connect',
  scope: 'ESMTP_Listener Peer 0.0.0.0/0',
  cap: 600,
}
const configuration = `
Limit_Conn_Zone "users" { Key = "$remote_user" Size = "16m" }
ESMTP_Listener {
  Upstream = "127.0.0.1:26"
  Service_Sessions = 2000
  Peer "10.0.0.0/8" { Service_Sessions = 1500 }
  Peer "0.0.0.0/0" { Service_Sessions = 500 }
  Listen ":25" {}
}
IMAP_Listener {
  Auth_Upstream = true
  Upstream = "127.0.0.1:144"
  Limit_Conn "users" { Sessions = 8 }
  Listen ":143" {}
}
`
/** Some megabytes a write. */
const linesPerWrite = 50_000
/** Sessions of a record that are open at a time: those of a busy gate. */
const openMax = 4000
/** Events of one millisecond: a thousand a second would be a quiet gate, this one has 5,000. */
const perMs = 5

/** A row of numbers that looks random and is the same each time. */
function numbers(): () => number {
  let state = 12_345
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return state
  }
}

function writeTrace(path: string): void {
  const file = openSync(path, 'w')
  let lines: string[] = []
  const flush = (): void => {
    writeSync(file, lines.join(''))
    lines = []
  }
  const encoder = new TraceEncoder((line) => {
    lines.push(line)
    if (lines.length >= linesPerWrite) flush()
  })
  encoder.header({
    postern: 'trace',
    version: 1,
    record: 'b',
    part: 1,
    startMs: 0,
    source: 'postern',
  })
  encoder.begin(0)
  encoder.started()
  const next = numbers()
  const open: { id: number; listen: TraceListen; atMs: number }[] = []
  let id = 0
  for (let events = 0; events < eventCount;) {
    const atMs = Math.floor(events / perMs)
    const client = `${next() % 4 === 0 ? 10 : 192}.0.${next() % 20}.${next() % 250}`
    id += 1
    events += 1
    const kind = next() % 10
    if (kind < 4) {
      encoder.refused({ atMs, id, listen: smtp, client, limit: decided, used: 600 })
    } else {
      const listen = kind < 8 ? smtp : imap
      encoder.opened(atMs, id, listen, client)
      open.push({ id, listen, atMs })
      if (listen === imap) {
        const user = `user${next() % 5000}@example.org`
        encoder.authenticated(atMs, id, { user, headers: [], isUnix: false })
        events += 1
      }
    }
    if (open.length > openMax || kind >= 5) {
      const [ended] = open.splice(next() % open.length, 1)
      if (ended === undefined) continue
      encoder.closed(atMs, ended.id, ended.listen, atMs - ended.atMs)
      events += 1
    }
  }
  flush()
  closeSync(file)
}

const directory = mkdtempSync(join(tmpdir(), 'postern-replay-'))
try {
  const trace = join(directory, 'postern.trace')
  const policy = join(directory, 'postern.conf')
  writeFileSync(policy, configuration)
  writeTrace(trace)
  const startMs = performance.now()
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'replay', trace, '--policy', policy, '--json'],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  )
  if (status === 2 || stdout === '') throw new Error(stderr)
  const seconds = (performance.now() - startMs) / 1000
  const perEvent = (seconds * 1e6) / eventCount
  process.stdout.write(
    `${eventCount} events in ${seconds.toFixed(1)} s, ${perEvent.toFixed(2)} us each (node ${process.version})\n`,
  )
} finally {
  rmSync(directory, { recursive: true })
}
