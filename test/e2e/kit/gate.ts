// A running daemon with a mail server behind it, as a test needs it: started from the text of a
// configuration, its ports chosen freely, its end checked.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { onTestFailed, onTestFinished } from 'vitest'
import { writeCertificate } from './certificate.ts'
import { Client, refusalLine } from './client.ts'
import { ask, askBudgets, askStatus } from './control.ts'
import type { Budget, Explained, Status } from './control.ts'
import type { HandedListen } from './handed.ts'
import { Place } from './place.ts'
import { Program, runProgram } from './process.ts'
import type { Output } from './process.ts'
import type { HeaderVersion } from './proxy-header.ts'
import { until } from './until.ts'
import { FakeUpstream } from './upstream.ts'
import type { UpstreamOptions } from './upstream.ts'
import { whereabouts } from './whereabouts.ts'
import { descriptorCount, sessionsHeld, settledDescriptors } from './witness.ts'

export interface GateOptions {
  /** In the notation of `notation.ts`. */
  readonly config: string
  /** More configurations beside it, by file name. */
  readonly files?: Readonly<Record<string, string>>
  /** Clients come through a proxy, so that they can have any address. */
  readonly proxy?: HeaderVersion
  readonly upstream?: UpstreamOptions
  /** `{dir}/cert.pem` and `{dir}/key.pem` are there. */
  readonly hasCertificate?: boolean
  /** Run by a shell before the daemon, as in `ulimit -n 64`. */
  readonly shellPrelude?: string
  /** Value of Error_Log; by default everything goes to standard error. */
  readonly errorLog?: string
  /** Added to the environment of the daemon. */
  readonly env?: NodeJS.ProcessEnv
  /** The test does to the daemon what it must be alarmed about. */
  readonly expectsAlerts?: boolean
  /** Opens the sockets that the daemon inherits; the ports of the configuration are known by then. */
  readonly hand?: (place: Place) => readonly HandedListen[]
  /** Put into the pid file before the start. */
  readonly stalePid?: number
}

export interface ConnectOptions {
  /** Sent first, in place of the PROXY header. */
  readonly first?: Buffer | string
  readonly isTls?: boolean
}

/** What every configuration of a gate begins with, on one line; `debug` shows clean audits too. */
function preludeOf(errorLog = 'stderr debug'): string {
  // POSTERN_TEST_WORKERS=2 runs any of these tests with two workers.
  const workers = process.env['POSTERN_TEST_WORKERS']
  const also = workers === undefined ? '' : ` Workers = ${workers}`
  return `PIDFile = "{dir}/postern.pid" Error_Log = "${errorLog}"${also}\n`
}

/** As much of the log as helps to understand a failure; a storm writes thousands of lines. */
const shownLinesMax = 60

/** The daemon audits itself every ten seconds. */
const auditPatienceMs = 40_000

export class Gate {
  readonly place: Place
  readonly upstream: FakeUpstream
  readonly program: Program
  readonly #options: GateOptions
  readonly #clients: Client[] = []
  #descriptorsAtStart = 0
  #isStopped = false

  private constructor(options: GateOptions, place: Place, upstream: FakeUpstream) {
    const handed = options.hand?.(place) ?? []
    this.#options = options
    this.place = place
    this.upstream = upstream
    this.program = new Program(['-c', 'postern.conf', '-p', place.directory], {
      cwd: place.directory,
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.shellPrelude === undefined ? {} : { shellPrelude: options.shellPrelude }),
      handed,
    })
  }

  /** Starts mail server and daemon; both end with the test, and the daemon must end well. */
  static async start(options: GateOptions): Promise<Gate> {
    const gate = await Gate.#create(options)
    onTestFailed(() => gate.showLog())
    onTestFinished(() => gate.stop())
    await gate.#ready()
    return gate
  }

  /** As `start`, for many tests: whoever starts it stops it. */
  static async startForMany(options: GateOptions): Promise<Gate> {
    const gate = await Gate.#create(options)
    await gate.#ready()
    return gate
  }

  static async #create(options: GateOptions): Promise<Gate> {
    const upstream = await FakeUpstream.start(options.upstream)
    const place = new Place({
      upstream: upstream.address,
      isProxied: options.proxy !== undefined,
    })
    for (const [name, text] of Object.entries(options.files ?? {})) {
      await place.writeConfig(name, text)
    }
    if (options.hasCertificate === true) await writeCertificate(place)
    if (options.stalePid !== undefined) place.writeText('postern.pid', `${options.stalePid}\n`)
    await place.writeConfig('postern.conf', preludeOf(options.errorLog) + options.config)
    return new Gate(options, place, upstream)
  }

  get pid(): number {
    return this.program.pid
  }

  /** The process that has the sessions: with several workers it is not the daemon itself. */
  async servingPid(): Promise<number> {
    return (await this.status()).workers?.hostPid ?? this.pid
  }

  /** The whole log so far. */
  get log(): string {
    return this.program.stderr
  }

  get pidFile(): string {
    return this.place.path('postern.pid')
  }

  get controlSocket(): string {
    return this.place.path('postern.sock')
  }

  /**
   * Connects without waiting. `who` is in the notation of `whereabouts.ts`.
   */
  connect(who: string, options: ConnectOptions = {}): Client {
    const { target, header } = whereabouts(who, this.place, this.#options.proxy)
    const first = options.first ?? header
    const client = new Client({
      target,
      ...(first === undefined ? {} : { first }),
      ...(options.isTls === undefined ? {} : { isTls: options.isTls }),
    })
    this.#clients.push(client)
    return client
  }

  /** Connects and sees the upstream's banner. */
  async admits(who: string): Promise<Client> {
    const client = this.connect(who)
    assert.equal(await client.isAdmitted(), true, `${who} is refused`)
    return client
  }

  /** Connects, reads exactly the line of CONTRACT.md, and then the end. */
  async refuses(who: string): Promise<void> {
    const client = this.connect(who)
    assert.equal(await client.isAdmitted(), false, `${who} is admitted`)
    assert.equal(client.text, refusalLine)
  }

  /**
   * Plays a sequence such as `A@25 x2 ok, B@587 421`, one connection after the other, and then
   * looks whether daemon and kernel both hold as many sessions as the clients do. Resolves with the
   * admitted clients.
   */
  async play(script: string): Promise<Client[]> {
    const admitted: Client[] = []
    for (const step of script.split(',')) {
      const match = /^(\S+)(?: x(\d+))? (ok|421)$/.exec(step.trim())
      if (match === null) throw new Error(`not a step: "${step}"`)
      const [, who = '', times = '1', expected] = match
      for (let time = 0; time < Number(times); time += 1) {
        if (expected === 'ok') admitted.push(await this.admits(who))
        else await this.refuses(who)
      }
    }
    await this.holds(this.#clients.filter((client) => client.isLive).length)
    return admitted
  }

  status(): Promise<Status> {
    return askStatus(this.controlSocket)
  }

  budgets(): Promise<readonly Budget[]> {
    return askBudgets(this.controlSocket)
  }

  /** How many sessions a limit has refused since the start. */
  async refusedBy(limitId: string): Promise<number> {
    const answer = await ask(this.controlSocket, { request: 'limits' })
    const { limits } = answer as { limits: { id: string; refusedTotal: number }[] } // by the protocol
    return limits.find(({ id }) => id === limitId)?.refusedTotal ?? 0
  }

  /** The value of an option that a session from there would have, in the running daemon. */
  async optionOf(who: string, option: string): Promise<unknown> {
    const { options } = await this.#explain(who)
    return options.find((found) => found.option === option)?.value
  }

  /** The limits that a session from there would meet now. */
  async limitsOf(who: string): Promise<Explained['limits']> {
    return (await this.#explain(who)).limits
  }

  /** Waits until the daemon counts so many sessions. */
  async counts(count: number): Promise<void> {
    let last = -1
    await until(
      () => `${count} sessions counted by the daemon, which has ${last}`,
      async () => {
        last = (await this.status()).sessionsActive
        return last === count
      },
    )
  }

  /** As `counts`, and the kernel has as many sockets for them. */
  async holds(count: number): Promise<void> {
    await this.counts(count)
    const pid = await this.servingPid()
    let last = -1
    await until(
      () => `${count} sessions held, of which the kernel knows ${last}`,
      () => {
        last = sessionsHeld(pid, this.place.ports) + this.#unixCount()
        return last === count
      },
    )
    await this.counts(count)
  }

  /** Nothing is held by anyone: no session, no slot, no connection behind, no descriptor. */
  async isEmpty(): Promise<void> {
    await this.holds(0)
    await this.upstream.hasConnections(0)
    const pid = await this.servingPid()
    await until(
      () => `${this.#descriptorsAtStart} descriptors, there are ${descriptorCount(pid)}`,
      () => descriptorCount(pid) === this.#descriptorsAtStart,
    )
    const used = (await this.budgets()).filter((budget) => budget.usedCount !== 0)
    assert.deepEqual(used, [])
  }

  /** The daemon's next self-audit finds nothing that is counted wrongly (S20). */
  async auditsClean(): Promise<void> {
    const countAudits = (): number => this.log.split('self-audit:').length
    const before = countAudits()
    await until('the next self-audit', () => countAudits() > before, auditPatienceMs)
    const { audit } = await this.status()
    assert.deepEqual(audit, { drift: 0, leakedIds: [], unknownIds: [] })
  }

  /** Writes the file anew and has it read; resolves when the new revision is in force. */
  async reload(config: string): Promise<void> {
    const text = preludeOf(this.#options.errorLog) + config
    await this.place.writeConfig('postern.conf', text)
    const { revision } = await this.status()
    this.program.signal('SIGHUP')
    await until('the new revision', async () => (await this.status()).revision > revision)
  }

  /** Runs a command about this daemon. */
  runs(...args: readonly string[]): Promise<Output> {
    const source = ['-c', 'postern.conf', '-p', this.place.directory]
    return runProgram([...args, ...source], { cwd: '/' })
  }

  /** Waits for a line of the log. */
  async logs(pattern: RegExp): Promise<RegExpExecArray> {
    return until(
      () => `${pattern} in the log:\n${this.log}`,
      () => pattern.exec(this.log) ?? undefined,
    )
  }

  /** Waits for a line of a log file, and resolves with the whole text. */
  async logFile(name: string, pattern: RegExp): Promise<string> {
    const path = this.place.path(name)
    return until(`${pattern} in ${path}`, () => {
      const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
      return pattern.test(text) && text
    })
  }

  /** Ends the daemon, which must exit with 0, take its pid file away and have nothing to regret. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    try {
      for (const client of this.#clients) client.socket.destroy()
      this.program.signal(signal)
      const status = await this.program.ended()
      assert.deepEqual(status, { code: 0, signal: null }, this.log)
      assert.equal(existsSync(this.pidFile), false, 'the pid file is still there')
      assert.equal(existsSync(this.controlSocket), false, 'the control socket is still there')
      assert.doesNotMatch(this.log, /self-audit: (?!drift 0, leaked 0, unknown 0)/)
      if (this.#options.expectsAlerts !== true) assert.doesNotMatch(this.log, /\[alert\]/)
    } finally {
      this.program.signal('SIGKILL')
      this.upstream.close()
      this.place.remove()
    }
  }

  /** The test has killed the daemon: there is nothing to end, only to tidy up. */
  abandon(): void {
    this.#isStopped = true
    for (const client of this.#clients) client.socket.destroy()
    this.program.signal('SIGKILL')
    this.upstream.close()
    this.place.remove()
  }

  async #explain(who: string): Promise<Explained> {
    const { address, port } = whereabouts(who, this.place, this.#options.proxy)
    const listen = (await this.status()).bound.find((id) => id.endsWith(`:${port}`))
    const answer = await ask(this.controlSocket, { request: 'explain', listen, from: address })
    return answer as Explained // as the control protocol defines it
  }

  async #ready(): Promise<void> {
    await until(
      () => `the pid file; the log says:\n${this.log}`,
      () => {
        if (this.program.exit !== undefined) throw new Error(`it ended:\n${this.log}`)
        return existsSync(this.pidFile) && Number(readFileSync(this.pidFile)) === this.pid
      },
    )
    // One question first: what is opened on first use is open by then.
    await this.status()
    this.#descriptorsAtStart = await settledDescriptors(await this.servingPid())
  }

  #unixCount(): number {
    return this.#clients.filter((client) => client.isLive && client.isUnix).length
  }

  showLog(): void {
    const lines = this.log.trimEnd().split('\n').slice(-shownLinesMax)
    process.stderr.write(`--- end of the daemon's log\n${lines.join('\n')}\n---\n`)
  }
}
