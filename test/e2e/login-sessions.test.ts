// Logging in through the built program: what the client, the auth server and the upstream each see,
// inside TLS and out of it, and what happens when one of them stalls or leaves.

import { connect as connectTls } from 'node:tls'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Client } from './kit/client.ts'
import {
  afterGreeting,
  anybody,
  greetings,
  internalErrors,
  limitedReplies,
  LoginGate,
  loginLines,
  password,
} from './kit/login-gate.ts'
import type { MailService } from './kit/login-gate.ts'
import { sleep, until } from './kit/until.ts'

const users = 'Limit_Conn_Zone "user" { Key = "$remote_user" Size = "1m" }'
const certificate = 'TLS_Certificate = "{dir}/cert.pem" TLS_Key = "{dir}/key.pem"'
const services: readonly MailService[] = ['imap', 'pop3', 'smtp']

describe('a session that logs in', () => {
  it.each(services)(
    'goes on with its %s upstream as if it had been there from the start',
    async (service) => {
      const login = await LoginGate.start()
      const client = await login.admits(service, 'u')
      const [line, answer] = {
        imap: ['t2 SELECT INBOX', 't2 OK upstream did SELECT\r\n'],
        pop3: ['STAT', '+OK upstream did STAT\r\n'],
        smtp: ['MAIL FROM:<a@b>', '250 2.0.0 upstream did MAIL\r\n'],
      }[service] as [string, string]
      client.send(`${line}\r\n`)
      await client.receives(answer)
      await client.close()
      await login.gate.isEmpty()
    },
  )

  it('is named to its upstream by PROXY header and XCLIENT', async () => {
    const heard: string[] = []
    const login = await LoginGate.start({
      smtp: 'Upstream_Proxy_Protocol = v1 Upstream_XCLIENT = ifavailable Banner_Hostname = "mx.test"',
      serve: (socket: Socket) => {
        socket.write('220 upstream.test\r\n')
        socket.on('end', () => socket.end())
        socket.on('data', (chunk: Buffer) => {
          for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
            heard.push(line)
            if (line.startsWith('EHLO')) socket.write('250-x\r\n250 XCLIENT ADDR LOGIN NAME\r\n')
            else if (line.startsWith('XCLIENT')) socket.write('220 upstream.test\r\n')
          }
        })
      },
    })
    const client = await login.greeted('smtp')
    await client.command('EHLO me.test')
    client.send(loginLines('smtp', 'u+v'))
    await client.receives('235 2.0.0 OK\r\n')
    expect(heard).toEqual([
      expect.stringMatching(/^PROXY TCP4 127\.0\.0\.65 127\.0\.0\.1 \d+ \d+$/),
      'EHLO mx.test',
      'XCLIENT ADDR=127.0.0.65 LOGIN=u+2Bv NAME=[UNAVAILABLE]',
      'EHLO me.test',
    ])
  })

  it('is told of a wrong password, and may try again when the auth server wants it to', async () => {
    const login = await LoginGate.start({
      answer: (asked, behind) =>
        asked.headers.get('auth-login-attempt') === '2'
          ? anybody(asked, behind)
          : { 'Auth-Status': 'Invalid login or password', 'Auth-Wait': '1' },
    })
    const client = await login.tries('imap', 'u')
    await client.receives('t1 NO Invalid login or password\r\n')
    client.send(loginLines('imap', 'u'))
    await client.receives('t1 OK upstream login\r\n')
    await login.gate.logs(
      /\[info\] .*client login failed: "Invalid login or password" while in http auth state, client: 127\.0\.0\.65, server: \S+, login: "u"/,
    )
    expect(login.gate.log).not.toContain(password)
  })

  it('may be relayed without a login from one block, next to those that log in', async () => {
    const login = await LoginGate.start({
      imap: 'Peer "127.0.0.66" { Auth_HTTP = none Upstream = "{upstream}" }',
    })
    await login.gate.admits('B@143')
    await login.admits('imap', 'u')
    expect(login.gate.upstream.connections).toHaveLength(1)
  })
})

describe('inside TLS', () => {
  it('a session logs in after STARTTLS, which SMTP_Extensions turns on', async () => {
    const login = await LoginGate.start({
      smtp: `${certificate} SMTP_Extensions = ( "STARTTLS" "8BITMIME" )`,
      hasCertificate: true,
    })
    const plain = await login.greeted('smtp')
    expect(await plain.command('EHLO me.test')).toMatch(
      /^250-\S+\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n$/,
    )
    expect(await plain.command('STARTTLS')).toBe('220 2.0.0 Start TLS\r\n')
    plain.socket.removeAllListeners('data')
    const secured = connectTls({ socket: plain.socket, rejectUnauthorized: false })
    let text = ''
    secured.on('error', () => secured.destroy())
    secured.on('data', (chunk: Buffer) => (text += chunk.toString()))
    secured.write(`EHLO me.test\r\n${loginLines('smtp', 'u')}MAIL FROM:<a@b>\r\n`)
    await until('the reply to MAIL', () => text.includes('upstream did MAIL'))
    expect(text).toMatch(/AUTH PLAIN LOGIN\r\n235 2.0.0 OK\r\n250 2.0.0 upstream did MAIL\r\n$/)
    expect(login.auth.asked[0]?.headers.get('auth-ssl')).toBe('on')
  })

  it('a limit is told, and nothing of it in plain text (S24)', async () => {
    const login = await LoginGate.start({
      global: users,
      all: 'Limit_Conn "user" { Sessions = 1 }',
      imap: `Use_SSL = true ${certificate}`,
      hasCertificate: true,
    })
    const logIn = async (): Promise<Client> => {
      const client = login.gate.connect('A@143', { isTls: true })
      client.send(loginLines('imap', 'u'))
      await until(
        () => `an answer for ${client.describe()}`,
        () => /^t1 .*\r\n$/m.test(client.text),
      )
      return client
    }
    expect(afterGreeting('imap', await logIn())).toBe('t1 OK upstream login\r\n')
    const second = await logIn()
    await second.over()
    expect(second.text.replace(greetings.imap, '')).toBe(limitedReplies.imap)
    expect(await login.used('user')).toEqual({ u: 1 })
  })
})

describe('what stalls', () => {
  it.each([
    ['the auth server', { answer: () => undefined }],
    ['the upstream', { serve: () => undefined }],
  ] as const)(
    'is %s: a client that leaves has its slots back within a second (S23)',
    async (_what, stall) => {
      const login = await LoginGate.start({
        ...stall,
        global: users,
        all: 'Limit_Conn "user" { Sessions = 1 }',
      })
      for (const leave of ['close', 'reset'] as const) {
        const client = await login.tries('imap', 'u')
        await until('the question', () => login.auth.asked.length > 0)
        await sleep(200)
        if (leave === 'close') client.socket.end()
        else client.reset()
        await until(
          'no session',
          async () => (await login.gate.status()).sessionsActive === 0,
          1000,
        )
        expect(await login.used('user')).toEqual({})
      }
      await until('no connection', () => login.auth.openCount === 0)
      await login.gate.isEmpty()
    },
  )

  it('is ended by Idle_Time, with a goodbye, before there is a relay (S22)', async () => {
    const login = await LoginGate.start({ answer: () => undefined, all: 'Idle_Time = 1' })
    const waiting = await login.tries('imap', 'u')
    const silent = await login.greeted('pop3')
    await Promise.all([waiting.over(), silent.over()])
    expect(afterGreeting('imap', waiting)).toMatch(/^\* BYE \[UNAVAILABLE\] Idle timeout/)
    expect(afterGreeting('pop3', silent)).toMatch(/^-ERR \[SYS\/TEMP\] Idle timeout/)
    await login.gate.logs(/client timed out \(110: Connection timed out\) while in http auth state/)
    await login.gate.isEmpty()
  })

  it('is an auth server that hangs up, or is not there', async () => {
    const login = await LoginGate.start({ answer: () => '' })
    for (const service of services) {
      const client = await login.tries(service, 'u')
      await client.over()
      expect(client.text.endsWith(internalErrors[service])).toBe(true)
    }
    await login.gate.logs(
      /\[error\] .*auth http server 127\.0\.0\.1:\d+ prematurely closed connection while in http auth state/,
    )
    login.auth.close()
    const client = await login.tries('imap', 'u')
    await client.over()
    await login.gate.logs(
      /\[error\] .*connect\(\) failed \(111: Connection refused\) while in http auth state/,
    )
    await login.gate.isEmpty()
  })

  it('does not keep the daemon from ending, and every client is told', async () => {
    const login = await LoginGate.start({ answer: () => undefined })
    const waiting = await login.tries('imap', 'u')
    const greeted = await login.greeted('smtp')
    await until('the question', () => login.auth.asked.length > 0)
    login.gate.program.signal('SIGTERM')
    await Promise.all([waiting.over(), greeted.over()])
    expect(afterGreeting('imap', waiting)).toMatch(/^\* BYE \[UNAVAILABLE\] Service shutting down/)
    expect(afterGreeting('smtp', greeted)).toMatch(/^421 4.3.2 Service shutting down/)
    await login.gate.stop()
  })

  it('is outlived by a reload that takes the login away: the session goes the way it began', async () => {
    let release: (() => void) | undefined
    const login = await LoginGate.start({
      answer: (asked, behind) => {
        release = () => {
          const port = behind.port('imap')
          asked.socket.end(`Auth-Server: 127.0.0.1\r\nAuth-Port: ${port}\r\n\r\n`)
        }
        return undefined
      },
    })
    const client = await login.tries('imap', 'u')
    await until('the question', () => release !== undefined)
    await login.gate.reload('IMAP_Listener{ Listen ":143" {} }')
    release?.()
    await client.receives('t1 OK upstream login\r\n')
    await login.gate.auditsClean()
  })
})
