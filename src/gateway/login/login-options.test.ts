// The options of a login that only nginx's language has words for, through a gateway with real
// sockets, and the attacks on mail without a login.

import { afterEach, describe, expect, it } from 'vitest'
import { cleanUp, connectClient, limits, until } from '../../../test/kit/gateway-rig.ts'
import type { Client } from '../../../test/kit/gateway-rig.ts'
import { setLoginScene } from '../../../test/kit/login-scene.ts'
import { accept } from '../../../test/kit/login-servers.ts'

afterEach(cleanUp)

async function reads(client: Client, pattern: RegExp): Promise<void> {
  await until(() => pattern.test(client.text)).catch(() => expect(client.text).toMatch(pattern))
}

const smtp = { service: 'smtp', options: { serverName: 'mx.test' } } as const
const envelope = 'EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n'

describe('mail without a login (smtp_auth none)', () => {
  const none = { smtpAuth: ['plain', 'none'], serverName: 'mx.test' } as const

  it('freenginx case 09: is limited at its RCPT, by address, and the log has no login', async () => {
    const { rig, auth } = await setLoginScene({
      ...smtp,
      zones: { addr: '$remote_addr' },
      options: { ...none, ...limits({ addr: 1 }) },
    })
    const first = await connectClient(rig.port(), envelope)
    await reads(first, /250 2.0.0 upstream did RCPT\r\n$/)
    const second = await connectClient(rig.port(), envelope)
    await until(() => second.hasEnded)
    expect(second.text).toMatch(/OK\r\n454 4.7.0 Too many connections\r\n$/)
    const refused = rig.events.find(({ kind }) => kind === 'session_refused')
    expect(refused).not.toHaveProperty('login')
    expect(auth.asked[0]?.text).toContain(
      'Auth-Method: none\r\nAuth-User: \r\nAuth-Pass: \r\nAuth-Protocol: smtp\r\n' +
        'Auth-Login-Attempt: 1\r\nClient-IP: 127.0.0.1\r\nClient-Host: [UNAVAILABLE]\r\n' +
        'Auth-SMTP-Helo: me\r\nAuth-SMTP-From: MAIL FROM:<a@b>\r\nAuth-SMTP-To: RCPT TO:<c@d>\r\n',
    )
  })

  it('freenginx case 10: has no user, so a limit by user does not count it', async () => {
    const { rig } = await setLoginScene({
      ...smtp,
      zones: { users: '$remote_user' },
      options: { ...none, ...limits({ users: 1 }) },
    })
    for (let count = 0; count < 3; count += 1) {
      await reads(await connectClient(rig.port(), envelope), /upstream did RCPT\r\n$/)
    }
    expect(rig.engine.snapshot().budgets.filter(({ zone }) => zone === 'users')).toEqual([])
  })

  it('never goes under the name of a login that failed before it (CVE-2025-53859)', async () => {
    const { rig, auth } = await setLoginScene({
      ...smtp,
      options: none,
      answer: ({ headers }, port) =>
        headers.get('auth-method') === 'none'
          ? accept(port)
          : { 'Auth-Status': 'wrong', 'Auth-Wait': '1' },
    })
    const login = Buffer.from('\0victim\0guess').toString('base64')
    const client = await connectClient(rig.port(), `EHLO me\r\nAUTH PLAIN ${login}\r\n`)
    await reads(client, /535 5.7.0 wrong\r\n$/)
    client.socket.write('MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n')
    await reads(client, /upstream did RCPT\r\n$/)
    expect(auth.asked[1]?.text).not.toMatch(/victim|guess/)
    expect([...rig.engine.sessions()].map(({ facts }) => facts?.user)).toEqual([undefined])
  })

  it('does not smuggle a second header to the auth server', async () => {
    const { rig, auth } = await setLoginScene({ ...smtp, options: none })
    const client = await connectClient(
      rig.port(),
      'EHLO me\rAuth-User:root\r\nMAIL FROM:<a\rAuth-User:root>\r\nRCPT TO:<c>\r\n',
    )
    await until(() => auth.asked.length > 0 || client.hasEnded || client.text.length > 60)
    for (const { headers } of auth.asked) expect(headers.get('auth-user')).toBe('')
  })
})

describe('the options of a login', () => {
  it('delay the greeting, and turn away who speaks before it', async () => {
    const options = { ...smtp.options, smtpGreetingDelay: { ms: 300 } }
    const { rig } = await setLoginScene({ ...smtp, options })
    const early = await connectClient(rig.port(), 'EHLO me\r\n')
    await until(() => early.hasEnded)
    expect(early.text).toBe('503 5.5.0 Improper use of SMTP command pipelining\r\n')
    expect(rig.log.texts).toContain(
      'info: client was rejected before greeting: "EHLO me__" while in delay pipelining state',
    )
    const patient = await connectClient(rig.port())
    const startMs = performance.now()
    await reads(patient, /^220 mx.test ESMTP ready\r\n$/)
    expect(performance.now() - startMs).toBeGreaterThan(200)
  })

  it('bound the commands that cannot be read, and all of them', async () => {
    const { rig } = await setLoginScene({ options: { maxErrors: 2, maxCommands: 3 } })
    const clumsy = await connectClient(rig.port(), 'a FOO\r\nb FOO\r\nc NOOP\r\n')
    await until(() => clumsy.hasEnded)
    expect(clumsy.text).toBe(
      '* OK IMAP4 ready\r\na BAD invalid command\r\nb BAD invalid command\r\n',
    )
    const chatty = await connectClient(rig.port(), 'a NOOP\r\nb NOOP\r\nc NOOP\r\nd NOOP\r\n')
    await until(() => chatty.hasEnded)
    expect(chatty.text).toMatch(/c OK completed\r\nd BAD invalid command\r\n$/)
  })

  it('close at once after LOGOUT, without waiting for the client', async () => {
    const { rig } = await setLoginScene()
    const client = await connectClient(rig.port(), 'a LOGOUT\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toMatch(/\* BYE\r\na OK completed\r\n$/)
    await until(() => rig.engine.snapshot().sessionsActive === 0, 1000)
  })

  it('give AUTH to the upstream, and the auth server own headers', async () => {
    const heard: string[] = []
    const { rig, auth } = await setLoginScene({
      ...smtp,
      options: {
        ...smtp.options,
        proxySmtpAuth: true,
        authHttpHeaders: [{ name: 'X-Key', value: 'k' }],
      },
      serve: (socket) => {
        socket.write('220 up\r\n')
        socket.on('data', (chunk: Buffer) => {
          heard.push(chunk.toString().trimEnd())
          socket.write(heard.length === 2 ? '235 ok\r\n' : '250 ok\r\n')
        })
      },
    })
    const login = Buffer.from('\0u\0p').toString('base64')
    const client = await connectClient(rig.port(), `AUTH PLAIN ${login}\r\n`)
    await reads(client, /235 2.0.0 OK\r\n$/)
    expect(heard).toEqual(['HELO mx.test', `AUTH PLAIN ${login}`])
    expect(auth.asked[0]?.text.endsWith('\r\nX-Key: k\r\n\r\n')).toBe(true)
  })

  it('end a relay that both sides leave silent', async () => {
    const { rig } = await setLoginScene({ options: { proxyTimeout: { ms: 400 } } })
    const client = await connectClient(rig.port(), 'a1 LOGIN u p\r\n')
    await until(() => client.hasClosed || client.hasEnded)
    expect(client.text).toMatch(/a1 OK upstream login\r\n$/)
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('offer CRAM-MD5, whose password the auth server has to send', async () => {
    const { rig, auth, upstream } = await setLoginScene({
      options: { imapAuth: ['cram-md5'] },
      answer: ({ headers }, port) =>
        headers.get('auth-user') === 'u' ? accept(port, { 'Auth-Pass': 'known' }) : accept(port),
    })
    for (const [user, end] of [
      ['u', /a1 OK upstream login\r\n$/],
      ['v', /\* BAD internal server error\r\n$/],
    ] as const) {
      const client = await connectClient(rig.port(), 'a1 AUTHENTICATE CRAM-MD5\r\n')
      await reads(client, /\+ \S+\r\n$/)
      const digest = `${user} 0123456789abcdef0123456789abcdef`
      client.socket.write(`${Buffer.from(digest).toString('base64')}\r\n`)
      await reads(client, end)
    }
    expect(auth.asked[0]?.headers.get('auth-salt')).toMatch(/^<.+@.+>$/)
    expect(upstream.sockets).toHaveLength(1)
  })
})

describe('lingering after an internal error (freenginx case 22)', () => {
  const broken = { answer: () => 'HTTP/1.0 200 OK\r\nAuth-Status: OK\r\n\r\n' } as const

  it('holds the slot until the client closes', async () => {
    const { rig } = await setLoginScene(broken)
    const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toMatch(/\* BAD internal server error\r\n$/)
    expect(rig.gateway.stats().sessionsActive).toBe(1)
    client.socket.destroy()
    await until(() => rig.gateway.stats().sessionsActive === 0)
  })

  it('frees it at once with lingering_close off', async () => {
    const { rig } = await setLoginScene({ ...broken, options: { lingeringClose: false } })
    const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => client.hasEnded)
    expect(client.text).toMatch(/\* BAD internal server error\r\n$/)
    await until(() => rig.gateway.stats().sessionsActive === 0, 1000)
    expect(client.hasClosed).toBe(false)
  })
})
