// Three gates that count as one in a store, each with a line of its own to it. A cap for each way to
// be without a store: `smtp` refuses, `imap` fills the node's share, `pop3` admits everybody.

import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { RedisServer } from '../../kit/redis.ts'
import type { Client } from '../../e2e/kit/client.ts'
import { Gate } from '../../e2e/kit/gate.ts'
import { sleep, until } from '../../e2e/kit/until.ts'
import { UpstreamWatch } from '../../e2e/kit/witness.ts'
import { Cable, hasCables } from './cable.ts'
import { StoreLine } from './store-line.ts'
import type { Line } from './store-line.ts'

/** Seconds: as short as a lease can be. */
export const leaseMs = 1000
export const cap = 12
/** The part of a gate that counts alone: a third. */
export const share = cap / 3

export type CapName = 'smtp' | 'imap' | 'pop3'

const nominalPorts: Readonly<Record<CapName, number>> = { smtp: 25, imap: 143, pop3: 110 }

const clockModule = fileURLToPath(new URL('../clock-step.mjs', import.meta.url))

export class ClusterRig {
  readonly redis: RedisServer
  readonly lines: readonly Line[]
  readonly gates: Gate[] = []
  readonly clockFile: string

  private constructor(redis: RedisServer, lines: readonly Line[]) {
    this.redis = redis
    this.lines = lines
    this.clockFile = `${redis.directory}/clock`
  }

  static async start(): Promise<ClusterRig> {
    const redis = await RedisServer.start()
    const first = hasCables() ? Cable.to(redis.path) : StoreLine.to(redis.path)
    const others = [StoreLine.to(redis.path), StoreLine.to(redis.path)]
    const lines: readonly Line[] = await Promise.all([first, ...others])
    const rig = new ClusterRig(redis, lines)
    for (const at of [0, 1, 2]) rig.gates.push(await rig.#startGate(at))
    return rig
  }

  async stop(): Promise<void> {
    await Promise.all(this.gates.map((gate) => gate.stop()))
    for (const line of this.lines) await line.close()
    await this.redis.stop()
  }

  gate(at: number): Gate {
    const gate = this.gates[at]
    assert(gate !== undefined)
    return gate
  }

  /** The first is a cable where there can be one. */
  line(at: number): Line {
    const line = this.lines[at]
    assert(line !== undefined)
    return line
  }

  connect(at: number, name: CapName = 'smtp'): Client {
    return this.gate(at).connect(`A@${nominalPorts[name]}`)
  }

  /** Tries until it is admitted, however often it is refused meanwhile. */
  async admits(at: number, name: CapName = 'smtp'): Promise<Client> {
    return until(`admission at gate ${at + 1}`, async () => {
      const client = this.connect(at, name)
      return (await isAdmitted(client)) && client
    })
  }

  watch(): UpstreamWatch {
    return new UpstreamWatch(
      ...this.gates.map(({ pid, upstream }) => ({ pid, port: upstream.port })),
    )
  }

  /** In place of one that the test has killed. */
  async restart(at: number): Promise<void> {
    this.gate(at).abandon()
    this.gates[at] = await this.#startGate(at)
  }

  /** As many as still fit are admitted, wherever they come, and not one more. */
  async isFilledExactly(liveCount: number): Promise<void> {
    const more: Client[] = []
    await until(
      () => `${cap} sessions in all, there are ${liveCount + more.length}`,
      async () => {
        const client = this.connect(more.length % this.gates.length)
        if (await isAdmitted(client)) more.push(client)
        return liveCount + more.length >= cap
      },
    )
    for (const at of this.gates.keys()) {
      assert.equal(await isAdmitted(this.connect(at)), false, `gate ${at + 1} admits one too many`)
    }
    for (const client of more) await client.close()
  }

  /** Nobody is left anywhere, and no gate has anything to regret. */
  async isEmpty(): Promise<void> {
    for (const gate of this.gates) await gate.holds(0)
  }

  #startGate(at: number): Promise<Gate> {
    return Gate.startForMany({
      config: configOf(this.line(at).address, at),
      env: { NODE_OPTIONS: `--import ${clockModule}`, POSTERN_TEST_CLOCK: this.clockFile + at },
    })
  }
}

function configOf(store: string, at: number): string {
  const counted = (mode: string): string =>
    `SS=${cap} Service_Sessions_Cluster = [ When_Away = ${mode} ]`
  return [
    `Cluster { Server = ( "redis://${store}" ) Node = "gate-${at + 1}"`,
    `Lease = ${leaseMs / 1000} Share = "1/3" }`,
    `E{${counted('refuse')} Listen ":25"{}}`,
    `IMAP_Listener{${counted('local')} Listen ":143"{}}`,
    `POP3_Listener{${counted('admit')} Listen ":110"{}}`,
  ].join('\n')
}

/** Whatever the protocol: the upstream of all of them greets as SMTP does. */
export async function isAdmitted(client: Client): Promise<boolean> {
  await until(
    () => `an answer for ${client.describe()}`,
    () => client.isClosed || client.text.includes('\r\n'),
  )
  if (client.isGreeted && client.text.startsWith('220 upstream')) return true
  await client.over()
  assert.match(client.text, /concurrency limit reached\.\r\n$/, client.describe())
  return false
}

/** Clients that come to all gates, stay a moment and go, until told to stop. */
export class Arrivals {
  readonly #rig: ClusterRig
  readonly #all: Promise<unknown>
  #isOver = false
  admittedCount = 0
  refusedCount = 0

  constructor(rig: ClusterRig, perGate = 4) {
    this.#rig = rig
    const gates = [...rig.gates.keys()].flatMap((at) => Array.from({ length: perGate }, () => at))
    this.#all = Promise.all(gates.map((at) => this.#come(at)))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#all
  }

  async #come(at: number): Promise<void> {
    while (!this.#isOver) {
      const client = this.#rig.connect(at)
      // Where a gate is killed or stopped a client is neither admitted nor refused.
      const answer = await Promise.race([
        isAdmitted(client).catch(() => undefined),
        sleep(patienceMs),
      ])
      if (answer === true) this.admittedCount += 1
      if (answer === false) this.refusedCount += 1
      await sleep(20)
      client.reset()
      await sleep(20)
    }
  }
}

/** A client of the storm gives up on a gate that says nothing. */
const patienceMs = 500
