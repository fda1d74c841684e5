// A real redis-server of its own for a test: on a Unix socket, with nothing on disk.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'iovalkey'
import { haveDebian } from '../interop/debian.ts'

/** True when there is a redis-server, installing Debian's if need be; false is said loudly. */
export function haveRedis(): boolean {
  return haveDebian(['redis-server'], ['redis-server'])
}

export interface RedisOptions {
  /** Absent: a Unix socket alone. */
  readonly port?: number
  readonly args?: readonly string[]
  /** Lines of the configuration of a sentinel; absent: it is a store. */
  readonly sentinel?: readonly string[]
}

const startWaitMs = 20_000

export class RedisServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'postern-redis-'))
  readonly path = join(this.directory, 'redis.sock')
  readonly #options: RedisOptions
  #child: ChildProcess | undefined
  #control: Redis | undefined

  private constructor(options: RedisOptions) {
    this.#options = options
  }

  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options)
    await server.start()
    return server
  }

  /** A connection for the test itself, beside those that are tested. */
  get control(): Redis {
    if (this.#control === undefined) throw new Error('the server does not run')
    return this.#control
  }

  get pid(): number {
    return this.#child?.pid ?? Number.NaN
  }

  /** Starts it, or starts it again: empty, since it keeps nothing. */
  async start(): Promise<void> {
    const { port = 0, args = [], sentinel } = this.#options
    const fixed = ['--port', `${port}`, '--bind', '127.0.0.1', '--unixsocket', this.path]
    const bare = ['--save', '', '--appendonly', 'no', '--dir', this.directory]
    const debug = ['--enable-debug-command', 'yes', '--daemonize', 'no', '--loglevel', 'warning']
    const asStore = [...fixed, ...bare, ...debug, ...args]
    const words = sentinel === undefined ? asStore : [this.#sentinelFile(sentinel), '--sentinel']
    const child = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] })
    child.on('error', () => {})
    child.stdout?.resume()
    this.#child = child
    const untilMs = performance.now() + startWaitMs
    for (;;) {
      if (await this.connect()) return
      if (child.exitCode !== null || performance.now() > untilMs) {
        throw new Error(`redis-server did not start (${child.exitCode ?? 'too slow'})`)
      }
      await wait(20)
    }
  }

  /** Makes the test's own connection; a server that changes its role closes it. */
  connect(): Promise<boolean> {
    this.#control?.disconnect()
    const control = new Redis({ path: this.path, lazyConnect: true, retryStrategy: () => null })
    control.on('error', () => {})
    this.#control = control
    return control.connect().then(
      () => true,
      () => false,
    )
  }

  /** A sentinel keeps what it learns in its configuration. */
  #sentinelFile(lines: readonly string[]): string {
    const file = join(this.directory, 'sentinel.conf')
    const own = [`port ${this.#options.port ?? 0}`, `unixsocket ${this.path}`, 'bind 127.0.0.1']
    writeFileSync(file, [...own, `dir ${this.directory}`, ...lines, ''].join('\n'))
    return file
  }

  /** Ends it at once, as a crash does. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#control?.disconnect()
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
