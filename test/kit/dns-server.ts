// A name server that answers as a test says, over UDP and TCP, any bytes as names.

import { createSocket } from 'node:dgram'
import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

const types = { A: 1, CNAME: 5, PTR: 12, AAAA: 28 } as const
export type RecordName = keyof typeof types

export interface DnsQuestion {
  /** In lower case: resolvers may write it as they like. */
  readonly name: string
  readonly type: RecordName | 'other'
  readonly isTcp: boolean
}

/** A record; a name in it is its labels, of any bytes, or a plain name. */
export interface DnsRecord {
  readonly type: RecordName
  /** Absent: that of the question. */
  readonly owner?: string
  /** The text of an address, or a name. */
  readonly value: string | readonly string[]
  readonly ttl?: number
}

export interface DnsAnswer {
  readonly records?: readonly DnsRecord[]
  /** 2 server failure, 3 no such name, 5 refused. */
  readonly code?: number
  readonly isTruncated?: boolean
}

/** Undefined: no answer. */
export type DnsScript = (question: DnsQuestion) => DnsAnswer | undefined

export class FakeDns {
  readonly asked: DnsQuestion[] = []
  readonly #script: DnsScript
  readonly #udp: UdpSocket
  readonly #tcp: Server
  readonly #sockets = new Set<Socket>()

  private constructor(script: DnsScript, udp: UdpSocket, tcp: Server) {
    this.#script = script
    this.#udp = udp
    this.#tcp = tcp
    udp.on('message', (message, from) => {
      const reply = this.#answer(message, false)
      if (reply !== undefined) udp.send(reply, from.port, from.address)
    })
    tcp.on('connection', (socket) => this.#onConnection(socket))
  }

  static async start(script: DnsScript): Promise<FakeDns> {
    for (;;) {
      const tcp = createServer()
      tcp.listen(0, '127.0.0.1')
      await once(tcp, 'listening')
      const udp = createSocket('udp4')
      try {
        udp.bind(portOf(tcp), '127.0.0.1')
        await once(udp, 'listening')
        return new FakeDns(script, udp, tcp)
      } catch {
        // Somebody else has that port for UDP.
        tcp.close()
      }
    }
  }

  get port(): number {
    return portOf(this.#tcp)
  }

  /** `PTR 1.0.0.127.in-addr.arpa`, in the order in which they came. */
  get questions(): readonly string[] {
    return this.asked.map(({ type, name }) => `${type} ${name}`)
  }

  close(): void {
    this.#udp.close()
    this.#tcp.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #onConnection(socket: Socket): void {
    let read = Buffer.alloc(0)
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      read = Buffer.concat([read, chunk])
      while (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0)) {
        const end = 2 + read.readUInt16BE(0)
        const reply = this.#answer(read.subarray(2, end), true)
        read = read.subarray(end)
        if (reply !== undefined) socket.write(Buffer.concat([short(reply.length), reply]))
      }
    })
  }

  #answer(message: Buffer, isTcp: boolean): Buffer | undefined {
    const labels: string[] = []
    let at = 12
    for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
      labels.push(message.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const number = message.readUInt16BE(at + 1)
    const type = recordNames.find((name) => types[name] === number) ?? 'other'
    const question = { name: labels.join('.').toLowerCase(), type, isTcp } as const
    this.asked.push(question)
    const answer = this.#script(question)
    if (answer === undefined) return undefined
    const records = (answer.records ?? []).map(wireOf)
    const flags = 0x8180 | (answer.isTruncated === true ? 0x200 : 0) | (answer.code ?? 0)
    const header = [message.subarray(0, 2), ...[flags, 1, records.length, 0, 0].map(short)]
    return Buffer.concat([...header, message.subarray(12, at + 5), ...records])
  }
}

const recordNames: readonly RecordName[] = ['A', 'CNAME', 'PTR', 'AAAA']

function wireOf({ type, owner, value, ttl = 60 }: DnsRecord): Buffer {
  // Without an owner of its own a record points to the name in the question, at offset 12.
  const name = owner === undefined ? Buffer.from([0xc0, 12]) : nameOf(owner.split('.'))
  const data = dataOf(type, value)
  const seconds = Buffer.alloc(4)
  seconds.writeUInt32BE(ttl)
  return Buffer.concat([name, short(types[type]), short(1), seconds, short(data.length), data])
}

function dataOf(type: RecordName, value: string | readonly string[]): Buffer {
  const text = typeof value === 'string' ? value : value.join('.')
  if (type === 'A') return Buffer.from(text.split('.').map(Number))
  if (type === 'AAAA') return Buffer.from(text.replaceAll(':', ''), 'hex')
  return nameOf(typeof value === 'string' ? value.split('.') : value)
}

function nameOf(labels: readonly string[]): Buffer {
  const wire = labels.map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
  )
  return Buffer.concat([...wire, Buffer.from([0])])
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  return address.port
}
