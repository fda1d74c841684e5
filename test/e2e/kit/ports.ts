// Free ports for listeners: below the range from which the kernel takes the ports of outgoing
// connections, so that none of the test's own clients can sit on one between choosing and binding.

import { createServer } from 'node:net'

const lowestPort = 20_000
const highestPort = 31_999
const triesMax = 1000

let nextPort = lowestPort + ((process.pid * 97) % (highestPort - lowestPort))

/** A port that nobody listens on, and that this process has not handed out before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const port = nextPort
    nextPort = port === highestPort ? lowestPort : port + 1
    if (await isFree(port)) return port
  }
  throw new Error('no free port found')
}

/** The first of several such ports that stand next to each other. */
export async function freeRow(count: number): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const first = await freePort()
    let last = first
    while (last - first < count - 1 && (await freePort()) === last + 1) last += 1
    if (last - first === count - 1) return first
  }
  throw new Error('no free ports found')
}

/** Binding all addresses of both families fails when any single one is taken. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '::' }, () => {
      server.close(() => resolve(true))
    })
  })
}
