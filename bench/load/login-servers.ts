// What stands behind a gate that logs clients in: an auth server that believes everybody, and one
// mail server per protocol. One process for all measured gates; its CPU is on nobody's account.

import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { greetings, protocols, UpstreamDialogue } from './dialogues.ts'
import type { Protocol } from './dialogues.ts'
import type { LoginServersReady } from './orders.ts'

// A request of nginx's auth protocol is a few hundred bytes.
const requestMaxBytes = 8_192
// Longer than any line a gate sends here.
const lineMaxBytes = 1_024
// More than the sessions opened at once by all measured gates together.
const backlog = 4_096

function serveMail(protocol: Protocol, socket: Socket): void {
  const dialogue = new UpstreamDialogue(protocol)
  let text = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
    const lines = text.split('\r\n')
    text = lines.pop() ?? ''
    if (text.length > lineMaxBytes) socket.destroy()
    for (const line of lines) {
      const { text: reply, isLast } = dialogue.answer(line)
      if (isLast) socket.end(reply)
      else socket.write(reply)
    }
  })
  socket.write(greetings[protocol])
}

/** nginx's auth protocol: one request, one answer, and the connection ends. */
function serveAuth(ports: Readonly<Record<Protocol, number>>, socket: Socket): void {
  let text = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
    if (text.length > requestMaxBytes) socket.destroy()
    if (!text.endsWith('\r\n\r\n')) return
    const asked = /^Auth-Protocol: (\w+)/m.exec(text)?.[1]
    const protocol = protocols.find((known) => known === asked) ?? 'imap'
    socket.end(
      `HTTP/1.0 200 OK\r\nAuth-Status: OK\r\nAuth-Server: 127.0.0.1\r\nAuth-Port: ${ports[protocol]}\r\n\r\n`,
    )
  })
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0, backlog }, resolve)
  })
  // A server listening on a TCP port has an AddressInfo; only pipes have a string.
  return (server.address() as AddressInfo).port
}

async function tellCount(servers: readonly Server[]): Promise<void> {
  let sum = 0
  for (const server of servers) {
    sum += await new Promise<number>((tell) => server.getConnections((_e, count) => tell(count)))
  }
  process.send?.({ count: sum })
}

async function main(): Promise<void> {
  const servers: Server[] = []
  const serve = (protocol: Protocol): Promise<number> => {
    const server = createServer({ noDelay: true }, (socket) => serveMail(protocol, socket))
    servers.push(server)
    return listen(server)
  }
  const ports = { imap: await serve('imap'), pop3: await serve('pop3'), smtp: await serve('smtp') }
  const authPort = await listen(createServer({ noDelay: true }, (one) => serveAuth(ports, one)))
  // The only thing it is ever asked: how many sessions it has.
  process.on('message', () => void tellCount(servers))
  process.on('disconnect', () => process.exit(0))
  process.send?.({ ready: true, authPort } satisfies LoginServersReady)
}

await main()
