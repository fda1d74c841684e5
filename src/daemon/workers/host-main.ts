// Where the host's process begins. Its orders come from the master over IPC; with the master gone it
// ends, since nobody would count its sessions together with those of a new daemon.

import { setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { unreachable } from '../../base/assert.ts'
import { BatchPipe } from '../feed/lost.ts'
import { removePidFile } from '../pid-file.ts'
import { Host } from './host.ts'
import type { FromHost, HostOrder, ToHost } from './messages.ts'

// As in cli/main.ts, for every thread that is started after this.
setFlagsFromString('--semi-space-growth-factor=1')

/** What a terminal or an init system sends to the whole group is for the master to answer. */
const ignored: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
]
/** As long as a daemon gives its own sessions to end. */
const endWaitMs = 2000

/** A socket's handle as it comes over IPC. */
interface ReceivedHandle {
  readonly fd: number
}

class HostProcess {
  #host: Host | undefined
  /** The master has said that it ends. */
  #isEnding = false
  #pidFile: { readonly path: string; readonly pid: number } | undefined
  /**
   * Their descriptors are used, and closed, by workers. Kept all the same: to forget one would be
   * to close a descriptor that may have another meaning by then.
   */
  readonly #handles: ReceivedHandle[] = []

  listen(): void {
    for (const signal of ignored) process.on(signal, () => {})
    process.on('message', (message: ToHost, handle: unknown) => this.#onMessage(message, handle))
    process.on('disconnect', () => void this.#onMasterGone())
  }

  #onMessage(message: ToHost, handle: unknown): void {
    switch (message.kind) {
      case 'order': {
        const { number, order } = message
        this.#obey(order).then(
          (result) => say({ kind: 'done', number, result }),
          (error: unknown) => say({ kind: 'failed', number, message: messageOf(error) }),
        )
        return
      }
      case 'listen':
        if (!isReceivedHandle(handle)) return
        this.#handles.push(handle)
        this.#host?.give(message.worker, message.listenId, handle.fd)
        return
      case 'listens_sent':
        this.#host?.listensGiven(message.worker)
        return
      default:
        unreachable(message)
    }
  }

  #obey(order: HostOrder): Promise<unknown> {
    if (order.kind === 'start') {
      this.#pidFile = { path: order.settings.pidFile, pid: order.masterPid }
      this.#host = new Host(order, say)
      return this.#host.start()
    }
    if (order.kind === 'drain' || order.kind === 'close') this.#isEnding = true
    if (this.#host === undefined) return Promise.reject(new Error('the host is not started'))
    return this.#host.obey(order)
  }

  async #onMasterGone(): Promise<void> {
    // After a drain or a close the master goes by itself; before one, it died.
    const died = { reason: 'the master process is gone, its workers end' }
    const order = { kind: 'close', ...(this.#isEnding ? {} : died) } as const
    const closed = this.#host?.obey(order) ?? Promise.resolve()
    await Promise.race([closed, wait(endWaitMs)])
    // After an orderly end it is removed already, and a successor's is not ours.
    if (this.#pidFile !== undefined) removePidFile(this.#pidFile.path, this.#pidFile.pid)
    process.exit(0)
  }
}

function say(message: FromHost): void {
  // Without a master there is nobody to tell.
  if (!process.connected) return
  if (message.kind === 'events') eventPipe.pass(message.batch)
  else process.send?.(message)
}

const eventPipe = new BatchPipe((batch, onTaken) => {
  process.send?.({ kind: 'events', batch } satisfies FromHost, undefined, undefined, onTaken)
})

function isReceivedHandle(value: unknown): value is ReceivedHandle {
  return (
    typeof value === 'object' && value !== null && 'fd' in value && typeof value.fd === 'number'
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

new HostProcess().listen()
