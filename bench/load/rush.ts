// Short connections as fast as they go: refused ones, and whole sessions of banner, QUIT and 221.

import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { Socket } from 'node:net'
import type { Outcome, RushOrder } from './orders.ts'

const quit = Buffer.from('QUIT\r\n')
// A connection that says nothing for this long is a failure; ten times a slow machine's slowest.
const stallMs = 5_000

type Done = (failure: string | undefined) => void

/** Runs the order to its end; the connections still open then are finished, not cut. */
export function rush(order: RushOrder): Promise<Omit<Outcome, 'cpuMs'>> {
  return new Promise((resolve) => {
    const startedMs = performance.now()
    const untilMs = startedMs + order.forMs
    let openCount = 0
    let count = 0
    let failedCount = 0
    let firstFailure: string | undefined
    const next = (): void => {
      openCount += 1
      connectOnce(order, onDone)
    }
    const onDone: Done = (failure) => {
      openCount -= 1
      if (failure === undefined) count += 1
      else failedCount += 1
      firstFailure ??= failure
      if (performance.now() < untilMs) return next()
      if (openCount > 0) return
      const failures = firstFailure === undefined ? {} : { firstFailure }
      resolve({ count, failedCount, elapsedMs: performance.now() - startedMs, ...failures })
    }
    for (let at = 0; at < order.inFlight; at += 1) next()
  })
}

function connectOnce(order: RushOrder, done: Done): void {
  const from = order.from === undefined ? {} : { localAddress: order.from }
  const socket = connect({ host: '127.0.0.1', port: order.port, ...from })
  let failure: string | undefined
  socket.once('error', (error: NodeJS.ErrnoException) => {
    // A reset is how some servers close without a word; it fails only the ones that owe a text.
    if (error.code !== 'ECONNRESET' || order.expect !== '') failure = error.message
  })
  socket.setTimeout(stallMs, () => socket.destroy(new Error('stalled')))
  const verdict = order.kind === 'refusals' ? readRefusal(socket, order) : holdDialogue(socket)
  socket.once('close', () => done(failure ?? verdict()))
}

/** Reads to the end; the verdict is undefined when exactly the expected text came. */
function readRefusal(socket: Socket, order: RushOrder): () => string | undefined {
  let text = ''
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
  })
  // The server has closed: closing at once spares a system call that no server is measured by.
  socket.once('end', () => socket.destroy())
  return () => {
    if (order.expect === '') return text === '' ? undefined : `expected no text, got: ${text}`
    const isRight = text.startsWith(order.expect) && text.endsWith('\r\n')
    return isRight ? undefined : `expected ${order.expect}, got: ${JSON.stringify(text)}`
  }
}

function holdDialogue(socket: Socket): () => string | undefined {
  let text = ''
  let hasQuit = false
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
    if (hasQuit || !text.endsWith('\r\n')) return
    hasQuit = true
    socket.write(quit)
  })
  socket.once('end', () => socket.destroy())
  return () => {
    const isRight = text.startsWith('220 ') && text.includes('\r\n221 ')
    return isRight ? undefined : `expected 220 and 221, got: ${JSON.stringify(text)}`
  }
}
