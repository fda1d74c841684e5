// The part of Node below its Sockets: handles of TCP connections, and the requests made of them.
//
// None of it is documented (docs/decisions/0021-sessions-on-handles.md), so this file, alone, reaches
// for it, and checks the shape of each piece once. Where Node looks different there are no handles,
// and every session is served by Sockets.

/** A connection, as Node's C++ shows it to its own JavaScript. */
export interface StreamHandle {
  /** Called with what was read; what it answers is the buffer for the next read. */
  onread: (this: StreamHandle, bytes: ArrayBuffer | undefined) => Uint8Array | undefined
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize: number
  readonly bytesRead: number
  readonly bytesWritten: number
  /** All of these answer 0, or an error number. */
  readStart(): number
  readStop(): number
  shutdown(request: HandleRequest): number
  writeBuffer(request: HandleRequest, bytes: Uint8Array): number
  connect(request: HandleRequest, address: string, port: number): number
  connect6(request: HandleRequest, address: string, port: number): number
  getsockname(out: HandleAddress): number
  getpeername(out: HandleAddress): number
  setNoDelay(isOn: boolean): number
  setKeepAlive(isOn: boolean, delaySeconds: number): number
  /** Reads go into this memory from now on, and `onread` is told no bytes. */
  useUserBuffer(buffer: Uint8Array): void
  close(onClosed: (this: StreamHandle) => void): void
}

export interface HandleAddress {
  address?: string
  port?: number
}

/** Lives until it is answered; what is set on it is there again then. */
export interface HandleRequest {
  oncomplete?: (this: HandleRequest, status: number) => void
}

/** What is needed to serve sessions on handles. */
export interface NodeHandles {
  /** A connection that is yet to be made. */
  readonly createHandle: () => StreamHandle
  /** Of a server's client: true for TCP. */
  readonly isHandle: (client: unknown) => client is StreamHandle
  readonly createConnect: () => HandleRequest
  readonly createWrite: () => HandleRequest
  readonly createShutdown: () => HandleRequest
  /** How many bytes the read that `onread` is called for has brought, or its error number. */
  readonly lastReadCount: () => number
  /** The last write did not go out whole: its request will be answered. */
  readonly isLastWriteWaiting: () => boolean
}

type Maker = new (...args: readonly number[]) => object

/**
 * Undefined where this Node has not what is expected. `process.binding` is not typed, and will not be
 * there for ever.
 */
export function findNodeHandles(
  binding: unknown = Reflect.get(process, 'binding'),
): NodeHandles | undefined {
  const tcp = bindingOf(binding, 'tcp_wrap')
  const stream = bindingOf(binding, 'stream_wrap')
  const [TCP, TCPConnectWrap] = [property(tcp, 'TCP'), property(tcp, 'TCPConnectWrap')]
  const WriteWrap = property(stream, 'WriteWrap')
  const ShutdownWrap = property(stream, 'ShutdownWrap')
  const kind = property(property(tcp, 'constants'), 'SOCKET')
  const state = property(stream, 'streamBaseState')
  const readAt = property(stream, 'kReadBytesOrError')
  const waitingAt = property(stream, 'kLastWriteWasAsync')
  if (!isMaker(TCP) || !isMaker(TCPConnectWrap) || !isMaker(WriteWrap) || !isMaker(ShutdownWrap)) {
    return undefined
  }
  if (!(state instanceof Int32Array) || typeof kind !== 'number') return undefined
  if (typeof readAt !== 'number' || typeof waitingAt !== 'number') return undefined
  if (!isHandleShaped(TCP.prototype)) return undefined
  return {
    // Checked to have every method of the interface.
    createHandle: () => new TCP(kind) as StreamHandle,
    isHandle: (client): client is StreamHandle => client instanceof TCP,
    createConnect: () => new TCPConnectWrap(),
    createWrite: () => new WriteWrap(),
    createShutdown: () => new ShutdownWrap(),
    lastReadCount: () => state[readAt] ?? 0,
    isLastWriteWaiting: () => state[waitingAt] !== 0,
  }
}

const methods = [
  'readStart',
  'readStop',
  'shutdown',
  'writeBuffer',
  'connect',
  'connect6',
  'getsockname',
  'getpeername',
  'setNoDelay',
  'setKeepAlive',
  'useUserBuffer',
  'close',
] as const

function isHandleShaped(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return methods.every((name) => typeof Reflect.get(value, name) === 'function')
}

function bindingOf(binding: unknown, name: string): unknown {
  if (typeof binding !== 'function') return undefined
  try {
    return Reflect.apply(binding, process, [name])
  } catch {
    // It refuses what it does not know, and all of it where permissions are in force.
    return undefined
  }
}

function isMaker(value: unknown): value is Maker {
  return typeof value === 'function'
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Reflect.get(value, name)
}
