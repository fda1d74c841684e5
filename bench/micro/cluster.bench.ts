// Admissions through one redis-server, from one gate's process and from three, beside what npm has
// for it. Run: node --import tsx bench/micro/cluster.bench.ts
//
// An admission is one slot of one user's budget, taken and given back. Each subject does its nearest
// equivalent: redis-semaphore a multi-permit semaphore (a sorted set with times per key), and
// rate-limiter-flexible and haraka-plugin-limit a counter with a lifetime, which forgets long
// sessions or remembers dead ones; only Postern's admissions are exact after a crash.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask, budget, startLedger, storeAt } from '../../test/kit/ledger.ts'
import { haveRedis, RedisServer } from '../../test/kit/redis.ts'
import { spreadOf } from '../stats.ts'

const packages = {
  ioredis: '5.11.1',
  'redis-semaphore': '5.8.0',
  'rate-limiter-flexible': '7.4.0',
  'haraka-plugin-limit': '1.3.2',
} as const
const subjects = ['postern', 'redis-semaphore', 'rate-limiter-flexible', 'haraka-plugin-limit']

const here = fileURLToPath(import.meta.url)
const folder = join(here, '..', '..', '..', '.tmp', 'cluster-peers')
const users = 5000
const cap = 50
const roundMs = 2000
const roundCount = 3
/** So many admissions are under way at once while throughput is measured. */
const depth = 256
const tickMs = 5
/** Before the clock runs: a just-in-time compiler has seen enough by then. */
const warmUpMs = 1000

interface Gate {
  /** One admission and its end; false: refused. */
  readonly admit: (user: string) => Promise<boolean>
  readonly close: () => Promise<unknown>
}

interface RoundOrder {
  readonly subject: string
  readonly path: string
  /** Absent: as many as go. */
  readonly perSecond?: number
}

interface RoundResult {
  readonly perSecond: number
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What is used of the packages, none of which is installed where types are checked. */
interface Peers {
  readonly Redis: new (options: object) => { disconnect(): void }
  readonly Semaphore: new (
    client: object,
    key: string,
    limit: number,
    options: object,
  ) => { acquire(): Promise<void>; release(): Promise<void> }
  readonly RateLimiterRedis: new (options: object) => {
    consume(key: string): Promise<unknown>
    reward(key: string): Promise<unknown>
  }
  readonly limit: {
    conn_concur_incr(this: object, next: () => void, connection: object): Promise<void>
    conn_concur_decr(this: object, next: () => void, connection: object): Promise<void>
  }
}

async function openGate(subject: string, path: string): Promise<Gate> {
  if (subject === 'postern') {
    const store = storeAt([{ kind: 'unix', path }], { leaseMs: 10_000 })
    const holder = { node: `n${process.pid}`, prefix: 'bench', leaseMs: 5000 }
    const ledger = await startLedger({ store, ...holder })
    return {
      async admit(user) {
        const reply = await ask(ledger, [budget(user, cap)])
        if (reply.kind === 'granted') ledger.give([user])
        return reply.kind === 'granted'
      },
      close: () => ledger.stop().then(() => store.close()),
    }
  }
  const load = createRequire(join(folder, 'package.json'))
  const peers: Peers = {
    Redis: load('ioredis').Redis,
    Semaphore: load('redis-semaphore').Semaphore,
    RateLimiterRedis: load('rate-limiter-flexible').RateLimiterRedis,
    limit: load('haraka-plugin-limit'),
  }
  const client = new peers.Redis({ path, enableAutoPipelining: true })
  const close = (): Promise<void> => Promise.resolve(client.disconnect())
  return { admit: admitWith(subject, peers, client), close }
}

function admitWith(subject: string, peers: Peers, client: object): Gate['admit'] {
  if (subject === 'redis-semaphore') {
    return async (user) => {
      const semaphore = new peers.Semaphore(client, user, cap, { refreshInterval: 0 })
      await semaphore.acquire()
      await semaphore.release()
      return true
    }
  }
  if (subject === 'rate-limiter-flexible') {
    const limiter = new peers.RateLimiterRedis({ storeClient: client, points: cap, duration: 180 })
    return async (user) => {
      await limiter.consume(user)
      await limiter.reward(user)
      return true
    }
  }
  const plugin = { ...peers.limit, db: client, cfg: { concurrency: {} } }
  return async (user) => {
    const connection = { remote: { ip: user }, results: { add: () => {}, get: () => ({}) } }
    await peers.limit.conn_concur_incr.call(plugin, () => {}, connection)
    await peers.limit.conn_concur_decr.call(plugin, () => {}, connection)
    return true
  }
}

async function runRound({ subject, path, perSecond }: RoundOrder): Promise<RoundResult> {
  const gate = await openGate(subject, path)
  let latencies: number[] = []
  let next = 0
  const admitOne = async (): Promise<void> => {
    next += 1
    const sentMs = performance.now()
    if (!(await gate.admit(`user/${next % users}`))) throw new Error('refused below the cap')
    latencies.push(performance.now() - sentMs)
  }
  const load = async (forMs: number): Promise<void> => {
    const endMs = performance.now() + forMs
    const chain = async (): Promise<void> => {
      while (performance.now() < endMs) await admitOne()
    }
    if (perSecond === undefined) await Promise.all(Array.from({ length: depth }, chain))
    else await paced(endMs, perSecond, admitOne)
  }
  await load(warmUpMs)
  latencies = []
  const startCpu = process.cpuUsage()
  const startMs = performance.now()
  await load(roundMs)
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(startCpu)
  await gate.close()
  const sorted = latencies.toSorted((a, b) => a - b)
  return {
    perSecond: sorted.length / seconds,
    cpuUs: (user + system) / sorted.length,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
  }
}

async function paced(endMs: number, perSecond: number, admit: () => Promise<void>): Promise<void> {
  const running: Promise<void>[] = []
  let owed = 0
  while (performance.now() < endMs) {
    owed += (perSecond * tickMs) / 1000
    for (; owed >= 1; owed -= 1) running.push(admit())
    await new Promise((resolve) => setTimeout(resolve, tickMs))
  }
  await Promise.all(running)
}

async function inChild(order: RoundOrder): Promise<RoundResult> {
  const args = ['--import', 'tsx', here, JSON.stringify(order)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const [code] = (await once(child, 'exit')) as [number]
  if (code !== 0) throw new Error(`${order.subject} failed`)
  return JSON.parse(text) as RoundResult // as this script prints it
}

/** What one redis-server sees: gates at once, as many as go, and then at half that load. */
async function measure(subject: string, gateCount: number): Promise<Record<string, string>> {
  const server = await RedisServer.start()
  const gates = (perSecond?: number): Promise<RoundResult[]> =>
    Promise.all(
      Array.from({ length: gateCount }, () =>
        inChild({
          subject,
          path: server.path,
          ...(perSecond === undefined ? {} : { perSecond }),
        }),
      ),
    )
  const rates: number[] = []
  const full: RoundResult[] = []
  const half: RoundResult[] = []
  try {
    for (let round = 0; round < roundCount; round += 1) {
      const results = await gates()
      full.push(...results)
      rates.push(results.reduce((sum, { perSecond }) => sum + perSecond, 0))
      half.push(...(await gates((rates.at(-1) ?? 0) / 2 / gateCount)))
    }
  } finally {
    await server.stop()
  }
  const median = (values: readonly number[]): number => spreadOf(values)?.median ?? Number.NaN
  return {
    subject,
    gates: `${gateCount}`,
    'admissions/s': median(rates).toFixed(0),
    'CPU µs in the gate': median(full.map(({ cpuUs }) => cpuUs)).toFixed(1),
    'p50 ms at half load': median(half.map(({ p50Ms }) => p50Ms)).toFixed(2),
    'p99 ms at half load': median(half.map(({ p99Ms }) => p99Ms)).toFixed(2),
  }
}

function havePeers(): boolean {
  if (Object.keys(packages).every((name) => existsSync(join(folder, 'node_modules', name)))) {
    return true
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const wanted = Object.entries(packages).map(([name, version]) => `${name}@${version}`)
  const args = ['install', '--no-audit', '--no-fund', ...wanted]
  return spawnSync('npm', args, { cwd: folder, timeout: 180_000 }).status === 0
}

async function main(): Promise<void> {
  if (!haveRedis()) throw new Error('no redis-server')
  const isWhole = havePeers()
  if (!isWhole) process.stderr.write('bench: the packages of npm could not be installed\n')
  const rows: Record<string, string>[] = []
  for (const gateCount of [1, 3]) {
    for (const subject of isWhole ? subjects : subjects.slice(0, 1)) {
      rows.push(await measure(subject, gateCount))
    }
  }
  const columns = Object.keys(rows[0] ?? {})
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`
  const dashes = columns.map(() => '---')
  const body = rows.map((row) => line(columns.map((name) => row[name] ?? '')))
  process.stdout.write([line(columns), line(dashes), ...body].join(''))
}

const [order] = process.argv.slice(2)
if (order === undefined) await main()
else process.stdout.write(JSON.stringify(await runRound(JSON.parse(order) as RoundOrder)))
