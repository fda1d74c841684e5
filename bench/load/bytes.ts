// Big streams through a session: pushed to the upstream's sink, or pulled from its source.

import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { Socket } from 'node:net'
import type { BytesOrder, Outcome } from './orders.ts'

// Large enough that the generator's system calls are few beside the measured server's.
const chunkBytes = 256 * 1024
// Whole streams take seconds; one that stands still this long has been lost.
const stallMs = 10_000

/** Runs all streams of the order at once and counts the bytes that arrived. */
export async function moveBytes(order: BytesOrder): Promise<Omit<Outcome, 'cpuMs'>> {
  const startedMs = performance.now()
  const move = order.kind === 'push' ? push : pull
  const results = await Promise.allSettled(
    Array.from({ length: order.streams }, () => move(order.port, order.bytesPerStream)),
  )
  const failures = results.filter((result) => result.status === 'rejected')
  const [first] = failures
  return {
    count: (results.length - failures.length) * order.bytesPerStream,
    failedCount: failures.length,
    elapsedMs: performance.now() - startedMs,
    ...(first === undefined ? {} : { firstFailure: String(first.reason) }),
  }
}

/** Banner, SINK, the bytes; resolves when the upstream has said that all of them arrived. */
function push(port: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', reject)
    socket.setTimeout(stallMs, () => socket.destroy(new Error('a pushed stream stalled')))
    let text = ''
    socket.on('data', (received: Buffer) => {
      if (text === '') pour(socket, bytes)
      text += received.toString('latin1')
    })
    socket.once('close', () => {
      if (text.includes(`\r\n250 ${bytes}\r\n`)) resolve()
      else reject(new Error(`the sink answered ${JSON.stringify(text)}`))
    })
  })
}

function pour(socket: Socket, bytes: number): void {
  socket.write(`SINK ${bytes}\r\n`)
  writeAll(socket, bytes)
}

/** Writes `bytes` zeros as fast as the socket takes them, then calls `onQueued`. */
export function writeAll(socket: Socket, bytes: number, onQueued?: () => void): void {
  const chunk = Buffer.alloc(chunkBytes)
  let left = bytes
  const onDrain = (): void => {
    while (left > 0) {
      const size = Math.min(left, chunkBytes)
      left -= size
      if (!socket.write(size === chunkBytes ? chunk : chunk.subarray(0, size))) return
    }
    socket.off('drain', onDrain)
    onQueued?.()
  }
  socket.on('drain', onDrain)
  onDrain()
}

/** Banner, SOURCE; resolves when exactly the bytes asked for have come and the session closed. */
function pull(port: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // One buffer for all reads of the stream: the generator then allocates nothing.
    const buffer = Buffer.alloc(chunkBytes)
    let receivedBytes = 0
    let bannerBytes = 0
    const onread = {
      buffer,
      callback(size: number, read: Uint8Array): boolean {
        if (bannerBytes === 0) {
          bannerBytes = read.subarray(0, size).indexOf(0x0a) + 1
          socket.write(`SOURCE ${bytes}\r\n`)
        }
        receivedBytes += size
        return true
      },
    }
    const socket = connect({ host: '127.0.0.1', port, onread })
    socket.once('error', reject)
    socket.setTimeout(stallMs, () => socket.destroy(new Error('a pulled stream stalled')))
    socket.once('close', () => {
      if (receivedBytes - bannerBytes === bytes) resolve()
      else reject(new Error(`pulled ${receivedBytes - bannerBytes} bytes of ${bytes}`))
    })
  })
}
