// The load processes and the upstream, seen from the harness: one call per order.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stopChild } from '../process.ts'
import type { ChildProcess } from 'node:child_process'
import type {
  CountOrder,
  LoadOrder,
  LoginServersReady,
  Outcome,
  ProbeOrder,
  Ready,
} from './orders.ts'

// Two keep one server busy without starving it on two cores; more would only fight each other.
const workerCount = 2
// No order takes longer; a load process that has not answered by then has hung.
const answerMs = 120_000

export interface Fleet {
  readonly upstreamPort: number
  /** Where gates that log clients in ask. */
  readonly authPort: number
  readonly workerCount: number
  /** Gives the order to every load process at once and adds up what they did. */
  run(order: (worker: number) => LoadOrder): Promise<Outcome>
  /** Gives the order to one load process: one that the others leave a core to. */
  runInOne(order: LoadOrder): Promise<Outcome>
  /** Has a load process of its own fetch banners: its event loop is not the flood's. */
  probe(order: ProbeOrder): Promise<Outcome>
  /** Sessions the servers behind have open now. */
  upstreamCount(): Promise<number>
  stop(): Promise<void>
}

export async function startFleet(): Promise<Fleet> {
  const upstream = start('upstream.ts')
  const loginServers = start('login-servers.ts')
  const authPort = answerOf<LoginServersReady>(loginServers).then((ready) => ready.authPort)
  const workers = Array.from({ length: workerCount }, () => start('worker.ts'))
  const prober = start('worker.ts')
  const [first] = await Promise.all([upstream, ...workers, prober].map(answerOf<Ready>))
  const upstreamPort = first?.port
  if (upstreamPort === undefined) throw new Error('the upstream told no port')
  return {
    upstreamPort,
    authPort: await authPort,
    workerCount,
    async run(order) {
      const answers = workers.map(answerOf<Outcome>)
      workers.forEach((worker, at) => worker.send(order(at)))
      return sumOf(await Promise.all(answers))
    },
    async runInOne(order) {
      const [worker] = workers
      if (worker === undefined) throw new Error('no load process')
      const answer = answerOf<Outcome>(worker)
      worker.send(order)
      return answer
    },
    async probe(order) {
      const answer = answerOf<Outcome>(prober)
      prober.send(order)
      return answer
    },
    async upstreamCount() {
      return (await countOf(upstream)) + (await countOf(loginServers))
    },
    async stop() {
      await Promise.all([upstream, loginServers, ...workers, prober].map(stopChild))
    },
  }
}

async function countOf(server: ChildProcess): Promise<number> {
  const answer = answerOf<{ readonly count: number }>(server)
  server.send({ kind: 'count' } satisfies CountOrder)
  return (await answer).count
}

function start(file: string): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

/** The next message of a child: it is ours and answers every order with exactly one. */
function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => reject(new Error('no answer'))), answerMs)
    const onExit = (): void => settle(() => reject(new Error('a load process ended')))
    const onMessage = (message: unknown): void => settle(() => resolve(message as Answer))
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      child.off('exit', onExit)
      child.off('message', onMessage)
      finish()
    }
    child.once('exit', onExit)
    child.once('message', onMessage)
  })
}

function sumOf(outcomes: readonly Outcome[]): Outcome {
  const total = (pick: (outcome: Outcome) => number): number =>
    outcomes.reduce((sum, outcome) => sum + pick(outcome), 0)
  const firstFailure = outcomes.find((outcome) => outcome.firstFailure)?.firstFailure
  return {
    count: total((outcome) => outcome.count),
    failedCount: total((outcome) => outcome.failedCount),
    elapsedMs: Math.max(...outcomes.map((outcome) => outcome.elapsedMs)),
    cpuMs: total((outcome) => outcome.cpuMs),
    ...(firstFailure === undefined ? {} : { firstFailure }),
  }
}
