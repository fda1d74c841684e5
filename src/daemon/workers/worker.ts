// One worker: an engine over the shared zones, a gateway over duplicates of the listening sockets,
// and a log of its own, in a thread. It does what its host tells it.

import { closeSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import { unreachable } from '../../base/assert.ts'
import { systemClock } from '../../base/clock.ts'
import { Tally } from '../../base/tally.ts'
import { createEngine } from '../../engine/create-engine.ts'
import type { Engine } from '../../engine/engine.ts'
import { sharedZones } from '../../engine/zone-source.ts'
import { createGateway } from '../../gateway/create-gateway.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import { GatewayMeters } from '../../gateway/meters.ts'
import { answerQuestion } from '../answers.ts'
import { clusterSource } from '../cluster-source.ts'
import type { ControlResponse, Question } from '../control-protocol.ts'
import { DaemonLog } from '../daemon-log.ts'
import { logEvent } from '../event-log.ts'
import { EventFeed, sharedOrder } from '../feed/event-feed.ts'
import { EventRecord } from '../event-record.ts'
import { reportOf } from '../plane.ts'
import { Barrier } from './barrier.ts'
import { beat } from './heartbeat.ts'
import type {
  FromWorker,
  Listening,
  ToWorker,
  WorkerOrder,
  WorkerReport,
  WorkerStart,
} from './messages.ts'
import { sessionNumbers } from './session-numbers.ts'

type ReloadOrder = Extract<WorkerOrder, { readonly kind: 'reload' }>

export class GateWorker {
  readonly #start: WorkerStart
  readonly #port: MessagePort
  readonly #log: DaemonLog
  readonly #engine: Engine
  readonly #record: EventRecord
  readonly #gateway: Gateway
  readonly #feed: EventFeed
  /** Descriptors that were given and are not used yet. */
  readonly #descriptors = new Map<string, number>()
  #reload: ReloadOrder | undefined
  #onSwap: (isOn: boolean) => void = () => {}

  private constructor(start: WorkerStart, port: MessagePort, log: DaemonLog) {
    this.#start = start
    this.#port = port
    this.#log = log
    const { policy, revision, zones, worker, prefix } = start
    const tally = new Tally(start.tally)
    this.#feed = new EventFeed({
      worker,
      clock: systemClock,
      order: sharedOrder(start.eventOrder),
      send: (batch) => this.#say({ kind: 'events', batch }),
    })
    const { limitIds, limitCounts: memory } = start
    this.#record = new EventRecord({ policy, clock: systemClock, limitIds, memory })
    this.#engine = createEngine({
      tally,
      policy,
      revision,
      clock: systemClock,
      zones: sharedZones(zones, worker),
      nextSessionId: sessionNumbers(start.sessionNumbers),
      nextOrder: this.#feed.nextOrder,
      cluster: clusterSource({ worker, prefix, environment: process.env }),
      onEvent: (event) => {
        this.#record.onEvent(event, this.#engine)
        logEvent(log, event)
        this.#feed.onEvent(event)
      },
    })
    this.#feed.follow(this.#engine)
    this.#listen(start.listening)
    const team = {
      descriptorOf: (listenId: string) => this.#descriptorOf(listenId),
      replacePolicy: () => this.#replacePolicy(),
      isSilent: worker !== 1,
    }
    this.#gateway = createGateway({
      engine: this.#engine,
      log,
      clock: systemClock,
      prefix,
      tally,
      meters: new GatewayMeters(start.meters),
      team,
    })
  }

  /** Begins to listen to the host. */
  static async start(start: WorkerStart, port: MessagePort): Promise<GateWorker> {
    const { settings, worker } = start
    beat(start.heartbeat)
    const log = await DaemonLog.open({
      targets: settings.logTargets,
      listenLogs: settings.listenLogs,
      identity: { pid: process.pid, threadId: worker },
      clock: systemClock,
      shareCount: settings.workers,
    })
    const made = new GateWorker(start, port, log)
    process.on('uncaughtExceptionMonitor', (error) => made.#onCrash(error))
    port.on('message', (message: ToWorker) => made.#onMessage(message))
    return made
  }

  #onMessage(message: ToWorker): void {
    switch (message.kind) {
      case 'order': {
        const { number, order } = message
        this.#obey(order).then(
          (result) => this.#say({ kind: 'done', number, result }),
          (error: unknown) => this.#say({ kind: 'failed', number, message: messageOf(error) }),
        )
        return
      }
      case 'listen':
        this.#descriptors.set(message.listenId, message.fd)
        return
      case 'swap':
        this.#onSwap(message.isOn)
        return
      default:
        unreachable(message)
    }
  }

  async #obey(order: WorkerOrder): Promise<unknown> {
    switch (order.kind) {
      case 'open':
        await this.#engine.joined()
        return this.#gateway.start()
      case 'reload':
        return this.#reloadPolicy(order)
      case 'drain':
        await this.#gateway.drain(order)
        return this.#engine.leave()
      case 'close':
        // One of them says it for all.
        if (order.reason !== undefined && this.#start.worker === 1) {
          this.#log.write('alert', { text: order.reason })
        }
        await this.#gateway.close()
        await this.#engine.leave()
        this.#feed.flush()
        return this.#log.close()
      case 'give_up':
        return this.#gateway.giveUp(order.listenIds)
      case 'take_up':
        return this.#gateway.takeUp()
      case 'reopen':
        return this.#log.reopen()
      case 'pulse':
        return undefined
      case 'report':
        return this.#report()
      case 'ask':
        return this.#answer(order.question)
      case 'listen_events':
        this.#listen(order)
        return undefined
      default:
        return unreachable(order)
    }
  }

  #listen({ streams, beginning }: Listening): void {
    this.#feed.set(streams)
    for (const subscription of beginning) this.#feed.begin(subscription)
  }

  async #reloadPolicy(order: ReloadOrder): Promise<void> {
    const { settings, policy } = order
    const targets = await this.#log.prepareTargets(settings.logTargets, settings.listenLogs)
    this.#reload = order
    try {
      await this.#gateway.reload(policy)
    } catch (error) {
      await targets.discard()
      this.#closeUnused()
      throw error
    } finally {
      this.#reload = undefined
    }
    await targets.apply()
  }

  /** Called by the gateway when all that can fail has been tried. */
  async #replacePolicy(): Promise<void> {
    const order = this.#reload
    if (order === undefined) throw new Error('a policy that nobody ordered')
    const isOn = await new Promise<boolean>((resolve) => {
      this.#onSwap = resolve
      this.#say({ kind: 'prepared' })
    })
    const { worker } = this.#start
    const barrier = new Barrier(order.barrier, order.expectedCount)
    const zones = sharedZones(order.zones, worker)
    const agree = (): boolean => barrier.arrive(worker)
    if (!isOn || !this.#engine.replacePolicy(order.policy, { zones, agree })) {
      throw new Error('another worker could not take the new policy')
    }
  }

  #answer(question: Question): Promise<ControlResponse> {
    const [engine, gateway, record] = [this.#engine, this.#gateway, this.#record]
    return answerQuestion({ engine, gateway, record, clock: systemClock }, question)
  }

  #report(): WorkerReport {
    const [engine, gateway, record] = [this.#engine, this.#gateway, this.#record]
    const report = reportOf({ engine, gateway, record })
    return { ...report, log: this.#log.losses() }
  }

  #descriptorOf(listenId: string): number {
    const fd = this.#descriptors.get(listenId)
    if (fd === undefined) throw new Error(`no socket was given for ${listenId}`)
    this.#descriptors.delete(listenId)
    return fd
  }

  /** A reload that failed has not used all it was given. */
  #closeUnused(): void {
    for (const fd of this.#descriptors.values()) closeSync(fd)
    this.#descriptors.clear()
  }

  #say(message: FromWorker): void {
    this.#port.postMessage(message)
  }

  /** The thread dies after this; its log must say why. */
  #onCrash(error: Error): void {
    const text = `worker ends on a defect: ${error.stack ?? error.message}`
    this.#log.write('alert', { text })
    this.#log.closeNow()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
