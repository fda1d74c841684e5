// A gateway in this process with real sockets around it, for the gateway's unit tests.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { parseBlock } from '../../src/base/address.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { Span } from '../../src/base/diagnostic.ts'
import { parseEndpoint } from '../../src/base/endpoint.ts'
import type { Log, LogEntry, LogLevelName } from '../../src/base/log.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { EngineEvent } from '../../src/engine/events.ts'
import { createGateway } from '../../src/gateway/create-gateway.ts'
import type { Gateway, GatewayOptions } from '../../src/gateway/gateway.ts'
import { parseKey } from '../../src/policy/key.ts'
import type { LimitZone } from '../../src/policy/limit-zone.ts'
import type { Options, OptionValues, UpstreamAddress } from '../../src/policy/options.ts'
import { freezePolicy } from '../../src/policy/policy.ts'
import type { Listen, Peer, Policy, ServiceName } from '../../src/policy/policy.ts'

export type Values = Partial<OptionValues>

export interface RigPolicy {
  readonly service?: ServiceName
  readonly options?: Values
  /** By endpoint text; a loopback address and port 0 lets the kernel choose. */
  readonly listens: Readonly<Record<string, Values>>
  readonly peers?: Readonly<Record<string, Values>>
  /** Keys by zone name; `zoneBytes` for each, 1 MiB if absent. */
  readonly zones?: Readonly<Record<string, string>>
  readonly zoneBytes?: number
}

/** Where every option of a rig's policy stands. */
export const span: Span = { file: 'rig.conf', line: 7, column: 1 }

function optionsOf(values: Values): Options {
  const entries = Object.entries(values).map(([name, value]) => [name, { value, span }])
  // Each name keeps its own value type; only the wrapping is added.
  return Object.fromEntries(entries) as Options
}

export function rigPolicy(text: RigPolicy): Policy {
  const service = text.service ?? 'smtp'
  const listens = Object.entries(text.listens).map(([name, values]): Listen => {
    const parsed = parseEndpoint(name)
    if (!('endpoint' in parsed)) throw new Error(parsed.problem)
    const { endpoint } = parsed
    const label = `Listen ${endpoint.text}`
    const options = optionsOf(values)
    return { kind: 'listen', id: endpoint.text, endpoint, label, options, span, peers: [] }
  })
  const peers = Object.entries(text.peers ?? {}).map(([name, values]): Peer => {
    const parsed = parseBlock(name)
    if (parsed === undefined) throw new Error(name)
    const { block } = parsed
    return { kind: 'peer', block, label: `Peer ${block.text}`, options: optionsOf(values), span }
  })
  const options = optionsOf(text.options ?? {})
  return freezePolicy({
    kind: 'policy',
    dialect: 'momentum',
    daemon: {},
    global: { kind: 'global', label: 'global', options: {}, span },
    listeners: [{ kind: 'listener', service, label: 'Listener', options, span, listens, peers }],
    pathways: [],
    pathwayGroups: [],
    zones: Object.entries(text.zones ?? {}).map(([name, key]) => zoneOf(name, key, text.zoneBytes)),
  })
}

function zoneOf(name: string, text: string, sizeBytes = 1_048_576): LimitZone {
  const { key } = parseKey({ value: text, span })
  if (key === undefined) throw new Error(`bad key ${text}`)
  return { kind: 'zone', name, sizeBytes, key, span }
}

/** At most so many sessions by zone, as an option; negative means dry run. */
export function limits(caps: Readonly<Record<string, number>>): Values {
  const limitConns = Object.entries(caps).map(([zone, cap]) => ({
    zone,
    capMax: Math.abs(cap),
    ...(cap < 0 ? { isDryRun: true } : {}),
    span: { ...span },
  }))
  return { limitConns }
}

/** Keeps what was logged. */
export class RigLog implements Log {
  readonly lines: { readonly level: LogLevelName; readonly entry: LogEntry }[] = []

  write(level: LogLevelName, entry: LogEntry): void {
    this.lines.push({ level, entry })
  }

  isEnabled(): boolean {
    return true
  }

  /** Texts of all lines. */
  get texts(): readonly string[] {
    return this.lines.map(({ level, entry }) => `${level}: ${entry.text}`)
  }
}

export interface Rig {
  readonly engine: Engine
  readonly gateway: Gateway
  readonly log: RigLog
  readonly events: readonly EngineEvent[]
  /** Port of the first Listen, or of the one named. */
  port(listenId?: string): number
}

const cleanups: (() => Promise<void> | void)[] = []

/** Call from afterEach: ends all that a test began. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).toReversed()) {
    await cleanup()
  }
}

export function createRig(
  policy: Policy,
  clock?: Clock,
  more: Pick<GatewayOptions, 'usesHandles'> = {},
): Rig {
  const log = new RigLog()
  const events: EngineEvent[] = []
  const onEvent = (event: EngineEvent): void => void events.push(event)
  const timed = clock === undefined ? {} : { clock }
  const engine = createEngine({ policy, onEvent, ...timed })
  const gateway = createGateway({ engine, log, prefix: tmpdir(), ...timed, ...more })
  cleanups.push(() => gateway.close())
  const port = (listenId?: string): number => {
    const bound = gateway.bound()
    const found = listenId === undefined ? bound[0] : bound.find((b) => b.listenId === listenId)
    if (found?.port === undefined) throw new Error(`no port for ${listenId}`)
    return found.port
  }
  return { engine, gateway, log, events, port }
}

export async function startRig(policy: Policy, clock?: Clock): Promise<Rig> {
  const rig = createRig(policy, clock)
  await rig.gateway.start()
  return rig
}

/** A mail server that does as the test says, and keeps count. */
export class FakeUpstream {
  readonly server: Server
  readonly sockets: Socket[] = []
  received = Buffer.alloc(0)
  openCount = 0
  openMax = 0
  endedCount = 0

  constructor(onSocket: (socket: Socket) => void) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket)
      this.openCount += 1
      this.openMax = Math.max(this.openMax, this.openCount)
      socket.on('error', () => {})
      socket.on('end', () => (this.endedCount += 1))
      // Gone, for a mail server, is a client that said so: that is what it counts.
      socket.on('close', () => (this.openCount -= 1))
      onSocket(socket)
    })
  }

  get port(): number {
    const address = this.server.address()
    if (typeof address !== 'object' || address === null) throw new Error('not listening')
    return address.port
  }
}

/** Greets, answers every chunk with its length, and closes when the client does. */
export function greet(upstream: () => FakeUpstream): (socket: Socket) => void {
  return (socket) => {
    socket.write('220 ready\r\n')
    socket.on('data', (chunk: Buffer) => {
      upstream().received = Buffer.concat([upstream().received, chunk])
    })
    socket.on('end', () => socket.end())
  }
}

export async function startUpstream(
  onSocket?: (socket: Socket) => void,
  where: { port: number } | { path: string } = { port: 0 },
): Promise<FakeUpstream> {
  const upstream: FakeUpstream = new FakeUpstream(onSocket ?? greet(() => upstream))
  upstream.server.listen('path' in where ? where : { host: '127.0.0.1', ...where })
  await once(upstream.server, 'listening')
  cleanups.push(() => {
    upstream.server.close()
    for (const socket of upstream.sockets) socket.destroy()
  })
  return upstream
}

export function to(upstream: FakeUpstream): Values {
  return { upstream: [{ kind: 'tcp', host: '127.0.0.1', port: upstream.port }] }
}

/** A client that keeps what it reads. */
export class Client {
  readonly socket: Socket
  received = Buffer.alloc(0)
  hasEnded = false
  hasClosed = false
  error: Error | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', (error) => (this.error = error))
    socket.on('data', (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])))
    socket.on('end', () => (this.hasEnded = true))
    socket.on('close', () => (this.hasClosed = true))
    cleanups.push(() => void socket.destroy())
  }

  get text(): string {
    return this.received.toString('latin1')
  }
}

export async function connectClient(where: number | string, write?: string): Promise<Client> {
  const socket =
    typeof where === 'number'
      ? connect({ host: '127.0.0.1', port: where, allowHalfOpen: true })
      : connect({ path: where, allowHalfOpen: true })
  const client = new Client(socket)
  if (write !== undefined) socket.write(write)
  await once(socket, 'connect')
  return client
}

/** Waits for a claim to become true; fails with its source when it does not. */
export async function until(claim: () => boolean, timeoutMs = 5000): Promise<void> {
  const giveUpMs = performance.now() + timeoutMs
  while (!claim()) {
    if (performance.now() > giveUpMs) throw new Error(`never true: ${claim.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export async function pauseMs(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Ends something with the test. */
export function atCleanUp(end: () => void): void {
  cleanups.push(end)
}

/** A port that refuses connections: bound once, and given up. */
export async function deadPort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  server.close()
  await once(server, 'close')
  return address.port
}

// Listens in a thread that then stands still, so that nobody takes from its accept queue.
const standstill = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })
`

/** An upstream whose accept queue is full: the kernel answers no SYN. */
export async function blackHole(): Promise<UpstreamAddress> {
  const thread = new Worker(standstill, { eval: true })
  cleanups.push(async () => void (await thread.terminate()))
  const port: unknown = (await once(thread, 'message'))[0]
  if (typeof port !== 'number') throw new Error('no port')
  await pauseMs(50)
  // A queue of 1 holds two on Linux; the third gets no answer, nor anybody after it.
  for (let count = 0; count < 3; count += 1) {
    const filler = new Client(connect({ host: '127.0.0.1', port }))
    filler.socket.unref()
  }
  await pauseMs(50)
  return { kind: 'tcp', host: '127.0.0.1', port }
}
