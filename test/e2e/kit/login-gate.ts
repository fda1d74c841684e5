// A running daemon that logs clients in, with an auth server and a mail server of each protocol
// behind it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { accept, FakeAuth, serveImap, servePop3, serveSmtp } from '../../kit/login-servers.ts'
import type { AuthAnswer, AuthAsked } from '../../kit/login-servers.ts'
import type { Client } from './client.ts'
import { Gate } from './gate.ts'
import type { HeaderVersion } from './proxy-header.ts'
import { until } from './until.ts'

export type MailService = 'imap' | 'pop3' | 'smtp'

export interface LoginGateOptions {
  /** `Limit_Conn_Zone`s, and whatever else stands outside the listeners. */
  readonly global?: string
  /** In every listener. */
  readonly all?: string
  /** In the Listen of one service. */
  readonly imap?: string
  readonly pop3?: string
  readonly smtp?: string
  readonly answer?: (asked: AuthAsked, behind: MailServers) => AuthAnswer
  readonly serve?: (socket: Socket) => void
  /** Looks on while a connection is served. */
  readonly watch?: (socket: Socket) => void
  readonly proxy?: HeaderVersion
  readonly errorLog?: string
  readonly hasCertificate?: boolean
}

/** The nominal port of each service. */
const ports: Readonly<Record<MailService, number>> = { imap: 143, pop3: 110, smtp: 25 }
const serveBy = { imap: serveImap, pop3: servePop3, smtp: serveSmtp } as const

/** What a client of each protocol reads before it says anything. */
export const greetings: Readonly<Record<MailService, RegExp>> = {
  imap: /^\* OK IMAP4 ready\r\n/,
  pop3: /^\+OK POP3 ready[^\r\n]*\r\n/,
  smtp: /^220 \S+ ESMTP ready\r\n/,
}

/** What the one reads who is above a limit after authentication (CONTRACT.md). */
export const limitedReplies: Readonly<Record<MailService, string>> = {
  imap: 't1 NO [UNAVAILABLE] Too many connections\r\n',
  pop3: '-ERR [SYS/TEMP] Too many connections\r\n',
  smtp: '454 4.7.0 Too many connections\r\n',
}

export const internalErrors: Readonly<Record<MailService, string>> = {
  imap: '* BAD internal server error\r\n',
  pop3: '-ERR internal server error\r\n',
  smtp: '451 4.3.2 Internal server error\r\n',
}

/** What the one reads who is let in: the upstream says it, for SMTP the gate. */
export const admittedReplies: Readonly<Record<MailService, string>> = {
  imap: 't1 OK upstream login\r\n',
  pop3: '+OK upstream did PASS\r\n',
  smtp: '235 2.0.0 OK\r\n',
}

/** One mail server of each protocol. */
export class MailServers {
  readonly #servers: Readonly<Record<MailService, Server>>
  readonly sockets = new Set<Socket>()
  /** Connections there have been. */
  acceptedCount = 0

  constructor(serve?: (socket: Socket) => void, watch?: (socket: Socket) => void) {
    const create = (service: MailService): Server =>
      createServer((socket) => {
        this.sockets.add(socket)
        this.acceptedCount += 1
        socket.on('close', () => this.sockets.delete(socket))
        socket.on('error', () => socket.destroy())
        watch?.(socket)
        const converse = serve ?? serveBy[service]
        converse(socket)
      })
    this.#servers = { imap: create('imap'), pop3: create('pop3'), smtp: create('smtp') }
  }

  async listen(): Promise<void> {
    for (const server of Object.values(this.#servers)) {
      server.listen({ port: 0, host: '127.0.0.1', backlog: 511 })
      await once(server, 'listening')
    }
  }

  port(service: string | undefined): number {
    const found = Object.entries(this.#servers).find(([name]) => name === service)
    const address = found?.[1].address()
    if (typeof address !== 'object' || address === null) throw new Error(`no ${service} here`)
    return address.port
  }

  close(): void {
    for (const server of Object.values(this.#servers)) server.close()
    for (const socket of this.sockets) socket.destroy()
  }
}

export class LoginGate {
  readonly gate: Gate
  readonly auth: FakeAuth
  readonly behind: MailServers

  private constructor(gate: Gate, auth: FakeAuth, behind: MailServers) {
    this.gate = gate
    this.auth = auth
    this.behind = behind
  }

  static async start(options: LoginGateOptions = {}): Promise<LoginGate> {
    const behind = new MailServers(options.serve, options.watch)
    await behind.listen()
    const answer = options.answer ?? anybody
    const auth = await FakeAuth.start((asked) => answer(asked, behind))
    onTestFinished(() => {
      auth.close()
      behind.close()
    })
    const { proxy, errorLog, hasCertificate } = options
    const gate = await Gate.start({
      config: configOf(options, auth.port),
      ...(proxy === undefined ? {} : { proxy }),
      ...(errorLog === undefined ? {} : { errorLog }),
      ...(hasCertificate === undefined ? {} : { hasCertificate }),
    })
    return new LoginGate(gate, auth, behind)
  }

  /** The file as it would be with other limits. */
  reload(options: LoginGateOptions): Promise<void> {
    return this.gate.reload(configOf(options, this.auth.port))
  }

  /** Connects and waits for the greeting. */
  async greeted(service: MailService, from = 'A'): Promise<Client> {
    const client = this.gate.connect(`${from}@${ports[service]}`)
    await until(
      () => `greeting for ${client.describe()}`,
      () => greetings[service].test(client.text),
    )
    return client
  }

  /** Logs in without waiting for what comes of it. */
  async tries(service: MailService, user: string, from = 'A'): Promise<Client> {
    const client = await this.greeted(service, from)
    client.send(loginLines(service, user))
    return client
  }

  /** Logs in, and stays. */
  async admits(service: MailService, user: string, from = 'A'): Promise<Client> {
    const client = await this.tries(service, user, from)
    await client.receives(admittedReplies[service])
    return client
  }

  /** Logs in, reads exactly what CONTRACT.md says, and then the end. */
  async refuses(service: MailService, user: string, from = 'A'): Promise<void> {
    const client = await this.tries(service, user, from)
    await client.over()
    assert.equal(afterGreeting(service, client), `${preambles[service]}${limitedReplies[service]}`)
  }

  /** Used slots by key value of a zone. */
  async used(zone: string): Promise<Readonly<Record<string, number>>> {
    const budgets = await this.gate.budgets()
    const mine = budgets.filter((budget) => budget.zone === zone && budget.usedCount > 0)
    return Object.fromEntries(mine.map(({ key, usedCount }) => [key, usedCount]))
  }
}

/** Replies before that to the login itself. */
const preambles: Readonly<Record<MailService, string>> = { imap: '', pop3: '+OK\r\n', smtp: '' }

export function afterGreeting(service: MailService, client: Client): string {
  return client.text.replace(greetings[service], '')
}

/** The password is nobody's name, so that it can be looked for in logs. */
export const password = 'xyzzy'

export function loginLines(service: MailService, user: string): string {
  switch (service) {
    case 'imap':
      return `t1 LOGIN ${user} ${password}\r\n`
    case 'pop3':
      return `USER ${user}\r\nPASS ${password}\r\n`
    case 'smtp':
      return `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}\r\n`
  }
}

export function anybody({ headers }: AuthAsked, behind: MailServers): AuthAnswer {
  return accept(behind.port(headers.get('auth-protocol')))
}

function configOf(options: LoginGateOptions, authPort: number): string {
  const proxied = options.proxy === undefined ? '' : 'Proxy_Protocol = true'
  const listener = (name: string, service: MailService): string =>
    `${name} { Auth_HTTP = "http://127.0.0.1:${authPort}/auth" ${proxied} ${options.all ?? ''}\n` +
    `  Listen ":${ports[service]}" { ${options[service] ?? ''} } }\n`
  return [
    `${options.global ?? ''}\n`,
    listener('ESMTP_Listener', 'smtp'),
    listener('IMAP_Listener', 'imap'),
    listener('POP3_Listener', 'pop3'),
  ].join('')
}
