// A login through a gateway with real sockets: an auth server and mail servers around it.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, it } from 'vitest'
import {
  Client,
  cleanUp,
  connectClient,
  deadPort,
  limits,
  pauseMs,
  rigPolicy,
  span,
  startRig,
  startUpstream,
  temporaryDirectory,
  to,
  until,
} from '../../../test/kit/gateway-rig.ts'
import type { Rig } from '../../../test/kit/gateway-rig.ts'
import { authAt, setLoginScene } from '../../../test/kit/login-scene.ts'
import type { LoginSceneOptions } from '../../../test/kit/login-scene.ts'
import { accept, serveImap } from '../../../test/kit/login-servers.ts'
import type { AuthAnswer } from '../../../test/kit/login-servers.ts'

afterEach(cleanUp)

async function reads(client: Client, text: string): Promise<void> {
  await until(() => client.text === text).catch(() => expect(client.text).toBe(text))
}

const greeting = '* OK IMAP4 ready\r\n'

/** Logs in and stays. */
async function logIn(rig: Rig, user: string): Promise<Client> {
  const client = await connectClient(rig.port(), `a1 LOGIN ${user} secret\r\n`)
  await reads(client, `${greeting}a1 OK upstream login\r\n`)
  return client
}

describe('a login', () => {
  it('in IMAP ends in a relay, with what the client sent behind its LOGIN', async () => {
    const { rig, auth } = await setLoginScene()
    const client = await connectClient(rig.port(), 'a1 LOGIN u p\r\na2 NOOP\r\n')
    await reads(client, `${greeting}a1 OK upstream login\r\na2 OK upstream did NOOP\r\n`)
    expect(auth.asked[0]?.text).toBe(
      'GET /auth HTTP/1.0\r\nHost: 127.0.0.1\r\nAuth-Method: plain\r\nAuth-User: u\r\n' +
        'Auth-Pass: p\r\nAuth-Protocol: imap\r\nAuth-Login-Attempt: 1\r\nClient-IP: 127.0.0.1\r\n\r\n',
    )
    client.socket.write('a3 LOGOUT\r\n')
    await until(() => client.hasEnded)
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('in POP3 and in SMTP ends in a relay', async () => {
    const pop3 = await setLoginScene({ service: 'pop3' })
    const reader = await connectClient(pop3.rig.port(), 'USER u\r\nPASS p\r\nSTAT\r\n')
    await reads(
      reader,
      '+OK POP3 ready\r\n+OK\r\n+OK upstream did PASS\r\n+OK upstream did STAT\r\n',
    )
    const smtp = await setLoginScene({
      service: 'smtp',
      options: { serverName: 'mx.test', upstreamXclient: 'ifavailable' },
    })
    const plain = Buffer.from('\0u\0p').toString('base64')
    const writer = await connectClient(
      smtp.rig.port(),
      `EHLO me\r\nAUTH PLAIN ${plain}\r\nMAIL FROM:<a@b>\r\n`,
    )
    await reads(
      writer,
      '220 mx.test ESMTP ready\r\n250-mx.test\r\n250 AUTH PLAIN LOGIN\r\n' +
        '235 2.0.0 OK\r\n250 2.0.0 upstream did MAIL\r\n',
    )
  })

  it('never puts a password into the log', async () => {
    const { rig } = await setLoginScene({
      options: limits({ users: 1 }),
      zones: { users: '$remote_user' },
    })
    await logIn(rig, 'u')
    const second = await connectClient(rig.port(), 'a1 LOGIN u secret\r\n')
    await until(() => second.hasEnded)
    expect(JSON.stringify([rig.log.lines, rig.events])).not.toContain('secret')
  })

  it('is asked of sessions with Auth_HTTP only, the others are relayed from their first byte', async () => {
    const upstream = await startUpstream(serveImap)
    const policy = rigPolicy({
      service: 'imap',
      options: { ...authAt(1), ...to(upstream) },
      listens: { '127.0.0.1:0': { authenticator: { kind: 'none' } } },
    })
    const rig = await startRig(policy)
    await reads(await connectClient(rig.port()), '* OK upstream ready\r\n')
  })

  it('may begin with STARTTLS, and what was sent in plain text behind it is dropped', async () => {
    const made = await generate([{ name: 'commonName', value: 'gate.test' }], { keyType: 'ec' })
    const path = join(temporaryDirectory(), 'gate.pem')
    writeFileSync(path, `${made.cert}\n${made.private}`)
    const { rig, auth } = await setLoginScene({
      options: { starttls: 'only', tlsCertificate: { files: [{ value: path, span }] } },
    })
    const plain = await connectClient(rig.port(), 'a LOGIN u p\r\nb STARTTLS\r\nc LOGIN eve p\r\n')
    await reads(plain, `${greeting}a BAD invalid command\r\nb OK completed\r\n`)
    plain.socket.removeAllListeners('data')
    const secured = new Client(connectTls({ socket: plain.socket, rejectUnauthorized: false }))
    secured.socket.write('d LOGIN u p\r\n')
    await reads(secured, 'd OK upstream login\r\n')
    expect(auth.asked.map(({ headers }) => headers.get('auth-user'))).toEqual(['u'])
    expect(auth.asked[0]?.headers.get('auth-ssl')).toBe('on')
  })
})

describe('a limit after authentication', () => {
  const users: LoginSceneOptions = {
    options: limits({ users: 1 }),
    zones: { users: '$remote_user' },
  }

  it('refuses the session above it, drops what it pipelined, and gives its slots back', async () => {
    const { rig, upstream } = await setLoginScene(users)
    const held = await logIn(rig, 'u')
    const second = await connectClient(rig.port(), 'b7 LOGIN u p\r\nb8 NOOP\r\nb9 LOGOUT\r\n')
    await until(() => second.hasEnded)
    expect(second.text).toBe(`${greeting}b7 NO [UNAVAILABLE] Too many connections\r\n`)
    expect([upstream.sockets.length, rig.engine.snapshot().sessionsActive]).toEqual([1, 1])
    held.socket.destroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    await logIn(rig, 'u')
  })

  it('that is in dry run counts and lets everybody in', async () => {
    const { rig } = await setLoginScene({ ...users, options: limits({ users: -1 }) })
    await logIn(rig, 'u')
    await logIn(rig, 'u')
    expect(rig.events.map(({ kind }) => kind)).toContain('dry_run_exceeded')
    expect(rig.engine.snapshot().budgets.find(({ zone }) => zone === 'users')?.usedCount).toBe(2)
  })

  it('counts nobody whose login fails, waits or cannot be judged', async () => {
    const answers: AuthAnswer[] = [
      { 'Auth-Status': 'no' },
      { 'Auth-Status': 'OK' },
      { 'Auth-Status': 'OK', 'Auth-Server': 'host.name', 'Auth-Port': '1' },
      'nonsense\r\n\r\n',
    ]
    const { rig } = await setLoginScene({ ...users, answer: () => answers.shift() })
    for (const end of ['a NO no', '* BAD internal server error', '* BAD', '* BAD']) {
      const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
      await until(() => client.hasEnded)
      expect(client.text).toContain(end)
      client.socket.destroy()
    }
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    expect(rig.events.filter(({ kind }) => kind === 'session_authenticated')).toEqual([])
  })

  it('is asked once after the auth server had the session wait', async () => {
    let count = 0
    const { rig, auth } = await setLoginScene({
      ...users,
      answer: (_asked, port) => {
        count += 1
        return count < 3 ? { 'Auth-Status': 'WAIT', 'Auth-Wait': '0' } : accept(port)
      },
    })
    await logIn(rig, 'u')
    expect(auth.asked.map(({ headers }) => headers.get('auth-login-attempt'))).toEqual([
      '1',
      '1',
      '1',
    ])
    expect(rig.engine.snapshot().budgets.find(({ zone }) => zone === 'users')?.usedCount).toBe(1)
  })
})

describe('a failed login', () => {
  it('with Auth-Wait is told after that time and may be tried again', async () => {
    const { rig, auth } = await setLoginScene({
      answer: ({ headers }, port) =>
        headers.get('auth-pass') === 'right'
          ? accept(port)
          : { 'Auth-Status': 'Invalid login', 'Auth-Wait': '1' },
    })
    const startMs = performance.now()
    const client = await connectClient(rig.port(), 'a LOGIN u wrong\r\nb LOGIN u right\r\n')
    await reads(client, `${greeting}a NO Invalid login\r\nb OK upstream login\r\n`)
    expect(performance.now() - startMs).toBeGreaterThan(950)
    expect(auth.asked.map(({ headers }) => headers.get('auth-login-attempt'))).toEqual(['1', '2'])
  })

  it('at the upstream ends in an internal error, or in its words where they are passed on', async () => {
    const serve: LoginSceneOptions['serve'] = (socket) => void socket.end('* BYE go away\r\n')
    for (const [isPassed, words] of [
      [false, '* BAD internal server error\r\n'],
      [true, '* BYE go away\r\n'],
    ] as const) {
      const { rig } = await setLoginScene({ serve, options: { proxyPassErrorMessage: isPassed } })
      const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
      await until(() => client.hasEnded)
      expect(client.text).toBe(greeting + words)
    }
  })

  it('because its reply is longer than proxy_buffer ends in an internal error', async () => {
    const long = 'x'.repeat(300)
    const serve = (socket: Socket): void => {
      socket.write(`* OK ${long}\r\n`)
      socket.on('data', (bytes) =>
        socket.write(String(bytes).endsWith('}\r\n') ? '+ OK\r\n' : 'a OK done\r\n'),
      )
    }
    for (const [proxyBufferBytes, isTaken] of [
      [200, false],
      [400, true],
    ] as const) {
      const { rig } = await setLoginScene({ serve, options: { proxyBufferBytes } })
      const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
      const words = isTaken ? 'a OK done\r\n' : '* BAD internal server error\r\n'
      await until(() => client.text === greeting + words)
      const isLogged = rig.log.texts.some((text) =>
        text.startsWith('error: upstream sent too long response line: "* OK xxx'),
      )
      expect(isLogged).toBe(!isTaken)
    }
  })

  it('because nobody answers says so in the log, and the slots come back', async () => {
    const port = await deadPort()
    const { rig } = await setLoginScene({ answer: () => accept(port) })
    const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toBe(`${greeting}* BAD internal server error\r\n`)
    expect(rig.log.texts).toContain(
      'error: connect() failed (111: Connection refused) while connecting to upstream',
    )
    const noAuth = await setLoginScene({ options: authAt(port) })
    const other = await connectClient(noAuth.rig.port(), 'a LOGIN u p\r\n')
    await until(() => other.hasEnded)
    expect(noAuth.rig.log.texts).toContain(
      'error: connect() failed (111: Connection refused) while in http auth state',
    )
    expect(noAuth.rig.log.lines.find(({ level }) => level === 'error')?.entry.login).toBe('u')
  })
})

describe('a stall', () => {
  it('of the auth server ends at its time limit', async () => {
    const { rig, auth } = await setLoginScene({
      answer: () => undefined,
      options: { authHttpTimeout: { ms: 300 } },
    })
    const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toBe(`${greeting}* BAD internal server error\r\n`)
    expect(rig.log.texts).toContain(
      `error: auth http server 127.0.0.1:${auth.port} timed out (110: Connection timed out) while in http auth state`,
    )
    await until(() => auth.openCount === 0)
  })

  it('of the upstream ends at the time limit of the login', async () => {
    const { rig } = await setLoginScene({ serve: () => {}, options: { loginTimeout: { ms: 300 } } })
    const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toBe(`${greeting}* BAD internal server error\r\n`)
    expect(rig.log.texts.join('\n')).toMatch(/error: upstream timed out .* while connecting/)
  })

  it('of the client ends at the time limit too, whatever it says meanwhile', async () => {
    const { rig } = await setLoginScene({ options: { loginTimeout: { ms: 500 } } })
    const client = await connectClient(rig.port())
    for (let count = 0; count < 4; count += 1) {
      client.socket.write(`n${count} NOOP\r\n`)
      await pauseMs(100)
    }
    await until(() => client.hasClosed || client.hasEnded)
    expect(client.text.endsWith('n3 OK completed\r\n')).toBe(true)
    expect(rig.log.texts).toContain(
      'info: client timed out (110: Connection timed out) while in auth state',
    )
  })

  it('ends with a goodbye when the session has been idle too long', async () => {
    const { rig } = await setLoginScene({ answer: () => undefined, options: { idle: { ms: 400 } } })
    const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toContain('* BYE [UNAVAILABLE] Idle timeout')
  })

  it.each(['end', 'resetAndDestroy'] as const)(
    'does not hide a client that leaves by %s: its slot is free within a second',
    async (leave) => {
      for (const stalled of [{ answer: () => undefined }, { serve: () => {} }]) {
        const { rig, auth } = await setLoginScene(stalled)
        const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
        await until(() => auth.asked.length === 1)
        await pauseMs(100)
        client.socket[leave]()
        await until(() => rig.engine.snapshot().sessionsActive === 0, 1000)
        await until(() => auth.openCount === 0)
      }
    },
  )

  it('of the auth server keeps a bounded part of what the client sends meanwhile', async () => {
    const { rig, auth } = await setLoginScene({ answer: () => undefined })
    const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => auth.asked.length === 1)
    for (let count = 0; count < 64; count += 1) client.socket.write(randomBytes(65_536))
    await pauseMs(300)
    expect(rig.gateway.stats().bytesFromClients).toBeLessThan(200_000)
    client.socket.resetAndDestroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0, 2500)
  })
})
