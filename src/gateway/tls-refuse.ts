// Refusals on an implicit-TLS port: the line goes inside TLS when that is to be had quickly, and is
// left out otherwise (SEMANTICS S24).

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import { Deadline } from '../base/timer-wheel.ts'
import type { TimerWheel, Waiting } from '../base/timer-wheel.ts'
import { longestLinger } from './linger.ts'
import type { Linger } from './linger.ts'
import { ignoreError } from './session-socket.ts'
import { startTls } from './tls.ts'
import type { TlsProfile } from './tls.ts'

// Two round trips over half the world are 1 s; who takes longer than 3 s learns nothing.
const handshakeMs = 3000
// A handshake costs a thousand times what a plain refusal does (about 1 ms): 64 at once keep a
// flood from taking the processor from the sessions, and are more than honest clients are refused
// at a time.
const atOnceMax = 64

interface LastWord {
  readonly reply: Uint8Array
  /** Absent: the client's own close is not waited for. */
  readonly linger: Linger | undefined
}

/** Refuses inside TLS, a bounded number of clients at a time. */
export class TlsRefusals {
  readonly #clock: Clock
  readonly #wheel: TimerWheel
  readonly #live = new Set<TlsRefusal>()

  constructor(clock: Clock, wheel: TimerWheel) {
    this.#clock = clock
    this.#wheel = wheel
  }

  get lingeringCount(): number {
    return this.#live.size
  }

  /**
   * The socket is paused and has an 'error' handler; beyond the bound it is closed without a byte.
   */
  refuse(raw: Socket, profile: TlsProfile, { reply, linger }: LastWord): void {
    if (this.#live.size >= atOnceMax) {
      raw.destroy()
      return
    }
    const refusal = new TlsRefusal(startTls(raw, profile))
    const { secured, deadline } = refusal
    const nowMs = this.#clock.monotonicMs()
    this.#live.add(refusal)
    this.#wheel.schedule(deadline, nowMs + handshakeMs)
    secured.on('error', ignoreError)
    const onSecure = (): void => {
      secured.end(reply)
      secured.resume()
      if (linger === undefined) secured.destroySoon()
      const { silenceMs } = linger ?? longestLinger
      this.#wheel.schedule(deadline, this.#clock.monotonicMs() + silenceMs)
    }
    const onClose = (): void => {
      this.#live.delete(refusal)
      this.#wheel.cancel(deadline)
    }
    secured.on('secure', onSecure)
    secured.on('end', () => secured.end())
    raw.on('close', onClose)
  }

  /** Ends them all. */
  closeAll(): void {
    for (const refusal of this.#live) refusal.onDue()
  }
}

class TlsRefusal implements Waiting {
  readonly secured: TLSSocket
  readonly deadline: Deadline

  constructor(secured: TLSSocket) {
    this.secured = secured
    this.deadline = new Deadline(this)
  }

  onDue(): void {
    this.secured.destroy()
  }
}
