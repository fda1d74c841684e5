// Clients that log in: whole sessions as fast as they go, or sessions that stay.

import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { connect as connectTls } from 'node:tls'
import type { Socket } from 'node:net'
import { scriptOf } from './dialogues.ts'
import type { LoginsOrder, Outcome } from './orders.ts'
import type { Protocol } from './dialogues.ts'

// A login asks an auth server and a mail server; ten times a slow machine's slowest.
const stallMs = 10_000

interface Client {
  readonly port: number
  readonly protocol: Protocol
  readonly isTls: boolean
}

/** A client that is logged in. */
export interface LoggedIn {
  readonly socket: Socket
  /** Says goodbye; resolves when the server has closed. */
  leave(): Promise<void>
}

/** Connects and logs in. */
export function logIn({ port, protocol, isTls }: Client): Promise<LoggedIn> {
  const { steps, loggedIn, goodbye, bye } = scriptOf(protocol)
  const socket = isTls
    ? connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
    : connect({ host: '127.0.0.1', port })
  return new Promise((resolve, reject) => {
    let text = ''
    let at = 0
    let isLeaving = false
    let onLeft: (() => void) | undefined
    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    const leave = (): Promise<void> =>
      new Promise((left) => {
        isLeaving = true
        onLeft = left
        text = ''
        socket.setTimeout(stallMs)
        socket.write(goodbye)
      })
    socket.on('error', fail)
    socket.setTimeout(stallMs, () => fail(new Error(`stalled after: ${JSON.stringify(text)}`)))
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      if (isLeaving || !text.endsWith('\r\n')) return
      const step = steps[at]
      const expected = step?.expect ?? loggedIn
      if (!lastLine(text).startsWith(expected)) {
        // The greeting of a multi-line answer may still be coming.
        if (/^(?:250-|\* )/.test(lastLine(text))) return
        fail(new Error(`expected ${expected}, got: ${JSON.stringify(text)}`))
        return
      }
      text = ''
      at += 1
      if (step !== undefined) socket.write(step.send)
      else {
        socket.setTimeout(0)
        resolve({ socket, leave })
      }
    })
    socket.once('end', () => socket.destroy())
    socket.once('close', () => {
      if (isLeaving && text.includes(bye)) onLeft?.()
      else fail(new Error(`closed after: ${JSON.stringify(text)}`))
    })
  })
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n', text.length - 3) + 1)
}

/** Logs in and out again, `inFlight` clients at a time; those open at the end are finished. */
export async function rushLogins(order: LoginsOrder): Promise<Omit<Outcome, 'cpuMs'>> {
  const startedMs = performance.now()
  const untilMs = startedMs + order.forMs
  let count = 0
  const failures: string[] = []
  const client: Client = { port: order.port, protocol: order.protocol, isTls: false }
  const work = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      try {
        const session = await logIn(client)
        await session.leave()
        count += 1
      } catch (error) {
        failures.push(String(error))
      }
    }
  }
  await Promise.all(Array.from({ length: order.inFlight }, work))
  const [firstFailure] = failures
  return {
    count,
    failedCount: failures.length,
    elapsedMs: performance.now() - startedMs,
    ...(firstFailure === undefined ? {} : { firstFailure }),
  }
}
