// The flood lane on real sockets: who is refused without a Socket, who still gets one, and what
// happens where Node has no such handles.

import { EventEmitter } from 'node:events'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  cleanUp,
  connectClient,
  rigPolicy,
  startRig,
  startUpstream,
  temporaryDirectory,
  to,
  until,
} from '../../test/kit/gateway-rig.ts'
import type { Client, Rig } from '../../test/kit/gateway-rig.ts'
import type { ServiceName } from '../policy/policy.ts'
import { divertConnections, LineWriter, peerOf } from './flood-lane.ts'

afterEach(cleanUp)

const line = '421 4.4.5 Service unavailable, concurrency limit reached.\r\n'
/** Well over what makes a flood (128 in 128 ms), however slowly this machine connects. */
const crowd = 400

async function flood(where: number | string): Promise<Client[]> {
  const clients = await Promise.all(Array.from({ length: crowd }, () => connectClient(where)))
  await until(() => clients.every((client) => client.hasEnded || client.hasClosed), 20_000)
  return clients
}

async function fullRig(service: ServiceName, listenId = '127.0.0.1:0'): Promise<Rig> {
  const upstream = await startUpstream()
  const options = { ...to(upstream), serviceSessions: { capMax: 1 } }
  const rig = await startRig(rigPolicy({ service, options, listens: { [listenId]: {} } }))
  const where = listenId.startsWith('/') ? listenId : rig.port()
  const first = await connectClient(where)
  await until(() => first.text === '220 ready\r\n')
  return rig
}

describe('under a flood', () => {
  it('every refused client reads the line and the end, and nothing stays behind', async () => {
    const rig = await fullRig('smtp')
    const clients = await flood(rig.port())
    expect(new Set(clients.map((client) => client.text))).toEqual(new Set([line]))
    for (const client of clients) client.socket.destroy()
    await until(() => rig.gateway.stats().refusalsLingering === 0)
    expect(rig.engine.snapshot()).toMatchObject({ sessionsActive: 1, refusedTotal: crowd })
    expect(rig.engine.audit(new Set([1])).drift).toBe(0)
  })

  it('clients of a Unix socket are refused the same way', async () => {
    const path = `${temporaryDirectory()}/s.sock`
    await fullRig('smtp', path)
    const clients = await flood(path)
    expect(new Set(clients.map((client) => client.text))).toEqual(new Set([line]))
  })

  it('ECStream clients are closed without a byte', async () => {
    const rig = await fullRig('ecstream')
    const clients = await flood(rig.port())
    expect(new Set(clients.map((client) => client.text))).toEqual(new Set(['']))
  })

  it('a client that fits is admitted as ever, with its slot counted once', async () => {
    const upstream = await startUpstream()
    const peers = { '127.0.0.1': { serviceSessions: { capMax: 1 } } }
    const listens = { '127.0.0.1:0': {} }
    const rig = await startRig(rigPolicy({ options: to(upstream), listens, peers }))
    const held = await connectClient(rig.port())
    await until(() => held.text === '220 ready\r\n')
    const connecting = Array.from({ length: crowd }, () => connectClient(rig.port()))
    await until(() => rig.engine.snapshot().refusedTotal > crowd / 4, 20_000)
    held.socket.destroy()
    const clients = await Promise.all(connecting)
    await until(() => clients.every((client) => client.text !== '' || client.hasClosed), 20_000)
    // Whoever took the free slot was relayed, one at a time.
    expect(upstream.openMax).toBe(1)
    for (const client of clients) client.socket.destroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    expect(rig.engine.snapshot().budgets).toEqual([])
  })
})

describe('diverting connections', () => {
  it('leaves a server alone whose handle looks different', () => {
    const server: unknown = Object.assign(new EventEmitter(), { _handle: { onconnection: 7 } })
    divertConnections(server as Server, () => true, unexpected) // only its shape matters here
    expect(server).toHaveProperty('_handle.onconnection', 7)
    divertConnections(createServer(), () => true, unexpected)
  })

  it('tells when a connection that was not taken has gone its ordinary way', () => {
    const seen: string[] = []
    const handle = {
      onconnection(status: number): void {
        seen.push(`ordinary ${status}`)
      },
    }
    const server: unknown = { _handle: handle }
    const takes = (): boolean => {
      seen.push('shown')
      return false
    }
    divertConnections(server as Server, takes, () => seen.push('settled')) // only its shape matters
    const client = { writeBuffer: () => 0, close() {} }
    const diverted = (): (() => void) => Reflect.get(handle, 'onconnection') as () => void // set above
    const call = (status: number, given: unknown): unknown =>
      Reflect.apply(diverted(), handle, [status, given])
    call(0, client)
    call(-24, undefined)
    expect(seen).toEqual(['shown', 'ordinary 0', 'settled', 'ordinary -24', 'settled'])
  })
})

describe('a line writer', () => {
  it('does nothing until it knows what Node writes with', () => {
    const closed: string[] = []
    const client = { writeBuffer: () => 0, close: () => void closed.push('closed') }
    const writer = new LineWriter()
    expect(writer.isReady).toBe(false)
    expect(writer.writeAndClose(client, Buffer.from(line))).toBe(false)
    expect(closed).toEqual([])
    expect(writer.writeAndClose(client, undefined)).toBe(true)
    expect(closed).toEqual(['closed'])
  })

  it('has no address of a client that is gone', () => {
    const client = { writeBuffer: () => 0, close() {}, getpeername: () => -107 }
    expect(peerOf(client)).toBeUndefined()
  })
})

function unexpected(): void {
  throw new Error('called')
}
