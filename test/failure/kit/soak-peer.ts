// The other side of a soak, in a process of its own because its sockets would take half of the
// descriptors: a mail server that answers every line, and groups of clients that speak when told to.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** What it is told; it answers each with the number of clients for which that went well. */
export type SoakOrder =
  | { readonly kind: 'open'; readonly group: string; readonly port: number; readonly count: number }
  /** Every client of the group says NOOP and reads the answer. */
  | { readonly kind: 'beat'; readonly group: string }
  /** How many clients of the group are still connected. */
  | { readonly kind: 'count'; readonly group: string }
  | { readonly kind: 'letGo' }

export interface SoakAnswer {
  readonly count: number
}

export interface SoakReady {
  readonly port: number
}

// Below the listen backlog, so that no SYN is dropped.
const openingAtOnce = 64

const groups = new Map<string, Set<Socket>>()

function groupOf(name: string): Set<Socket> {
  const found = groups.get(name) ?? new Set<Socket>()
  groups.set(name, found)
  return found
}

/** The next bytes from the server; false when it closes in their place. */
function heard(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const onData = (): void => settle(true)
    const onClose = (): void => settle(false)
    const settle = (isHeard: boolean): void => {
      socket.off('data', onData)
      socket.off('close', onClose)
      resolve(isHeard)
    }
    socket.on('data', onData)
    socket.on('close', onClose)
  })
}

async function openOne(group: Set<Socket>, port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => socket.destroy())
  const isGreeted = await heard(socket)
  if (!isGreeted) return false
  group.add(socket)
  socket.on('close', () => group.delete(socket))
  // A client reads all the time, or it would not see that it was closed.
  socket.resume()
  return true
}

async function open(name: string, port: number, count: number): Promise<number> {
  const group = groupOf(name)
  let leftCount = count
  let openedCount = 0
  const openSome = async (): Promise<void> => {
    while (leftCount > 0) {
      leftCount -= 1
      if (await openOne(group, port)) openedCount += 1
    }
  }
  await Promise.all(Array.from({ length: openingAtOnce }, openSome))
  return openedCount
}

async function beat(name: string): Promise<number> {
  const answers = [...groupOf(name)].map((socket) => {
    const answer = heard(socket)
    socket.write('NOOP\r\n')
    return answer
  })
  return (await Promise.all(answers)).filter(Boolean).length
}

async function carryOut(order: SoakOrder): Promise<number> {
  switch (order.kind) {
    case 'open':
      return open(order.group, order.port, order.count)
    case 'beat':
      return beat(order.group)
    case 'count':
      return groupOf(order.group).size
    case 'letGo':
      for (const group of groups.values()) for (const socket of group) socket.destroy()
      return 0
  }
}

async function main(): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', () => socket.write('250 2.0.0 Ok\r\n'))
    socket.write('220 upstream.example ESMTP\r\n')
  })
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })
  await once(server, 'listening')
  process.on('message', (order: SoakOrder) => {
    void carryOut(order).then((count) => process.send?.({ count } satisfies SoakAnswer))
  })
  process.on('disconnect', () => process.exit(0))
  // A server listening on a TCP port has an AddressInfo; only pipes have a string.
  const { port } = server.address() as AddressInfo
  process.send?.({ port } satisfies SoakReady)
}

await main()
