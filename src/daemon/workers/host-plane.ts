// The master's side of a host: binds the listening sockets and keeps them, whatever becomes of the
// host; starts the host, starts it again when it dies, and passes on what the daemon wants.

import { fork } from 'node:child_process'
import type { ChildProcess, SendHandle } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { unreachable } from '../../base/assert.ts'
import type { Log } from '../../base/log.ts'
import type { HandedSockets } from '../../gateway/handed-sockets.ts'
import type { HeldSocket } from '../../gateway/held-socket.ts'
import { GatewayMeters } from '../../gateway/meters.ts'
import type { ControlResponse, LimitsReport, Question } from '../control-protocol.ts'
import type { StreamName } from '../feed/event-feed.ts'
import { lostBatch } from '../feed/lost.ts'
import { Subscribers } from '../feed/subscribers.ts'
import type { EventListener } from '../feed/subscribers.ts'
import type { Assignment, Plane, PlaneReport } from '../plane.ts'
import { CarriedLimits } from './carried-limits.ts'
import { CarriedTotals } from './carried-totals.ts'
import { HeldListens } from './held-listens.ts'
import type { HeldAddition } from './held-listens.ts'
import type { FromHost, HostOrder, Listening, ToHost } from './messages.ts'
import { Orders } from './orders.ts'

/** A host that dies at once is started again after so long, and each time after twice as long … */
const restartFirstMs = 50
/** … up to this. */
const restartMaxMs = 10_000
/** A host that lived for so long did not die of being started. */
const provenMs = 60_000

export interface HostPlaneOptions extends Assignment {
  readonly log: Log
  readonly prefix: string
  /** Listening sockets that this process was given. */
  readonly handed?: HandedSockets
}

export class HostPlane implements Plane {
  readonly #options: HostPlaneOptions
  readonly #listens: HeldListens
  readonly #totals = new CarriedTotals()
  readonly #limits = new CarriedLimits()
  readonly #subscribers = new Subscribers()
  #assignment: Assignment
  #revision = 1
  #child: ChildProcess | undefined
  #orders = new Orders()
  #failureCount = 0
  #startedMs = 0
  #restartTimer: NodeJS.Timeout | undefined
  #isServing = false
  #isEnding = false
  /** Resolves those who wait for the host's process to end. */
  #onGone: () => void = () => {}

  constructor(options: HostPlaneOptions) {
    this.#options = options
    this.#assignment = options
    const giveUp = (listenIds: readonly string[]): Promise<unknown> =>
      this.#order({ kind: 'give_up', listenIds })
    this.#listens = new HeldListens({ ...options, giveUp })
  }

  get revision(): number {
    return this.#revision
  }

  async start(): Promise<void> {
    const { policy } = this.#assignment
    const addition: HeldAddition = { added: [], givenUp: [] }
    try {
      await this.#listens.add(policy, addition)
    } catch (error) {
      await this.#listens.takeBack(addition)
      throw error
    }
    this.#listens.settle(policy)
    await this.#startHost()
  }

  async reload(assignment: Assignment): Promise<void> {
    if (!this.#isServing) throw new Error('the host is being started again; reload once it serves')
    // Which threads there are is decided at the start.
    const { workers } = this.#options.settings
    const next = { ...assignment, settings: { ...assignment.settings, workers } }
    const addition: HeldAddition = { added: [], givenUp: [] }
    try {
      await this.#listens.add(next.policy, addition)
      this.#giveAll(addition.added)
      await this.#order({ kind: 'reload', policy: next.policy, settings: next.settings })
    } catch (error) {
      await this.#takeBack(addition)
      throw error
    }
    this.#assignment = next
    this.#revision += 1
    this.#listens.settle(next.policy)
  }

  /** The reload failed: what made room for it is bound again, and served. */
  async #takeBack(addition: HeldAddition): Promise<void> {
    const restored = await this.#listens.takeBack(addition)
    if (addition.givenUp.length === 0) return
    this.#giveAll(restored)
    await this.#order({ kind: 'take_up' }).catch((error: unknown) => {
      this.#note('alert', messageOf(error))
    })
  }

  /** Every worker gets these sockets. */
  #giveAll(sockets: readonly HeldSocket[]): void {
    const { workers } = this.#options.settings
    for (let worker = 1; worker <= workers; worker += 1) this.#sendListens(worker, sockets)
  }

  async drain(limits: { readonly relayMs?: number }): Promise<void> {
    await this.#end({ kind: 'drain', ...limits })
  }

  async close(): Promise<void> {
    await this.#end({ kind: 'close' })
  }

  reopenLogs(): void {
    if (!this.#isServing) return
    this.#order({ kind: 'reopen' }).catch((error: unknown) => this.#note('alert', messageOf(error)))
  }

  async report(): Promise<PlaneReport> {
    if (!this.#isServing) return this.#totals.addTo(this.#emptyReport())
    // Checked by the protocol: the host answers `report` with a PlaneReport.
    return this.#totals.addTo((await this.#order({ kind: 'report' })) as PlaneReport)
  }

  async pulse(): Promise<void> {
    if (!this.#isServing) throw new Error('the workers are being started again')
    await this.#order({ kind: 'pulse' })
  }

  async ask(question: Question): Promise<ControlResponse> {
    if (!this.#isServing) {
      return { ok: false, problem: 'The workers are being started again; ask once they serve.' }
    }
    // Checked by the protocol: the host answers `ask` with a ControlResponse, and `limits` so.
    const response = (await this.#order({ kind: 'ask', question })) as ControlResponse
    if (question.request !== 'limits' || !response.ok) return response
    return { ok: true, result: this.#limits.addTo(response.result as LimitsReport) }
  }

  subscribe(listener: EventListener, stream: StreamName = 'watch'): () => void {
    const subscription = this.#subscribers.add(stream, listener)
    this.#listen(stream === 'trace' ? [subscription.number] : [])
    return () => {
      this.#subscribers.remove(subscription)
      this.#listen([])
    }
  }

  /** A host that is being started is told at its start. */
  #listen(beginning: readonly number[]): void {
    const order = { kind: 'listen_events', ...this.#listening(beginning) } as const
    this.#order(order).catch(ignoreResult)
  }

  #listening(beginning: readonly number[]): Listening {
    const subscriptions = this.#subscribers.traces()
    return { streams: this.#subscribers.streams(), beginning, subscriptions }
  }

  async #startHost(): Promise<void> {
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
    const module = fileURLToPath(new URL(`host-main${extension}`, import.meta.url))
    const child = fork(module, [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    this.#child = child
    this.#orders = new Orders()
    this.#startedMs = performance.now()
    child.on('error', (error) => this.#note('alert', `the host process failed: ${error.message}`))
    child.on('message', (message) => this.#onMessage(message as FromHost)) // as messages.ts says
    child.on('exit', (code, signal) => this.#onExit(child, signal ?? `code ${code ?? 0}`))
    const { policy, settings } = this.#assignment
    const { prefix } = this.#options
    const revision = this.#revision
    const listening = this.#listening(this.#subscribers.traces())
    const start = { prefix, revision, masterPid: process.pid, policy, settings, listening }
    await this.#order({ kind: 'start', ...start })
    this.#isServing = true
  }

  #onMessage(message: FromHost): void {
    switch (message.kind) {
      case 'done':
      case 'failed':
        this.#orders.settle(message)
        return
      case 'want_listens':
        this.#sendListens(message.worker, this.#listens.all())
        this.#send({ kind: 'listens_sent', worker: message.worker })
        return
      case 'log':
        this.#note(message.level, message.text)
        return
      case 'events':
        this.#subscribers.publish(message.batch)
        return
      default:
        unreachable(message)
    }
  }

  #onExit(child: ChildProcess, how: string): void {
    if (this.#child !== child) return
    const wasServing = this.#isServing
    this.#child = undefined
    this.#isServing = false
    this.#totals.onHostEnded()
    this.#limits.onHostEnded()
    this.#orders.lose(new Error(`the host process ended (${how})`))
    for (const stream of this.#subscribers.streams()) {
      this.#subscribers.publish(lostBatch(stream, { order: 0 }))
    }
    this.#onGone()
    // One that never served belongs to whoever waits for its start.
    if (!this.#isEnding && wasServing) this.#startAgain(`host process ${child.pid} ended (${how})`)
  }

  #startAgain(what: string): void {
    const livedMs = performance.now() - this.#startedMs
    this.#failureCount = livedMs > provenMs ? 1 : this.#failureCount + 1
    const waitMs = Math.min(restartMaxMs, restartFirstMs * 2 ** (this.#failureCount - 1))
    this.#note('alert', `${what}; its sessions are gone, the next one starts in ${waitMs} ms`)
    this.#restartTimer = setTimeout(() => void this.#tryAgain(), waitMs)
  }

  async #tryAgain(): Promise<void> {
    try {
      await this.#startHost()
      this.#note('notice', `host process ${this.#child?.pid} serves again`)
    } catch (error) {
      if (this.#isEnding) return
      this.#kill()
      this.#startAgain(`the host process could not start: ${messageOf(error)}`)
    }
  }

  /** Ends every worker, then the host, then gives the addresses up. */
  async #end(order: Extract<HostOrder, { readonly kind: 'drain' | 'close' }>): Promise<void> {
    this.#isEnding = true
    clearTimeout(this.#restartTimer)
    // The workers' duplicates go with the order; with ours gone nobody can come any more.
    this.#listens.releaseAll()
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve
    })
    await this.#order(order).catch((error: unknown) => {
      if (this.#child !== undefined) this.#note('alert', messageOf(error))
    })
    if (child.connected) child.disconnect()
    await gone
  }

  /** What a daemon that stops does not wait for any longer. */
  #kill(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  #sendListens(worker: number, sockets: readonly HeldSocket[]): void {
    for (const { listenId, handle } of sockets) {
      this.#send({ kind: 'listen', worker, listenId }, handle)
    }
  }

  #order(order: HostOrder): Promise<unknown> {
    return this.#orders.give((number) => this.#send({ kind: 'order', number, order }))
  }

  #send(message: ToHost, handle?: object): void {
    const child = this.#child
    if (child === undefined || !child.connected) return
    // Node sends any handle it made itself; its types name only those it documents.
    child.send(message, handle as SendHandle | undefined, { keepOpen: true }, ignoreResult)
  }

  #note(level: 'notice' | 'alert', text: string): void {
    this.#options.log.write(level, { text })
  }

  #emptyReport(): PlaneReport {
    return {
      revision: this.#revision,
      totals: { sessionsActive: 0, admittedTotal: 0, refusedTotal: 0 },
      stats: {
        sessionsActive: 0,
        refusalsLingering: 0,
        bytesFromClients: 0,
        bytesFromUpstreams: 0,
      },
      bound: this.#listens.ids,
      sessionsByService: {},
      upstreams: [],
      measured: new GatewayMeters().values(),
      workers: { configured: this.#options.settings.workers, running: 0, restartedTotal: 0 },
    }
  }
}

/** A message that did not arrive: the host is gone, which its `exit` tells. */
function ignoreResult(): void {}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
