// A connection of a session, on Node's handle without a Socket: what a Socket does for a session,
// and no stream, no buffering, no timer beside it.
//
// It behaves as a Socket with `allowHalfOpen` that is paused at first. Two things are simpler: a
// paused one is not read from at all, and what is written goes to the kernel in the same call.

import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'
import { assert } from '../../base/assert.ts'
import type { SessionSocket } from '../session-socket.ts'
import type { HandleKit, OwnedRequest } from './handle-kit.ts'
import type { HandleAddress, StreamHandle } from './node-handles.ts'
import { readBytesMax } from './read-buffers.ts'

// libuv's own numbers, the same on every system that Node runs on under Linux.
const endOfFile = -4095
const notConnected = -107

const ownerKey: unique symbol = Symbol('postern.owner')

type OwnedHandle = StreamHandle & { [ownerKey]?: HandleSocket | undefined }

export class HandleSocket extends EventEmitter implements SessionSocket {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  writable = true
  writableNeedDrain = false
  closed = false
  readonly #kit: HandleKit
  /** Absent: destroyed. */
  #handle: OwnedHandle | undefined
  #isConnecting = false
  #isPaused = true
  #isReading = false
  /** The other side has said its last word. */
  #hasEnded = false
  #isEnding = false
  #hasShutdown = false
  #isFinished = false
  #closesSoon = false
  /** Writes that the kernel has not taken whole. */
  #waitingCount = 0
  #usesBuffers = false
  #isKeptAlive = false
  #ownBuffer: Buffer | undefined = undefined
  #error: Error | undefined = undefined

  private constructor(kit: HandleKit, handle: OwnedHandle, peer: HandleAddress) {
    super()
    this.#kit = kit
    this.#handle = handle
    this.remoteAddress = peer.address
    this.remotePort = peer.port
    handle[ownerKey] = this
    handle.onread = onRead
  }

  /** Of a connection that a server has accepted. */
  static accepted(kit: HandleKit, handle: StreamHandle, peer: HandleAddress): HandleSocket {
    return new HandleSocket(kit, handle, peer)
  }

  /** Begins to connect to an address, which must not be a name; `connect` or `close` follows. */
  static connect(
    kit: HandleKit,
    {
      address,
      port,
      family,
    }: { readonly address: string; readonly port: number; readonly family: 4 | 6 },
  ): HandleSocket {
    const handle = kit.node.createHandle()
    const socket = new HandleSocket(kit, handle, { address, port })
    socket.#isConnecting = true
    const request: OwnedRequest = kit.node.createConnect()
    request.owner = socket
    request.oncomplete = onConnected
    const error =
      family === 6
        ? handle.connect6(request, address, port)
        : handle.connect(request, address, port)
    if (error !== 0) socket.destroy(systemError(error, 'connect'))
    return socket
  }

  get destroyed(): boolean {
    return this.#handle === undefined
  }

  get writableLength(): number {
    return this.#waitingCount === 0 ? 0 : (this.#handle?.writeQueueSize ?? 0)
  }

  get bytesRead(): number {
    return this.#handle?.bytesRead ?? 0
  }

  get bytesWritten(): number {
    return this.#handle?.bytesWritten ?? 0
  }

  get localAddress(): string | undefined {
    return this.#local().address
  }

  get localPort(): number | undefined {
    return this.#local().port
  }

  isPaused(): boolean {
    return this.#isPaused
  }

  pause(): this {
    this.#isPaused = true
    if (this.#isReading) {
      this.#isReading = false
      this.#handle?.readStop()
    }
    return this
  }

  resume(): this {
    this.#isPaused = false
    this.#read()
    return this
  }

  write(bytes: Uint8Array): boolean {
    const handle = this.#handle
    if (handle === undefined || !this.writable) return false
    assert(!this.#isConnecting, 'written to before it is connected')
    const kit = this.#kit
    const request = kit.takeWrite()
    const error = handle.writeBuffer(request, bytes)
    if (error !== 0) {
      this.destroy(systemError(error, 'write'))
      return false
    }
    if (!kit.node.isLastWriteWaiting()) {
      kit.giveWrite(request)
      return this.#waitingCount === 0
    }
    request.owner = this
    request.bytes = bytes
    request.oncomplete = onWritten
    if (kit.reading !== undefined && bytes.buffer === kit.reading.buffer) {
      request.lent = kit.reading
      kit.reading = undefined
    }
    this.#waitingCount += 1
    this.writableNeedDrain = true
    return false
  }

  end(): this {
    this.writable = false
    this.#isEnding = true
    this.#finish()
    return this
  }

  destroySoon(): void {
    this.#closesSoon = true
    this.end()
  }

  destroy(error?: Error): this {
    const handle = this.#handle
    if (handle === undefined) return this
    this.#handle = undefined
    this.writable = false
    this.#error = error
    handle.close(onClosed)
    return this
  }

  /** Has the kernel ask in silence whether the other side is still there. Asking twice is free. */
  keepAlive(delayMs: number): void {
    if (this.#isKeptAlive || this.#isConnecting) return
    this.#isKeptAlive = true
    this.#handle?.setKeepAlive(true, Math.ceil(delayMs / 1000))
  }

  setNoDelay(isOn: boolean): void {
    this.#handle?.setNoDelay(isOn)
  }

  /**
   * From now on it reads into memory that is used again. `data` handlers may keep what they are
   * given, but for one: who only writes it to another HandleSocket, or drops it, gets more at once.
   */
  useBuffers(): void {
    if (this.#usesBuffers || this.#handle === undefined) return
    this.#usesBuffers = true
    this.#handle.useUserBuffer(this.#kit.buffers.shared)
  }

  /** Goes on as a Socket, paused; this one is as if destroyed, and nobody hears of it again. */
  toSocket(): Socket {
    const handle = this.#handle
    assert(handle !== undefined && !this.#usesBuffers, 'a connection that a Socket can take over')
    this.pause()
    this.#handle = undefined
    this.writable = false
    handle[ownerKey] = undefined
    // `handle` is what Node's own server passes here; it has no type for it.
    const options = { handle, allowHalfOpen: true, pauseOnCreate: true }
    return new Socket(options)
  }

  #local(): HandleAddress {
    const out: HandleAddress = {}
    this.#handle?.getsockname(out)
    return out
  }

  #read(): void {
    if (this.#isReading || this.#isConnecting || this.#hasEnded) return
    const error = this.#handle?.readStart()
    if (error === undefined) return
    this.#isReading = true
    if (error !== 0) this.destroy(systemError(error, 'read'))
  }

  /** Closes our half behind the last byte; the whole when there is nothing to wait for. */
  #finish(): void {
    const handle = this.#handle
    if (handle === undefined || !this.#isEnding || this.#isConnecting) return
    if (this.#waitingCount > 0) return
    if (this.#hasEnded || this.#closesSoon) {
      this.destroy()
      return
    }
    if (this.#hasShutdown) return
    this.#hasShutdown = true
    const request: OwnedRequest = this.#kit.node.createShutdown()
    request.owner = this
    request.oncomplete = onShutdown
    const error = handle.shutdown(request)
    // A reset that nobody has read yet: reading tells.
    if (error === notConnected) this.onFinished()
    else if (error !== 0) this.destroy(systemError(error, 'shutdown'))
  }

  /** The handle's: our half is closed. */
  onFinished(): void {
    if (this.#handle === undefined || this.#isFinished) return
    this.#isFinished = true
    this.emit('finish')
    if (this.#hasEnded) this.destroy()
  }

  /** The handle's: a write is out, or failed. */
  onWritten(status: number): void {
    this.#waitingCount -= 1
    if (this.#handle === undefined) return
    if (status !== 0) {
      this.destroy(systemError(status, 'write'))
      return
    }
    if (this.#waitingCount > 0) return
    if (this.writableNeedDrain) {
      this.writableNeedDrain = false
      if (this.writable) this.emit('drain')
    }
    this.#finish()
  }

  /** The handle's: it stands, or came to nothing. */
  onConnected(status: number): void {
    if (this.#handle === undefined) return
    this.#isConnecting = false
    if (status !== 0) {
      this.destroy(systemError(status, 'connect'))
      return
    }
    this.emit('connect')
    if (!this.#isPaused) this.#read()
    this.#finish()
  }

  /** The handle's: bytes, or an end. Answers where the next read is to go. */
  onRead(bytes: ArrayBuffer | undefined): Uint8Array | undefined {
    const count = this.#kit.node.lastReadCount()
    if (count < 0) this.#onReadEnd(count)
    else if (count > 0 && this.#usesBuffers) return this.#onShared(count)
    else if (bytes !== undefined) this.emit('data', Buffer.from(bytes))
    return undefined
  }

  /** The handle's: it is closed, and reads and writes nothing any more. */
  onClosed(): void {
    const own = this.#ownBuffer
    if (own !== undefined) this.#kit.buffers.give(own)
    this.#ownBuffer = undefined
    this.closed = true
    if (this.#error !== undefined) this.emit('error', this.#error)
    this.emit('close')
  }

  #onShared(count: number): Uint8Array | undefined {
    const { buffers } = this.#kit
    const own = this.#ownBuffer
    if (own === undefined) {
      this.emit('data', Buffer.from(buffers.shared.subarray(0, count)))
      // More has come than fits: the next reads need not be copied.
      if (count === readBytesMax && this.#isReading) this.#ownBuffer = buffers.take()
      return this.#ownBuffer
    }
    this.#kit.reading = own
    this.emit('data', own.subarray(0, count))
    const isLent = this.#kit.reading === undefined
    this.#kit.reading = undefined
    if (!isLent && count === readBytesMax) return undefined
    // Who is idle holds no buffer; one that still is being written from comes back when it is out.
    this.#ownBuffer = undefined
    if (!isLent) buffers.give(own)
    return buffers.shared
  }

  #onReadEnd(status: number): void {
    this.#isReading = false
    if (status !== endOfFile) {
      this.destroy(systemError(status, 'read'))
      return
    }
    this.#hasEnded = true
    this.emit('end')
    if (this.#isFinished) this.destroy()
    else this.#finish()
  }

  /** Gives back what a write was made from. */
  giveBuffer(buffer: Buffer): void {
    this.#kit.buffers.give(buffer)
  }
}

function onRead(this: OwnedHandle, bytes: ArrayBuffer | undefined): Uint8Array | undefined {
  return this[ownerKey]?.onRead(bytes)
}

function onClosed(this: OwnedHandle): void {
  const owner = this[ownerKey]
  this[ownerKey] = undefined
  owner?.onClosed()
}

function onConnected(this: OwnedRequest, status: number): void {
  this.owner?.onConnected(status)
}

function onWritten(this: OwnedRequest, status: number): void {
  const { owner, lent } = this
  if (lent !== undefined) owner?.giveBuffer(lent)
  owner?.onWritten(status)
}

function onShutdown(this: OwnedRequest): void {
  this.owner?.onFinished()
}

/** As Node makes them: `errno` and `code` are what our log reads. */
function systemError(errno: number, syscall: string): Error {
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall })
}
