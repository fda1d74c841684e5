// Real clients deliver real mail through the gate, until it is full, and are refused after.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTransport } from 'nodemailer'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../e2e/kit/ports.ts'
import { Program } from '../e2e/kit/process.ts'
import { until } from '../e2e/kit/until.ts'
import { haveDebian } from './debian.ts'
import { Postfix } from './postfix.ts'

const run = promisify(execFile)
const refusal = '421 4.4.5 Service unavailable, concurrency limit reached.'
const hasClients = haveDebian(['smtp-source', 'swaks'], ['postfix', 'swaks'])
const hasPostfix = hasClients && process.getuid?.() === 0
if (hasClients && !hasPostfix) process.stderr.write('\n*** POSTFIX NOT RUN: it needs root\n\n')

interface Received {
  count: number
  bytes: number
}

let folder: string
let port: number
const ends: (() => unknown)[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-interop-'))
  port = await freePort()
})

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts the gate in front of an upstream and waits for its pid file. */
async function startGate(upstream: number, options: string): Promise<void> {
  writeFileSync(
    join(folder, 'postern.conf'),
    `PIDFile = "postern.pid"
ESMTP_Listener {
  Upstream = "127.0.0.1:${upstream}"
  ${options}
  Listen "127.0.0.1:${port}" {}
}
`,
  )
  const program = new Program(['-p', folder, '-c', 'postern.conf', '-e', 'stderr'], { cwd: folder })
  await until(
    () => `the pid file; it said ${program.stderr}`,
    () => tryRead(join(folder, 'postern.pid')),
  )
  ends.push(async () => {
    program.signal('SIGTERM')
    await program.ended()
  })
}

function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8') || undefined
  } catch {
    return undefined
  }
}

/** nodemailer's smtp-server, counting what it receives. */
async function startSmtpServer(): Promise<{ port: number; received: Received }> {
  const received: Received = { count: 0, bytes: 0 }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    onData(stream, _session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        // Headers hold a Message-ID whose length varies with the clock.
        const message = Buffer.concat(chunks)
        received.bytes += message.length - message.indexOf('\r\n\r\n')
        received.count += 1
        done()
      })
    },
  })
  server.on('error', () => {}) // a client that leaves early is no concern of the counts
  const own = await freePort()
  await new Promise<void>((resolve) => {
    server.listen(own, '127.0.0.1', resolve)
  })
  ends.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(resolve)
      }),
  )
  return { port: own, received }
}

function smtpSource(to: number, count: number, parallel: number): Promise<unknown> {
  // -d keeps each session for all its messages: a slot is free only once a session has fully closed,
  // and a client that closes and comes back in the same instant may find the gate still full.
  const sizes = ['-d', '-m', `${count}`, '-s', `${parallel}`, '-l', '4096']
  const who = ['-f', 'a@example.test', '-t', 'b@example.test']
  return run('smtp-source', [...sizes, ...who, `127.0.0.1:${to}`], { timeout: 100_000 })
}

/** Holds a session open, banner read. */
async function hold(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  ends.push(() => socket.destroy())
  socket.on('error', () => {})
  const first = await new Promise<Buffer>((resolve) => {
    socket.once('data', resolve)
  })
  // The session before may not have ended yet; then this one holds nothing.
  if (first.toString('latin1').startsWith('220 ')) return socket
  socket.destroy()
  throw new Error(`no slot: ${first.toString('latin1')}`)
}

describe.skipIf(!hasClients)('mail through the gate into smtp-server', () => {
  it('comes out in the count and bytes it went in: smtp-source, 500 messages over 10 sessions', async () => {
    const direct = await startSmtpServer()
    await smtpSource(direct.port, 500, 10)
    const behind = await startSmtpServer()
    await startGate(behind.port, 'Service_Sessions = 10')
    await smtpSource(port, 500, 10)
    expect(behind.received).toEqual(direct.received)
    expect(behind.received.count).toBe(500)
  })

  it('is refused with the words that swaks shows, and accepted again when a slot is free', async () => {
    const behind = await startSmtpServer()
    await startGate(behind.port, 'Service_Sessions = 1')
    const held = await hold()
    const mail = [
      '--server',
      `127.0.0.1:${port}`,
      '--to',
      'b@example.test',
      '--from',
      'a@example.test',
    ]
    const refused = await run('swaks', mail).catch((error: { stdout: string }) => error)
    expect(refused.stdout).toContain(`<** ${refusal}`)
    held.destroy()
    await until('a free slot', async () => {
      const sent = await run('swaks', mail).catch(() => undefined)
      return sent?.stdout.includes('<-  250') === true
    })
    expect(behind.received.count).toBe(1)
  })
})

describe('nodemailer through the gate', () => {
  it('delivers, and reports the refusal with its code and text', async () => {
    const behind = await startSmtpServer()
    await startGate(behind.port, 'Service_Sessions = 1')
    const transport = createTransport({ host: '127.0.0.1', port, secure: false })
    const mail = { from: 'a@example.test', to: 'b@example.test', subject: 'x', text: 'hello\n' }
    await transport.sendMail(mail)
    const held = await until('the only slot', () => hold().catch(() => undefined))
    const error: unknown = await transport.sendMail(mail).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ responseCode: 421, response: refusal })
    held.destroy()
    expect(behind.received.count).toBe(1)
  })
})

describe.skipIf(!hasPostfix)('mail through the gate into Postfix', () => {
  async function startPostfix(needsProxyHeader: boolean): Promise<Postfix> {
    const running = new Postfix(await freePort(), needsProxyHeader)
    ends.push(() => running.stop())
    return running
  }

  it('arrives whole, with the address of the client: 200 messages behind a PROXY v2 header', async () => {
    const postfix = await startPostfix(true)
    await startGate(postfix.port, 'Service_Sessions = 5  Upstream_Proxy_Protocol = v2')
    await smtpSource(port, 200, 5)
    const stored = await postfix.stored(200)
    expect(stored.count).toBe(200)
    // smtp-source writes lines of 80 X and fills up to the length asked for.
    expect(stored.bodyBytes % 200).toBe(0)
    expect(stored.bodyBytes / 200).toBeGreaterThan(3900)
    expect(postfix.log()).toMatch(/connect from \S*\[127\.0\.0\.1\]/)
  })

  it('takes a PROXY v1 header, and the name of a client that came through a proxy of its own', async () => {
    const postfix = await startPostfix(true)
    await startGate(postfix.port, 'Upstream_Proxy_Protocol = v1  Proxy_Protocol = true')
    const header = 'PROXY TCP4 192.0.2.77 192.0.2.1 40000 25\r\n'
    const script = [
      [/^220 /m, 'EHLO client.test'],
      [/^250 /m, 'MAIL FROM:<a@example.test>'],
      [/^250 2.1.0/m, 'RCPT TO:<b@example.test>'],
      [/^250 2.1.5/m, 'DATA'],
      [/^354 /m, 'Subject: x\r\n\r\nhello\r\n.'],
      [/^250 2.0.0/m, 'QUIT'],
      [/^221 /m, ''],
    ] as const
    await talk(header, script)
    const stored = await postfix.stored(1)
    expect(stored.bodies).toEqual(['hello\n'])
    expect(postfix.log()).toContain('[192.0.2.77]')
  })

  it('keeps every byte of what nodemailer and swaks send, dots and long lines included', async () => {
    const postfix = await startPostfix(true)
    await startGate(postfix.port, 'Service_Sessions = 4  Upstream_Proxy_Protocol = v2')
    const bodies = Array.from({ length: 20 }, (_, i) => awkwardBody(i))
    const transport = createTransport({ host: '127.0.0.1', port, pool: true, maxConnections: 3 })
    const envelope = { from: 'a@example.test', to: 'b@example.test' }
    await Promise.all(
      bodies.map((body) => {
        const raw = `Subject: x\r\n\r\n${body.replaceAll('\n', '\r\n')}`
        return transport.sendMail({ envelope, raw })
      }),
    )
    transport.close()
    const file = join(folder, 'message')
    writeFileSync(file, `Subject: x\n\n${awkwardBody(20)}`)
    const who = ['--from', envelope.from, '--to', envelope.to]
    await run('swaks', ['--server', `127.0.0.1:${port}`, ...who, '--data', `@${file}`])
    const stored = await postfix.stored(21)
    const sent = [...bodies, awkwardBody(20)]
    // swaks ends the message with an empty line of its own.
    const trimmed = (body: string): string => body.trimEnd()
    expect(stored.bodies.map(trimmed).toSorted()).toEqual(sent.map(trimmed).toSorted())
  })

  it('names the client by XCLIENT, so that Postfix logs the address', async () => {
    const postfix = await startPostfix(false)
    await startGate(postfix.port, 'Upstream_XCLIENT = required  Proxy_Protocol = true')
    const header = 'PROXY TCP4 198.51.100.9 192.0.2.1 40000 25\r\n'
    await talk(header, [
      [/^220 /m, 'EHLO client.test'],
      [/^250 /m, 'QUIT'],
      [/^221 /m, ''],
    ])
    await until('the log line', () => postfix.log().includes('[198.51.100.9]'))
  })
})

/** Lines that SMTP treats with care, and more of them than one segment holds. */
function awkwardBody(seed: number): string {
  const lines = ['.', '..', '.leading', 'QUIT', '', `message ${seed}`, 'x'.repeat(900)]
  return `${Array.from({ length: 40 + seed * 20 }, (_, i) => lines[(i + seed) % lines.length]).join('\n')}\nend\n`
}

/** Plays a dialogue: waits for each pattern in what came since the last answer, then answers. */
async function talk(header: string, script: readonly (readonly [RegExp, string])[]): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  ends.push(() => socket.destroy())
  let heard = ''
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1')
  })
  socket.write(header)
  for (const [pattern, answer] of script) {
    await until(
      () => `${pattern} in ${JSON.stringify(heard)}`,
      () => pattern.test(heard),
    )
    heard = ''
    if (answer !== '') socket.write(`${answer}\r\n`)
  }
}
