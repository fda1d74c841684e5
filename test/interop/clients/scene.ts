// A gate with real servers behind it and a listener for every stage at which a client can be turned
// away, each of them full: what the clients of `table.ts` are sent to.

import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { accept, FakeAuth, serveImap } from '../../kit/login-servers.ts'
import type { AuthAnswer, AuthAsked } from '../../kit/login-servers.ts'
import { askStatus } from '../../e2e/kit/control.ts'
import { freePort } from '../../e2e/kit/ports.ts'
import { Program } from '../../e2e/kit/process.ts'
import { until } from '../../e2e/kit/until.ts'
import { Dovecot, password } from '../dovecot.ts'
import { Postfix } from '../postfix.ts'
import { stages } from './table.ts'
import type { MailClient, Protocol, Stage } from './table.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const protocols: readonly Protocol[] = ['IMAP', 'POP3', 'SMTP']
/** 32 KiB hold 64 states of 512 bytes, which keys of more than 220 bytes take (SEMANTICS S16). */
const fillerCount = 64
/** Clients that wait for a person are ended. */
const patienceMs = 30_000

/** What a client did. */
export interface Outcome {
  readonly command: string
  /** Standard output and standard error, as the user reads them. */
  readonly output: string
  /** Undefined: it was ended after it had waited for too long. */
  readonly exitCode: number | undefined
  /** How often it connected, and how often it sent its password. */
  readonly connectionCount: number
  readonly loginCount: number
}

/** A session that is refused after its login was admitted at connect. */
interface Counts {
  readonly admitted: number
  readonly refused: number
  readonly logins: number
}

type Ports = Readonly<Record<Protocol, Readonly<Record<Stage, number>>>>

export class ClientScene {
  readonly #folder: string
  readonly #ports: Ports
  readonly #auth: FakeAuth
  readonly #program: Program
  readonly #ends: (() => unknown)[]

  private constructor(parts: {
    readonly folder: string
    readonly ports: Ports
    readonly auth: FakeAuth
    readonly program: Program
    readonly ends: (() => unknown)[]
  }) {
    this.#folder = parts.folder
    this.#ports = parts.ports
    this.#auth = parts.auth
    this.#program = parts.program
    this.#ends = parts.ends
  }

  /** Needs root, Dovecot and Postfix. */
  static async start(): Promise<ClientScene> {
    const ends: (() => unknown)[] = []
    const folder = mkdtempSync(join(tmpdir(), 'postern-clients-'))
    ends.push(() => rmSync(folder, { recursive: true, force: true }))
    const dovecot = new Dovecot({ imap: await freePort(), pop3: await freePort() })
    ends.push(() => dovecot.stop())
    const postfix = new Postfix(await freePort(), false)
    ends.push(() => postfix.stop())
    const fillerPort = await startFiller(ends)
    const behind = { imap: dovecot.ports.imap, pop3: dovecot.ports.pop3, smtp: postfix.port }
    const auth = await FakeAuth.start((asked) => answer(asked, behind, fillerPort))
    ends.push(() => auth.close())
    const ports = await choosePorts()
    writeFileSync(join(folder, 'nginx.conf'), configuration(auth.port, ports))
    const program = new Program(['-p', folder, '-c', 'nginx.conf'], { cwd: folder })
    ends.push(() => program.stop('SIGTERM'))
    const scene = new ClientScene({ folder, ports, auth, program, ends })
    await scene.#fill()
    return scene
  }

  /** Runs a client against one of the listeners. */
  async run(client: MailClient, stage: Stage): Promise<Outcome> {
    const folder = mkdtempSync(join(this.#folder, 'client-'))
    const port = this.#ports[client.protocol][stage]
    const {
      program,
      args,
      files = {},
      needsTerminal = false,
    } = client.call({
      port,
      user: 'bob',
      password,
      folder,
    })
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text)
      chmodSync(join(folder, name), 0o600)
    }
    const before = await this.#counts()
    const words = [program, ...args]
    const result = await run(needsTerminal ? inTerminal(words) : words, {
      stdin: files['stdin'] ?? '',
      home: folder,
    })
    const after = await this.#counts()
    const count = (of: keyof Counts): number => after[of] - before[of]
    const hide = (text: string): string =>
      text.replaceAll(folder, '~').replaceAll(`:${port}`, ':PORT').replaceAll(String(port), 'PORT')
    return {
      command: hide(words.map(quoted).join(' ')),
      output: hide(readable(result.output)),
      exitCode: result.exitCode,
      connectionCount: stage === 'at connect' ? count('refused') : count('admitted'),
      loginCount: count('logins'),
    }
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end()
  }

  /** Takes every place there is. */
  async #fill(): Promise<void> {
    await until(
      () => `a gate; it said ${this.#program.stderr}`,
      () => this.#program.stderr.includes('ready, revision 1'),
    )
    for (const protocol of protocols) {
      await this.#hold(this.#ports[protocol]['at connect'], /\r\n/, '')
    }
    const held = `t LOGIN bob ${password}\r\n`
    await this.#hold(this.#ports.IMAP['after login'], /^t OK/m, held)
    for (let count = 0; count < fillerCount; count += 1) {
      const login = `t LOGIN filler${count} ${password}\r\n`
      await this.#hold(this.#ports.IMAP['zone exhausted'], /^t OK/m, login)
    }
  }

  async #hold(port: number, pattern: RegExp, says: string): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('error', () => socket.destroy())
    this.#ends.push(() => socket.destroy())
    let heard = ''
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
    socket.write(says)
    await until(
      () => `${pattern} in ${heard}`,
      () => pattern.test(heard),
    )
  }

  async #counts(): Promise<Counts> {
    const { admittedTotal, refusedTotal } = await askStatus(join(this.#folder, 'postern.sock'))
    return { admitted: admittedTotal, refused: refusedTotal, logins: this.#auth.asked.length }
  }
}

async function choosePorts(): Promise<Ports> {
  const perStage = async (): Promise<Record<Stage, number>> => ({
    'let in': await freePort(),
    'at connect': await freePort(),
    'after login': await freePort(),
    'zone exhausted': await freePort(),
  })
  return { IMAP: await perStage(), POP3: await perStage(), SMTP: await perStage() }
}

const limits: Readonly<Record<Stage, string>> = {
  'let in': '',
  'at connect': 'listener_sessions 1;',
  'after login': 'limit_conn user 1;',
  'zone exhausted': 'limit_conn filler 1;',
}

function configuration(authPort: number, ports: Ports): string {
  const servers = protocols.flatMap((protocol) =>
    stages.map((stage) => {
      const listen = `listen 127.0.0.1:${ports[protocol][stage]};`
      return `  server { ${listen} protocol ${protocol.toLowerCase()}; ${limits[stage]} }\n`
    }),
  )
  return [
    'pid postern.pid;\nerror_log stderr info;\nevents { }\nmail {\n',
    `  auth_http 127.0.0.1:${authPort}/auth;\n  server_name mx.test; timeout 1h;\n`,
    '  limit_conn_zone $remote_user zone=user:1m;\n',
    '  limit_conn_zone $auth_http_filler zone=filler:32k;\n',
    `${servers.join('')}}\n`,
  ].join('')
}

/** An auth server as an operator has one. Everybody has a key of their own to fill a zone with. */
function answer(
  { headers }: AuthAsked,
  behind: Readonly<Record<string, number>>,
  fillerPort: number,
): AuthAnswer {
  const user = headers.get('auth-user') ?? ''
  if (headers.get('auth-pass') !== password) return { 'Auth-Status': 'Invalid login or password' }
  const port = behind[headers.get('auth-protocol') ?? ''] ?? 0
  const key = { Filler: user.padEnd(230, 'x') }
  return accept(user.startsWith('filler') ? fillerPort : port, key)
}

async function startFiller(ends: (() => unknown)[]): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    serveImap(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  return address.port
}

/** util-linux's `script` gives a terminal to a program. */
function inTerminal(words: readonly string[]): readonly string[] {
  return ['script', '-qec', words.map(quoted).join(' '), '/dev/null']
}

function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

interface Ran {
  readonly output: string
  readonly exitCode: number | undefined
}

function run(
  [program = '', ...args]: readonly string[],
  { stdin, home }: { readonly stdin: string; readonly home: string },
): Promise<Ran> {
  const env = { ...process.env, HOME: home, TERM: 'vt100', LC_ALL: 'C', PYTHONWARNINGS: 'ignore' }
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { cwd: root, env, timeout: patienceMs, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code
        const exitCode = typeof code === 'number' ? code : undefined
        resolve({ output: stdout + stderr, exitCode })
      },
    )
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(stdin)
  })
}

/** What a user would not read as a message. */
const noise = [
  // Where in its own code a program was; what went wrong stands in the lines that are not indented.
  /^\s(?! ?->)/,
  /^(Traceback|During handling|Node\.js v|node:|})/,
  /Running as root is discouraged/,
]

/** Without what moves a terminal's cursor, empty lines, and the traces of a program's stack. */
function readable(text: string): string {
  return text
    .replaceAll(/\u001b(?:\[[0-9;?]*[A-Za-z]|[()][A-Za-z0-9]|[=>78MDEHc])/g, '\n')
    .replaceAll(/[\u0000-\u0009\u000b-\u001f]/g, '')
    .replaceAll(root, '')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !noise.some((pattern) => pattern.test(line)))
    .join('\n')
}
