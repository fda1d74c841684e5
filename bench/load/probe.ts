// A client with nothing to do but to fetch a banner and time it, as a monitor of a mail server would.

import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome, ProbeOrder, Waits } from './orders.ts'

// Seconds are enough to be given up by a monitor; it counts as a failure.
const stallMs = 5_000
// Seldom enough to be no load, often enough for a p99 out of two seconds.
const pauseMs = 2

export async function probe({ port, forMs }: ProbeOrder): Promise<Omit<Outcome, 'cpuMs'>> {
  const startedMs = performance.now()
  const waitsMs: number[] = []
  const failures: string[] = []
  while (performance.now() < startedMs + forMs) {
    try {
      waitsMs.push(await fetchBanner(port))
    } catch (error) {
      failures.push(String(error))
    }
    await sleep(pauseMs)
  }
  const [firstFailure] = failures
  return {
    count: waitsMs.length,
    failedCount: failures.length,
    elapsedMs: performance.now() - startedMs,
    waits: waitsOf(waitsMs),
    ...(firstFailure === undefined ? {} : { firstFailure }),
  }
}

function waitsOf(waitsMs: readonly number[]): Waits {
  const sorted = waitsMs.toSorted((left, right) => left - right)
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** How long the banner took, in milliseconds. */
function fetchBanner(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', reject)
    socket.setTimeout(stallMs, () => socket.destroy(new Error('no banner came')))
    socket.once('data', (bytes: Buffer) => {
      const waitMs = performance.now() - startedMs
      const text = bytes.toString('latin1')
      if (text.startsWith('220 ')) resolve(waitMs)
      else reject(new Error(`expected a banner, got: ${JSON.stringify(text)}`))
      socket.destroy()
    })
    socket.once('close', () => reject(new Error('closed before its banner')))
  })
}
