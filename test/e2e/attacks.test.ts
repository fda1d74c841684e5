// Attacks on a gate that speaks the protocols itself, each by its name, on the built program.

import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { accept } from '../kit/login-servers.ts'
import type { Client } from './kit/client.ts'
import { internalErrors } from './kit/login-gate.ts'
import type { MailService } from './kit/login-gate.ts'
import { NginxGate } from './kit/nginx-gate.ts'
import { sleep, until } from './kit/until.ts'

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')
const certificate =
  'ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem; starttls on;'

/** Goes on inside TLS; answers what is read there. */
function secure(client: Client): { socket: TLSSocket; text: () => string } {
  client.socket.removeAllListeners('data')
  const socket = connectTls({ socket: client.socket, rejectUnauthorized: false })
  let text = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  onTestFinished(() => void socket.destroy())
  return { socket, text: () => text }
}

describe('STARTTLS injection', () => {
  const rows: readonly (readonly [MailService, string, string, string, string])[] = [
    [
      'imap',
      'a STARTTLS\r\nx LOGIN evil p\r\n',
      'a OK completed\r\n',
      'b NOOP\r\n',
      'b OK completed\r\n',
    ],
    ['pop3', 'STLS\r\nUSER evil\r\nPASS p\r\n', '+OK\r\n', 'NOOP\r\n', '+OK\r\n'],
    [
      'smtp',
      `STARTTLS\r\nAUTH PLAIN ${base64('\0evil\0p')}\r\n`,
      '220 2.0.0 Start TLS\r\n',
      'NOOP\r\n',
      '250 2.0.0 OK\r\n',
    ],
  ]
  it.each(rows)(
    'over %s: what is pipelined behind it is not taken as said inside TLS',
    async (...row) => {
      const [service, sent, answered, inside, read] = row
      const gate = await NginxGate.start({ hasCertificate: true, mail: certificate })
      const client = await gate.greeted(service)
      const start = client.text.length
      client.send(sent)
      await client.receives(answered)
      // What would be answered to the rest would be on its way by now.
      await sleep(200)
      expect(client.text.slice(start)).toBe(answered)
      const tls = secure(client)
      tls.socket.write(inside)
      await until('an answer inside TLS', () => tls.text().length >= read.length)
      expect(tls.text()).toBe(read)
      expect(gate.auth.asked).toEqual([])
    },
  )
})

describe('stale credentials', () => {
  it('of a failed AUTH do not reach the auth server with the mail that follows (CVE-2025-53859)', async () => {
    const gate = await NginxGate.start({
      smtp: 'smtp_auth plain none;',
      answer: ({ headers }, behind) =>
        headers.get('auth-method') === 'none'
          ? accept(behind.port('smtp'))
          : { 'Auth-Status': 'no', 'Auth-Wait': '1' },
    })
    const client = await gate.greeted('smtp')
    await client.command('EHLO me.test')
    expect(await client.command(`AUTH PLAIN ${base64('\0victim\0hunter2')}`)).toBe(
      '535 5.7.0 no\r\n',
    )
    // A second one that fails in its syntax leaves nothing behind either.
    expect(await client.command(`AUTH PLAIN ${base64('\0victim')}`)).toMatch(/^5/)
    await client.command('MAIL FROM:<a@b>')
    expect(await client.command('RCPT TO:<c@d>')).toBe('250 2.0.0 upstream did RCPT\r\n')
    const question = gate.auth.asked.at(-1)
    expect(question?.headers.get('auth-user')).toBe('')
    expect(question?.headers.get('auth-pass')).toBe('')
    expect(question?.text).not.toMatch(/victim|hunter2/)
    expect(gate.log).not.toContain('hunter2')
  })

  it('of a failed LOGIN are not counted as those of the next user', async () => {
    const gate = await NginxGate.start({
      mail: 'limit_conn_zone $remote_user zone=user:1m; limit_conn user 1;',
      answer: ({ headers }, behind) =>
        headers.get('auth-user') === 'victim'
          ? { 'Auth-Status': 'no', 'Auth-Wait': '1' }
          : accept(behind.port('imap')),
    })
    const client = await gate.greeted('imap')
    client.send('a LOGIN victim p\r\n')
    await client.receives('a NO no\r\n')
    client.send('b LOGIN other p\r\n')
    await client.receives('b OK')
    expect(await gate.used('user')).toEqual({ other: 1 })
  })
})

describe('a retry of a salted login', () => {
  it.each([
    ['imap', 'a AUTHENTICATE CRAM-MD5\r\n', 'a NO no\r\n'],
    ['pop3', 'AUTH CRAM-MD5\r\n', '-ERR no\r\n'],
    ['smtp', 'AUTH CRAM-MD5\r\n', '535 5.7.0 no\r\n'],
  ] as const)(
    'with CRAM-MD5 over %s is asked anew, each time with its own response',
    async (service, line, no) => {
      const gate = await NginxGate.start({
        mail: 'imap_auth cram-md5; pop3_auth cram-md5; smtp_auth cram-md5;',
        answer: () => ({ 'Auth-Status': 'no', 'Auth-Wait': '1' }),
      })
      const client = await gate.greeted(service)
      for (const digit of ['1', '2', '3']) {
        const start = client.text.length
        client.send(line)
        await until('a challenge', () => /(\+|334) \S+\r\n$/.test(client.text.slice(start)))
        client.send(`${base64(`u ${digit.repeat(32)}`)}\r\n`)
        await until('an answer', () => client.text.slice(start).endsWith(no))
      }
      const passes = gate.auth.asked.map(({ headers }) => headers.get('auth-pass'))
      expect(passes).toEqual(['1', '2', '3'].map((digit) => digit.repeat(32)))
    },
  )

  it('with APOP after it failed is asked anew', async () => {
    const gate = await NginxGate.start({
      mail: 'pop3_auth apop;',
      answer: () => ({ 'Auth-Status': 'no', 'Auth-Wait': '1' }),
    })
    const client = await gate.greeted('pop3')
    for (const digit of ['1', '2']) {
      const start = client.text.length
      client.send(`APOP u ${digit.repeat(32)}\r\n`)
      await until('an answer', () => client.text.slice(start) === '-ERR no\r\n')
    }
    expect(gate.auth.asked.map(({ headers }) => headers.get('auth-pass'))).toEqual([
      '1'.repeat(32),
      '2'.repeat(32),
    ])
  })
})

describe('literal overflow', () => {
  it.each(['4294967296', '18446744073709551617', '99999999999999999999999999', '2147483648'])(
    'a literal of %s bytes is refused, and what follows is not run',
    async (size) => {
      const gate = await NginxGate.start()
      const client = await gate.greeted('imap')
      const start = client.text.length
      client.send(`a LOGIN {${size}+}\r\nu p\r\nb LOGIN evil p\r\n`)
      await client.over()
      expect(client.text.slice(start)).toMatch(/^(a|\*) BAD invalid command\r\n$/)
      expect(gate.auth.asked).toEqual([])
    },
  )

  it('a literal that something else follows is no login', async () => {
    const gate = await NginxGate.start()
    const client = await gate.greeted('imap')
    client.send('a LOGIN {1+}\r\nuX{1+}\r\np\r\n')
    await client.receives(' BAD invalid command\r\n')
    expect(gate.auth.asked).toEqual([])
  })
})

describe('a reply of an auth server with line ends in it', () => {
  it('is an internal error, and never a second reply', async () => {
    const gate = await NginxGate.start({
      answer: () => 'HTTP/1.0 200 OK\r\nAuth-Status: no\rb OK in\r\nAuth-Wait: 1\r\n\r\n',
    })
    const client = await gate.tries('imap', 'u')
    await client.over()
    expect(client.text).toBe(`* OK IMAP4 ready\r\n${internalErrors.imap}`)
  })
})
