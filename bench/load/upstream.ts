// The mail server behind: greets, answers QUIT, swallows bytes (SINK n) and pours them (SOURCE n).
// One process for all measured servers; its CPU is on nobody's account.

import { createServer } from 'node:net'
import { writeAll } from './bytes.ts'
import type { AddressInfo, Socket } from 'node:net'
import type { Ready } from './orders.ts'

const banner = Buffer.from('220 upstream.example ESMTP\r\n')
const goodbye = Buffer.from('221 2.0.0 Bye\r\n')
// Longer than any command of the harness; more without a line end is a broken relay.
const commandMaxBytes = 64

function serve(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  let command = ''
  let sinkBytes = -1
  let gotBytes = 0
  const swallow = (size: number): void => {
    gotBytes += size
    if (gotBytes >= sinkBytes) socket.end(`250 ${gotBytes}\r\n`)
  }
  socket.on('data', (bytes: Buffer) => {
    if (sinkBytes >= 0) return swallow(bytes.length)
    // At most one command's worth is looked at as text; what follows SINK is counted, not copied.
    const lineEnd = bytes.indexOf(0x0a)
    command += bytes.toString('latin1', 0, lineEnd === -1 ? commandMaxBytes : lineEnd + 1)
    if (lineEnd === -1) {
      if (command.length >= commandMaxBytes) socket.destroy()
      return
    }
    const [verb = '', operand = '0'] = command.trimEnd().split(' ')
    command = ''
    if (verb === 'SINK') {
      sinkBytes = Number(operand)
      return swallow(bytes.length - lineEnd - 1)
    }
    if (verb === 'SOURCE') return writeAll(socket, Number(operand), () => socket.end())
    socket.end(verb === 'QUIT' ? goodbye : '500 5.5.2 What?\r\n')
  })
  socket.write(banner)
}

function main(): void {
  const server = createServer({ noDelay: true }, serve)
  server.on('error', (error) => {
    throw error
  })
  // A CountOrder, the only message it is ever sent.
  process.on('message', () => {
    server.getConnections((_error, count) => process.send?.({ count }))
  })
  process.on('disconnect', () => process.exit(0))
  // More than the sessions opened at once by all measured servers together.
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
    // A server listening on a TCP port has an AddressInfo; only pipes have a string.
    const { port } = server.address() as AddressInfo
    process.send?.({ ready: true, port } satisfies Ready)
  })
}

main()
