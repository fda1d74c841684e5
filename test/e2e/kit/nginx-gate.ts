// A running daemon configured in nginx's language that logs clients in, with an auth server and a
// mail server of each protocol behind it: for the conformance cases of freenginx's mail proxy.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { FakeAuth } from '../../kit/login-servers.ts'
import type { AuthAnswer, AuthAsked } from '../../kit/login-servers.ts'
import { Client } from './client.ts'
import type { ClientOptions } from './client.ts'
import { askBudgets, askStatus } from './control.ts'
import type { Status } from './control.ts'
import {
  admittedReplies,
  afterGreeting,
  anybody,
  greetings,
  limitedReplies,
  loginLines,
  MailServers,
} from './login-gate.ts'
import type { MailService } from './login-gate.ts'
import { freePort } from './ports.ts'
import { Program } from './process.ts'
import type { ExitStatus } from './process.ts'
import { until } from './until.ts'
import { writeCertificate } from './certificate.ts'

/** How many workers the conformance cases run with: one, unless somebody asks for more. */
const workerCount = Number(process.env['POSTERN_TEST_WORKERS'] ?? 1)

const services: readonly MailService[] = ['imap', 'pop3', 'smtp']

export interface NginxGateOptions {
  /** Outside of `mail`. */
  readonly main?: string
  /** In `mail`, behind `auth_http`. */
  readonly mail?: string
  /** In the server of each protocol. */
  readonly imap?: string
  readonly pop3?: string
  readonly smtp?: string
  /** Put to each `listen`, as in `proxy_protocol`. */
  readonly listen?: string
  /** `{dir}/cert.pem` and `{dir}/key.pem` are there. */
  readonly hasCertificate?: boolean
  readonly answer?: (asked: AuthAsked, behind: MailServers) => AuthAnswer
  readonly serve?: (socket: Socket) => void
  /** Of another auth server than the one that is started. */
  readonly authPort?: number
}

export class NginxGate {
  readonly auth: FakeAuth
  readonly behind: MailServers
  readonly folder: string
  readonly ports: Readonly<Record<MailService, number>>
  #options: NginxGateOptions
  #program: Program
  /** What programs before the present one have said. */
  #olderLog = ''
  readonly #clients: Client[] = []
  #hasEnded = false

  private constructor(
    options: NginxGateOptions,
    parts: Pick<NginxGate, 'auth' | 'behind' | 'folder' | 'ports'>,
  ) {
    this.#options = options
    this.auth = parts.auth
    this.behind = parts.behind
    this.folder = parts.folder
    this.ports = parts.ports
    this.#write()
    this.#program = this.#run()
  }

  /** Runs until the test is finished. */
  static async start(options: NginxGateOptions = {}): Promise<NginxGate> {
    const gate = await NginxGate.startForMany(options)
    onTestFinished(() => gate.stop())
    return gate
  }

  /** Runs until it is stopped: for a whole table of tests. */
  static async startForMany(options: NginxGateOptions = {}): Promise<NginxGate> {
    const behind = new MailServers(options.serve)
    await behind.listen()
    const answer = options.answer ?? anybody
    const auth = await FakeAuth.start((asked) => answer(asked, behind))
    const folder = mkdtempSync(join(tmpdir(), 'postern-nginx-'))
    const ports = { imap: await freePort(), pop3: await freePort(), smtp: await freePort() }
    if (options.hasCertificate === true) {
      await writeCertificate({ path: (name) => join(folder, name) })
    }
    const gate = new NginxGate(options, { auth, behind, folder, ports })
    await gate.#ready()
    return gate
  }

  get pid(): number {
    return this.#program.pid
  }

  get log(): string {
    return this.#olderLog + this.#program.stderr
  }

  get authPort(): number {
    return this.#options.authPort ?? this.auth.port
  }

  connect(service: MailService, options: Partial<ClientOptions> = {}): Client {
    const target = { host: '127.0.0.1', port: this.ports[service] }
    const client = new Client({ target, ...options })
    this.#clients.push(client)
    return client
  }

  /** Connects and waits for the greeting. */
  async greeted(service: MailService, options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = this.connect(service, options)
    await until(
      () => `greeting for ${client.describe()}`,
      () => greetings[service].test(client.text),
    )
    return client
  }

  /** Logs in without waiting for what comes of it. */
  async tries(service: MailService, user: string, options?: Partial<ClientOptions>) {
    const client = await this.greeted(service, options)
    client.send(loginLines(service, user))
    return client
  }

  /** Logs in, and stays. */
  async admits(service: MailService, user: string, options?: Partial<ClientOptions>) {
    const client = await this.tries(service, user, options)
    await client.receives(admittedReplies[service])
    return client
  }

  /** Logs in, and reads exactly what a full limit says, and then the end. */
  async refuses(service: MailService, user: string, options?: Partial<ClientOptions>) {
    const client = await this.tries(service, user, options)
    await client.over()
    const before = service === 'pop3' ? '+OK\r\n' : ''
    assert.equal(afterGreeting(service, client), before + limitedReplies[service])
    return client
  }

  /** Waits for a line of the log. */
  async logs(pattern: RegExp): Promise<RegExpExecArray> {
    return until(
      () => `${pattern} in the log:\n${this.log}`,
      () => pattern.exec(this.log) ?? undefined,
    )
  }

  status(): Promise<Status> {
    return askStatus(join(this.folder, 'postern.sock'))
  }

  /** Used slots by key value of a zone. */
  async used(zone: string): Promise<Readonly<Record<string, number>>> {
    const budgets = await askBudgets(join(this.folder, 'postern.sock'))
    const mine = budgets.filter((budget) => budget.zone === zone && budget.usedCount > 0)
    return Object.fromEntries(mine.map(({ key, usedCount }) => [key, usedCount]))
  }

  /** Waits until the daemon counts so many sessions. */
  async holds(count: number, waitMs?: number): Promise<void> {
    const isReached = async () => (await this.status()).sessionsActive === count
    await until(`${count} sessions`, isReached, waitMs)
  }

  /** Writes other text and has it read; resolves when it is in force. */
  async reload(options: NginxGateOptions): Promise<void> {
    this.#options = { ...this.#options, ...options }
    this.#write()
    const { revision } = await this.status()
    this.#program.signal('SIGHUP')
    await until('the new revision', async () => (await this.status()).revision > revision)
  }

  signal(name: NodeJS.Signals): void {
    this.#program.signal(name)
  }

  /** Resolves with how the daemon ended. */
  ended(): Promise<ExitStatus> {
    return this.#program.ended()
  }

  /** Kills the daemon as the kernel would, and starts another in its place. */
  async killAndRestart(): Promise<void> {
    await this.#program.stop('SIGKILL')
    this.#olderLog += this.#program.stderr
    this.#program = this.#run()
    await this.#ready()
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return
    this.#hasEnded = true
    for (const client of this.#clients) client.socket.destroy()
    try {
      const status = await this.#program.stop('SIGTERM')
      assert.deepEqual(status, { code: 0, signal: null }, this.log)
      // What outlives a master that was killed says so as it ends.
      const log = this.log.replaceAll(/.*the master process is gone.*\n/g, '')
      assert.doesNotMatch(log, /\[alert\]|self-audit: (?!drift 0, leaked 0, unknown 0)/)
    } finally {
      this.#program.signal('SIGKILL')
      this.auth.close()
      this.behind.close()
      rmSync(this.folder, { recursive: true, force: true })
    }
  }

  #run(): Program {
    return new Program(['-p', this.folder, '-c', 'nginx.conf'], { cwd: this.folder })
  }

  #write(): void {
    const { main = '', mail = '', listen = '' } = this.#options
    const servers = services.map((service) => {
      const endpoint = `listen 127.0.0.1:${this.ports[service]} ${listen};`
      return `  server { ${endpoint} protocol ${service}; ${this.#options[service] ?? ''} }\n`
    })
    const text = [
      'pid postern.pid;\nerror_log stderr info;\nevents { }\n',
      main.includes('worker_processes') ? '' : `worker_processes ${workerCount};\n`,
      `${main}\nmail {\n  auth_http 127.0.0.1:${this.authPort}/auth;\n`,
      `  server_name mx.test;\n  ${mail}\n${servers.join('')}}\n`,
    ].join('')
    writeFileSync(join(this.folder, 'nginx.conf'), text.replaceAll('{dir}', this.folder))
  }

  async #ready(): Promise<void> {
    const pidFile = join(this.folder, 'postern.pid')
    await until(
      () => `the pid file; it said ${this.log}`,
      () => {
        if (this.#program.exit !== undefined) throw new Error(`it ended:\n${this.log}`)
        return existsSync(pidFile) && Number(readFileSync(pidFile)) === this.pid
      },
    )
  }
}
