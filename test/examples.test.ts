// The examples, run: every configuration loads, the embedding answers, the demo does what it says.

import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTransport } from 'nodemailer'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client } from './e2e/kit/client.ts'
import { freePort, freeRow } from './e2e/kit/ports.ts'
import { Program, runProgram } from './e2e/kit/process.ts'
import { until } from './e2e/kit/until.ts'
import { haveRedis } from './kit/redis.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-examples-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** The example of Momentum's Service_Sessions page, line by line; its layout is lost in our source. */
const seedLines = `ESMTP_Listener {
Service_Sessions = 2000 # absolute ceiling across all ESMTP sockets
Idle_Time = 60
Peer "10.0.0.0/8" { # trusted senders: larger budget
Service_Sessions = 1500
Idle_Time = 300
}
Peer "0.0.0.0/0" { # everyone else: tighter cap, faster reaping
Service_Sessions = 600
Idle_Time = 30
}
}`

/** A line of the file that the examples with auth_users read. */
const exampleUser = `ann@example.org:$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`

/** The directives of the examples on the page of the mail limit_conn module. */
const limitLines = [
  'limit_conn_zone $remote_user zone=user:10m;',
  'limit_conn_zone $auth_http_domain zone=domain:10m;',
  'limit_conn user 5;',
  'limit_conn user 10;',
  'limit_conn domain 100;',
]

describe('the configurations in examples', () => {
  const files = ['momentum', 'nginx'].flatMap((dialect) =>
    readdirSync(join(root, 'examples', dialect)).map((file) => join(dialect, file)),
  )

  it.each(files)('%s passes -t', async (file) => {
    copyFileSync(join(root, 'examples', file), join(folder, 'example.conf'))
    const at = { cwd: folder }
    await run('sh', ['-c', 'umask 077; printf "%s\\n" "$1" > users', 'sh', exampleUser], at)
    const { code, stderr } = await runProgram(['-t', '-c', 'example.conf'], at)
    expect(stderr).toContain('test is successful')
    if (file !== join('momentum', 'seed.conf')) expect(stderr).not.toMatch(/error|warning|note/)
    expect(code).toBe(0)
  })

  it('have the lines of the page of limit_conn', () => {
    const example = read('examples/nginx/limit-conn.conf')
    for (const line of limitLines) expect(example).toContain(line)
    expect(read('examples/nginx/remote-user.conf')).toContain(
      'limit_conn_zone $remote_user zone=addr:10m;',
    )
  })

  it('have the example of the manual word for word, and the README shows the same file', () => {
    const seed = read('examples/momentum/seed.conf')
    const bare = seed.split('\n').map((line) => line.trim())
    expect(bare.join('\n')).toContain(seedLines)
    const shown = seed.slice(seed.indexOf('PIDFile'))
    expect(read('README.md')).toContain(shown)
  })
})

describe('the embedding in examples', () => {
  it('counts, refuses and gives back', async () => {
    const { stdout } = await run(process.execPath, ['examples/embedding/cap.mjs'], { cwd: root })
    expect(stdout.trim().split('\n')).toEqual([
      'first client reads: 220 embedded.example ESMTP',
      'second client reads: 220 embedded.example ESMTP',
      'refused: ESMTP_Listener Peer 127.0.0.0/8 is full (2/2)',
      'third client reads: 421 4.4.5 Service unavailable, concurrency limit reached.',
      'sessions left: 0',
    ])
  })
})

describe.skipIf(!haveRedis())('the cluster in examples', () => {
  it('counts over three gates, gives back what a dead one held, and ends with Ctrl-C', async () => {
    const port = await freeRow(5)
    const script = join(root, 'examples/cluster/run.mjs')
    const example = new Program(['--port', `${port}`], { cwd: root, script })
    const clients: Client[] = []
    const isAdmittedAt = async (gate: number): Promise<boolean> => {
      const client = new Client({ target: { host: '127.0.0.1', port: port + gate } })
      clients.push(client)
      return client.isAdmitted()
    }
    try {
      const [, line = ''] = await until(
        () => `the first thing to try in: ${example.stdout} ${example.stderr}`,
        () => /^ +(bash -c '.*')$/m.exec(example.stdout) ?? undefined,
      )
      for (const gate of [1, 2, 3]) {
        const pattern = new RegExp(`gate-${gate}: .*the store counts`)
        await until(`gate ${gate} in the store`, () => pattern.test(example.stderr))
      }
      const filled = await run('sh', ['-c', line], { timeout: 60_000 })
      expect(filled.stdout).toBe('421 4.4.5 Service unavailable, concurrency limit reached.\r\n')
      for (let count = 0; count < 15; count += 1) {
        await until('room', () => isAdmittedAt(1 + (count % 3)))
      }
      expect(await isAdmittedAt(1)).toBe(false)
      const dead = /^ +kill -9 (\d+)$/m.exec(example.stdout)?.[1]
      process.kill(Number(dead), 'SIGKILL')
      await until('the room of the dead one', () => isAdmittedAt(1))
      expect(clients[0]?.isLive).toBe(true)
    } finally {
      for (const client of clients) client.reset()
      example.signal('SIGINT')
    }
    expect(await example.ended()).toEqual({ code: 0, signal: null })
  })
})

describe('postern demo', () => {
  it('fills a cap with the line it prints, keeps the mail it relays, and ends with Ctrl-C', async () => {
    const port = await freePort()
    const ports = ['--port', `${port}`, '--submission-port', `${await freePort()}`]
    const demo = new Program(['demo', ...ports], { cwd: folder })
    try {
      const line = await until(
        () => `the first thing to try in: ${demo.stdout} ${demo.stderr}`,
        () => /^ +(bash -c '.*')$/m.exec(demo.stdout)?.[1],
      )
      await until('a bound port', () => demo.stderr.includes('ready, revision 1'))
      const filled = await run('sh', ['-c', line], { timeout: 60_000 })
      expect(filled.stdout).toBe('421 4.4.5 Service unavailable, concurrency limit reached.\r\n')
      await sendOne(port)
      const inbox = join(folder, 'Maildir', 'new')
      const [name = ''] = await until('a message', () => {
        const names = readdirSync(inbox)
        return names.length > 0 && names
      })
      expect(readFileSync(join(inbox, name), 'utf8')).toContain('hello from the test')
    } finally {
      demo.signal('SIGINT')
    }
    expect(await demo.ended()).toEqual({ code: 0, signal: null })
  })
})

/** The cap may still be full of sessions that are on their way out: a mail client tries again. */
async function sendOne(port: number): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port })
  const mail = { from: 'a@example.test', to: 'b@example.test', text: 'hello from the test' }
  await until('an accepted message', async () => {
    const sent: unknown = await transport.sendMail(mail).catch(() => undefined)
    return sent !== undefined
  })
}

describe('in the background', () => {
  it('the daemon starts with -g "daemon on;" and ends with -s quit', async () => {
    const port = await freePort()
    const config = `ESMTP_Listener { Upstream = "127.0.0.1:9" Listen "127.0.0.1:${port}" {} }`
    const file = join(folder, 'postern.conf')
    await run('sh', ['-c', 'printf %s "$1" > "$2"', 'sh', config, file])
    const at = { cwd: folder }
    const started = await runProgram(['-p', folder, '-e', 'error.log', '-g', 'daemon on;'], at)
    expect(started).toMatchObject({ code: 0, stderr: '' })
    const pid = Number(readFileSync(join(folder, 'postern.pid'), 'utf8'))
    const isAlive = (): boolean => {
      try {
        return process.kill(pid, 0)
      } catch {
        return false
      }
    }
    expect(isAlive()).toBe(true)
    expect(await runProgram(['-p', folder, '-s', 'quit'], at)).toMatchObject({ code: 0 })
    await until('the end of the daemon', () => !isAlive())
    expect(readdirSync(folder)).not.toContain('postern.pid')
    expect(readFileSync(join(folder, 'error.log'), 'utf8')).toContain('gracefully shutting down')
  })
})
