// What stands behind a gate that logs clients in: an auth server, and mail servers that take any
// login. For tests of the gateway and of the built program alike.

import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** One question as it came, its headers by lower-case name. */
export interface AuthAsked {
  readonly text: string
  readonly headers: ReadonlyMap<string, string>
  readonly socket: Socket
}

/** The headers of an answer; undefined: none comes. */
export type AuthAnswer = Readonly<Record<string, string>> | string | undefined

/** An auth server that answers as the test says. */
export class FakeAuth {
  readonly asked: AuthAsked[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  answer: (asked: AuthAsked) => AuthAnswer

  constructor(answer: (asked: AuthAsked) => AuthAnswer) {
    this.answer = answer
    this.#server = createServer((socket) => this.#onConnection(socket))
  }

  static async start(answer: (asked: AuthAsked) => AuthAnswer): Promise<FakeAuth> {
    const auth = new FakeAuth(answer)
    auth.#server.listen(0, '127.0.0.1')
    await once(auth.#server, 'listening')
    return auth
  }

  get port(): number {
    return portOf(this.#server)
  }

  /** Connections that are open now. */
  get openCount(): number {
    return this.#sockets.size
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket)
    let text = ''
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (!text.endsWith('\r\n\r\n')) return
      const asked = { text, headers: headersOf(text), socket }
      this.asked.push(asked)
      const answer = this.answer(asked)
      if (answer !== undefined) socket.end(answerText(answer))
    })
  }
}

function headersOf(text: string): Map<string, string> {
  const lines = text.split('\r\n').slice(1, -2)
  return new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)]
    }),
  )
}

function answerText(answer: Readonly<Record<string, string>> | string): string {
  if (typeof answer === 'string') return answer
  const lines = Object.entries(answer).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.0 200 OK\r\n${lines.join('')}\r\n`
}

/** Sends everybody to one mail server. */
export function accept(port: number, more: Readonly<Record<string, string>> = {}): AuthAnswer {
  return { 'Auth-Status': 'OK', 'Auth-Server': '127.0.0.1', 'Auth-Port': String(port), ...more }
}

/** An IMAP server that takes any LOGIN with literals, and after that answers OK to every command. */
export function serveImap(socket: Socket): void {
  let tag = ''
  let step: 'login' | 'user' | 'password' | 'in' = 'login'
  socket.write('* OK upstream ready\r\n')
  onLines(socket, (line) => {
    if (step === 'user') socket.write('+ OK\r\n')
    if (step === 'user' || step === 'login') {
      const [first = '', verb = ''] = line.split(' ')
      if (step === 'login' && verb.toUpperCase() === 'LOGIN') {
        tag = first
        socket.write('+ OK\r\n')
      }
      step = step === 'login' ? 'user' : 'password'
    } else if (step === 'password') {
      step = 'in'
      socket.write(`${tag} OK upstream login\r\n`)
    } else {
      const [first = '*', verb = ''] = line.split(' ')
      socket.write(`${first} OK upstream did ${verb}\r\n`)
      if (verb.toUpperCase() === 'LOGOUT') socket.end()
    }
  })
}

export function servePop3(socket: Socket): void {
  socket.write('+OK upstream ready\r\n')
  onLines(socket, (line) => {
    const verb = line.split(' ')[0]?.toUpperCase() ?? ''
    socket.write(`+OK upstream did ${verb}\r\n`)
    if (verb === 'QUIT') socket.end()
  })
}

export function serveSmtp(socket: Socket): void {
  socket.write('220 upstream.test ESMTP\r\n')
  onLines(socket, (line) => {
    const verb = line.split(' ')[0]?.toUpperCase() ?? ''
    if (verb === 'EHLO') socket.write('250-upstream.test\r\n250 XCLIENT NAME ADDR LOGIN\r\n')
    else if (verb === 'XCLIENT') socket.write('220 upstream.test ESMTP\r\n')
    else if (verb === 'QUIT') socket.end('221 2.0.0 upstream bye\r\n')
    else socket.write(`250 2.0.0 upstream did ${verb}\r\n`)
  })
}

function onLines(socket: Socket, onLine: (line: string) => void): void {
  let partial = ''
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
  socket.on('data', (chunk: Buffer) => {
    const lines = (partial + chunk.toString('latin1')).split('\r\n')
    partial = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  return address.port
}
