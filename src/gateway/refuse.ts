// The way out for those who do not fit: one reply, one close, nothing else. Under a flood this is
// nearly all the gateway does (ARCHITECTURE decision 8), so there is no timer, no closure and no
// reader per socket here.

import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { Deadline } from '../base/timer-wheel.ts'
import type { TimerWheel, Waiting } from '../base/timer-wheel.ts'
import type { Plan } from '../policy/plan.ts'
import { connectRefusal } from '../protocol/refusal.ts'
import { LineWriter } from './flood-lane.ts'
import type { AcceptedHandle } from './flood-lane.ts'
import type { HandleKit } from './handles/handle-kit.ts'
import { HandleSocket } from './handles/handle-socket.ts'
import { lingerOf, longestLinger } from './linger.ts'
import type { Linger } from './linger.ts'
import { RefusalQueue } from './refusal-queue.ts'
import { ignoreError } from './session-socket.ts'
import type { SessionSocket } from './session-socket.ts'

// A kind close waits for the client's own close; 512 waiting sockets are half of the smallest
// usual limit of open files (1024), so refusals never starve the sessions.
const kindMax = 512
// Twice as many, when even the sockets closed in a hurry do not get rid of their one line.
const lingeringMax = 1024
// 128 refusals in 128 ms are a thousand a second: more than any mail server's clients, so a flood,
// and then the cheaper close saves a tenth of the work.
const floodWindowMs = 128
const floodMin = 128
// Bounds of seconds need no finer look than this.
const sweepMs = 500

interface Lingering {
  readonly linger: Linger
  readonly sinceMs: number
  silentSinceMs: number
  bytesRead: number
}

/** Says no, and sees to it that nobody stays after that. */
export class Refusals implements Waiting {
  readonly #clock: Clock
  readonly #wheel: TimerWheel
  /** Oldest first. */
  readonly #lingering = new Map<SessionSocket, Lingering>()
  readonly #onClose: (this: SessionSocket) => void
  readonly #sweep: Deadline
  readonly #handles: HandleKit | undefined
  readonly #lines: LineWriter
  readonly #queue = new RefusalQueue((client, plan) => this.#tell(client, plan))
  #windowSinceMs = 0
  #windowCount = 0
  /** The window before this one was a flood. */
  #wasFlood = false

  constructor(clock: Clock, wheel: TimerWheel, handles: HandleKit | undefined) {
    this.#clock = clock
    this.#wheel = wheel
    this.#handles = handles
    this.#lines = new LineWriter(handles)
    this.#sweep = new Deadline(this)
    const lingering = this.#lingering
    this.#onClose = function onClose() {
      lingering.delete(this)
    }
  }

  get lingeringCount(): number {
    return this.#lingering.size
  }

  /** True while so many are refused that the shorter way out is worth its bluntness. */
  get isFlooded(): boolean {
    if (!this.#wasFlood && this.#windowCount <= floodMin) return false
    this.#turnWindow(this.#clock.monotonicMs())
    return this.#wasFlood || this.#windowCount > floodMin
  }

  /**
   * Refuses a connection that no Socket was made of, when everybody behind it is accepted. False:
   * the ordinary way is to be taken.
   */
  refuseHandle(client: AcceptedHandle, plan: Plan): boolean {
    const isServed = this.#handles?.node.isHandle(client) === true
    if (!isServed && !this.isFlooded) return false
    const hasWords = connectRefusal(plan.listener.service) !== undefined
    if (hasWords && !this.#lines.isReady) return false
    this.#turnWindow(this.#clock.monotonicMs())
    this.#windowCount += 1
    this.#queue.put(client, plan)
    return true
  }

  /**
   * Sends the reply, when there is one, and closes. The socket is paused and has no handlers yet.
   * Without a `linger` its own close is not waited for.
   */
  refuse(socket: Socket, reply: Uint8Array | undefined, linger: Linger | undefined): void {
    socket.on('error', ignoreError)
    if (reply === undefined) {
      socket.destroy()
      return
    }
    const nowMs = this.#clock.monotonicMs()
    if (this.#isFlood(nowMs)) this.#closeQuickly(socket, reply, nowMs)
    else this.#close(socket, reply, { nowMs, linger })
  }

  /**
   * As `refuse`, and never in haste: for a client that has logged in, which is no flood. Any socket
   * will do, one inside TLS as well.
   */
  refuseKindly(socket: SessionSocket, reply: Uint8Array, linger: Linger | undefined): void {
    socket.on('error', ignoreError)
    this.#close(socket, reply, { nowMs: this.#clock.monotonicMs(), linger })
  }

  /** Ends what still lingers. */
  closeAll(): void {
    this.#queue.flush()
    for (const socket of this.#lingering.keys()) socket.destroy()
    this.#wheel.cancel(this.#sweep)
  }

  /** Closes those who have lingered long enough. */
  onDue(nowMs: number): void {
    for (const [socket, state] of this.#lingering) {
      if (socket.bytesRead !== state.bytesRead) {
        state.bytesRead = socket.bytesRead
        state.silentSinceMs = nowMs
      }
      const { silenceMs, totalMs } = state.linger
      const isSilent = nowMs - state.silentSinceMs >= silenceMs
      if (isSilent || nowMs - state.sinceMs >= totalMs) socket.destroy()
    }
    if (this.#lingering.size > 0) this.#wheel.schedule(this.#sweep, nowMs + sweepMs)
  }

  /** Kindly, as long as there is no flood. */
  #tell(client: AcceptedHandle, plan: Plan): void {
    const reply = connectRefusal(plan.listener.service)
    const handles = this.#handles
    if (reply === undefined || this.#isHasty || handles?.node.isHandle(client) !== true) {
      this.#lines.writeAndClose(client, reply)
      return
    }
    const socket = HandleSocket.accepted(handles, client, {})
    socket.on('error', ignoreError)
    const nowMs = this.#clock.monotonicMs()
    this.#close(socket, reply, { nowMs, linger: lingerOf(plan.settings) })
  }

  /**
   * Waits for the client's close, so that one that talks first still gets to read the line; or, with
   * no time for that, for the line to be written.
   */
  #close(
    socket: SessionSocket,
    reply: Uint8Array,
    { nowMs, linger }: { readonly nowMs: number; readonly linger: Linger | undefined },
  ): void {
    this.#track(socket, nowMs, linger)
    socket.write(reply)
    socket.end()
    socket.resume()
    if (linger === undefined) socket.destroySoon()
  }

  /** The kernel has the line: closing now sends it and the FIN, unless the client talked first. */
  #closeQuickly(socket: Socket, reply: Uint8Array, nowMs: number): void {
    if (this.#lines.isReady) socket.write(reply)
    else this.#lines.learn(socket, () => socket.write(reply))
    if (socket.writableLength === 0) {
      socket.destroy()
      return
    }
    this.#track(socket, nowMs)
    socket.destroySoon()
  }

  #track(socket: SessionSocket, nowMs: number, linger: Linger = longestLinger): void {
    this.#lingering.set(socket, {
      linger,
      sinceMs: nowMs,
      silentSinceMs: nowMs,
      bytesRead: socket.bytesRead,
    })
    socket.on('close', this.#onClose)
    if (!this.#sweep.isScheduled) this.#wheel.schedule(this.#sweep, nowMs + sweepMs)
    if (this.#lingering.size <= lingeringMax) return
    for (const oldest of this.#lingering.keys()) {
      // Its `close` comes later; it is not counted twice.
      this.#lingering.delete(oldest)
      oldest.destroy()
      break
    }
  }

  #isFlood(nowMs: number): boolean {
    this.#turnWindow(nowMs)
    this.#windowCount += 1
    return this.#isHasty
  }

  /** A flood, or too many who linger already. */
  get #isHasty(): boolean {
    const isFlood = this.#wasFlood || this.#windowCount > floodMin
    return isFlood || this.#lingering.size >= kindMax
  }

  /** A flood lasts until a whole window has passed without one. */
  #turnWindow(nowMs: number): void {
    const ageMs = nowMs - this.#windowSinceMs
    if (ageMs < floodWindowMs) return
    this.#wasFlood = this.#windowCount > floodMin && ageMs < 2 * floodWindowMs
    this.#windowSinceMs = nowMs
    this.#windowCount = 0
  }
}
