// Refusals on an implicit-TLS port: the line goes inside TLS when that is to be had quickly, and is
// left out otherwise (SEMANTICS S24).

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import { Deadline } from '../base/timer-wheel.ts'
import type { TimerWheel, Waiting } from '../base/timer-wheel.ts'
import { ClientHelloReader } from '../protocol/tls/client-hello.ts'
import { longestLinger } from './linger.ts'
import type { Linger } from './linger.ts'
import { ignoreError } from './session-socket.ts'
import { startTls } from './tls/start-tls.ts'
import type { TlsProfile } from './tls/tls-profile.ts'

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
    const refusal = new TlsRefusal(raw)
    const { deadline } = refusal
    this.#live.add(refusal)
    this.#wheel.schedule(deadline, this.#clock.monotonicMs() + handshakeMs)
    raw.on('close', () => {
      this.#live.delete(refusal)
      this.#wheel.cancel(deadline)
    })
    const begin = (serverName: string | undefined): void => {
      const secured = refusal.secure(startTls(raw, profile, serverName))
      secured.on('secure', () => {
        secured.end(reply)
        secured.resume()
        if (linger === undefined) secured.destroySoon()
        const { silenceMs } = linger ?? longestLinger
        this.#wheel.schedule(deadline, this.#clock.monotonicMs() + silenceMs)
      })
    }
    if (profile.choosesByName) awaitHello(raw, begin)
    else begin(undefined)
  }

  /** Ends them all. */
  closeAll(): void {
    for (const refusal of this.#live) refusal.onDue()
  }
}

/** A client that leaves before it has said what it wants is let go. */
function awaitHello(raw: Socket, begin: (serverName: string | undefined) => void): void {
  const reader = new ClientHelloReader()
  const onEnd = (): void => void raw.destroy()
  const onData = (chunk: Buffer): void => {
    const hello = reader.push(chunk)
    if (hello === undefined) return
    raw.pause()
    raw.off('data', onData)
    raw.off('end', onEnd)
    raw.unshift(reader.bytes())
    begin(hello.serverName)
  }
  raw.on('data', onData)
  raw.on('end', onEnd)
  raw.resume()
}

class TlsRefusal implements Waiting {
  readonly deadline: Deadline
  #socket: Socket

  constructor(raw: Socket) {
    this.#socket = raw
    this.deadline = new Deadline(this)
  }

  secure(secured: TLSSocket): TLSSocket {
    this.#socket = secured
    secured.on('error', ignoreError)
    secured.on('end', () => secured.end())
    return secured
  }

  onDue(): void {
    this.#socket.destroy()
  }
}
