// What the gate asks an auth server and makes of its answers (freenginx's table 2.4, its cases 41 to
// 43), byte for byte, through the sockets of the built program.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accept } from '../kit/login-servers.ts'
import type { AuthAnswer } from '../kit/login-servers.ts'
import { converse } from './kit/converse.ts'
import type { Exchange } from './kit/converse.ts'
import { internalErrors, loginLines } from './kit/login-gate.ts'
import type { MailService } from './kit/login-gate.ts'
import { NginxGate } from './kit/nginx-gate.ts'
import { until } from './kit/until.ts'

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')
const services: readonly MailService[] = ['imap', 'pop3', 'smtp']
const greeting: Readonly<Record<MailService, Exchange>> = {
  imap: ['', '* OK IMAP4 ready\r\n'],
  pop3: ['', /^\+OK POP3 ready.*\r\n$/],
  smtp: ['', '220 mx.test ESMTP ready\r\n'],
}

/** The lines of a request, between its first and its last. */
async function asked(gate: NginxGate): Promise<string> {
  await until('the question', () => gate.auth.asked.length > 0)
  return gate.auth.asked[0]?.text ?? ''
}

function request(...headers: readonly string[]): string {
  return ['GET /auth HTTP/1.0', 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n')
}

describe('the question', () => {
  it('freenginx case 41: escapes what would end a header, and has own headers last', async () => {
    const gate = await NginxGate.start({ mail: 'auth_http_header X-Key "a b";' })
    const client = await gate.greeted('imap')
    client.send('a LOGIN "u %25\\"x" {3+}\r\np\t1\r\n')
    expect(await asked(gate)).toBe(
      request(
        'Auth-Method: plain',
        'Auth-User: u%20%2525"x',
        'Auth-Pass: p%091',
        'Auth-Protocol: imap',
        'Auth-Login-Attempt: 1',
        'Client-IP: 127.0.0.1',
        'X-Key: a b',
      ),
    )
  })

  it('of SMTP names the host of the client', async () => {
    const gate = await NginxGate.start()
    await gate.admits('smtp', 'ü')
    expect(await asked(gate)).toBe(
      request(
        'Auth-Method: plain',
        `Auth-User: ${Buffer.from('ü').toString('latin1')}`,
        'Auth-Pass: xyzzy',
        'Auth-Protocol: smtp',
        'Auth-Login-Attempt: 1',
        'Client-IP: 127.0.0.1',
        'Client-Host: [UNAVAILABLE]',
      ),
    )
  })

  it('of mail without a login has its envelope', async () => {
    const gate = await NginxGate.start({ smtp: 'smtp_auth none;' })
    const client = await gate.greeted('smtp')
    for (const line of ['EHLO me.test', 'MAIL FROM:<a@b> SIZE=3', 'RCPT TO:<c@d>']) {
      await client.command(line)
    }
    expect(await asked(gate)).toBe(
      request(
        'Auth-Method: none',
        'Auth-User: ',
        'Auth-Pass: ',
        'Auth-Protocol: smtp',
        'Auth-Login-Attempt: 1',
        'Client-IP: 127.0.0.1',
        'Client-Host: [UNAVAILABLE]',
        'Auth-SMTP-Helo: me.test',
        'Auth-SMTP-From: MAIL FROM:<a@b> SIZE=3',
        'Auth-SMTP-To: RCPT TO:<c@d>',
      ),
    )
  })

  it('behind a proxy has the addresses of its header', async () => {
    const gate = await NginxGate.start({
      listen: 'proxy_protocol',
      mail: 'set_real_ip_from 127.0.0.1;',
    })
    const first = 'PROXY TCP4 192.0.2.1 198.51.100.2 4711 143\r\n'
    await gate.admits('imap', 'u', { first })
    expect(await asked(gate)).toBe(
      request(
        'Auth-Method: plain',
        'Auth-User: u',
        'Auth-Pass: xyzzy',
        'Auth-Protocol: imap',
        'Auth-Login-Attempt: 1',
        'Client-IP: 192.0.2.1',
        'Proxy-Protocol-Addr: 192.0.2.1',
        'Proxy-Protocol-Port: 4711',
        'Proxy-Protocol-Server-Addr: 198.51.100.2',
        'Proxy-Protocol-Server-Port: 143',
      ),
    )
  })

  const salted: readonly (readonly [
    service: MailService,
    line: string,
    method: string,
    who: string,
  ])[] = [
    ['pop3', `APOP u ${'ab'.repeat(16)}\r\n`, 'apop', `u ${'ab'.repeat(16)}`],
    ['imap', `a AUTHENTICATE EXTERNAL ${base64('u')}\r\n`, 'external', 'u '],
    [
      'imap',
      `a AUTHENTICATE XOAUTH2 ${base64('user=u\u0001auth=Bearer tok\u0001\u0001')}\r\n`,
      'xoauth2',
      'u tok',
    ],
    [
      'smtp',
      `AUTH OAUTHBEARER ${base64('n,a=u=2Cv,\u0001auth=Bearer tok\u0001\u0001')}\r\n`,
      'oauthbearer',
      'u,v tok',
    ],
  ]
  it.each(salted)('of %s, %j, is %s', async (service, line, method, who) => {
    const [user = '', pass = ''] = who.split(' ')
    const gate = await NginxGate.start({
      mail: 'imap_auth external xoauth2; pop3_auth apop; smtp_auth oauthbearer;',
    })
    const client = await gate.greeted(service)
    client.send(line)
    const text = await asked(gate)
    expect(text).toContain(`\r\nAuth-Method: ${method}\r\nAuth-User: ${user}\r\n`)
    expect(text).toContain(`\r\nAuth-Pass: ${pass}\r\n`)
    const salt = /^\+OK POP3 ready (<.*>)\r\n/.exec(client.text)?.[1]
    if (salt !== undefined) expect(text).toContain(`\r\nAuth-Salt: ${salt}\r\n`)
  })
})

/** A row of table 2.4: what is answered, what the client of each protocol reads, what is logged. */
interface AnswerRow {
  readonly cites: string
  readonly answer: (port: number) => AuthAnswer
  /** Absent: the internal error of the protocol, and the end. */
  readonly reads?: Readonly<Record<MailService, string>>
  readonly ends?: boolean
  /** Behind the name of the server, in front of ` while in http auth state`. */
  readonly faults?: string
  /** The same without the name of the server. */
  readonly logs?: string
}

const headers = (...lines: readonly string[]): string =>
  `HTTP/1.0 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const allIn = {
  imap: 't1 OK upstream login\r\n',
  pop3: '+OK upstream did PASS\r\n',
  smtp: '235 2.0.0 OK\r\n',
}
const told = (text: string, code = '535 5.7.0'): Readonly<Record<MailService, string>> => ({
  imap: `t1 NO ${text}\r\n`,
  pop3: `-ERR ${text}\r\n`,
  smtp: `${code} ${text}\r\n`,
})
const server = 'Auth-Server: 127.0.0.1'

const answers: readonly AnswerRow[] = [
  { cites: 'OK with a server and a port', answer: (port) => accept(port), reads: allIn },
  {
    cites: 'freenginx case 42: no Auth-Status is OK',
    answer: (port) => headers(server, `Auth-Port: ${port}`),
    reads: allIn,
  },
  {
    cites: 'freenginx case 43: an HTTP status of 500 does not matter',
    answer: (port) => `HTTP/1.0 500 No\r\n${server}\r\nAuth-Port: ${port}\r\n\r\n`,
    reads: allIn,
  },
  {
    cites: 'freenginx case 43: no status line at all does not matter',
    answer: (port) => `${server}\r\nAuth-Port: ${port}\r\n\r\n`,
    reads: allIn,
  },
  {
    cites: 'the names of headers are read in any case, and a body is not read',
    answer: (port) => `${headers('auth-SERVER: 127.0.0.1', `AUTH-port: ${port}`)}Auth-Port: 1`,
    reads: allIn,
  },
  {
    cites: 'freenginx case 42: another text is a failure, told at once, and the end',
    answer: () => ({ 'Auth-Status': 'Invalid login or password' }),
    reads: told('Invalid login or password'),
    ends: true,
    logs: 'client login failed: "Invalid login or password"',
  },
  {
    cites: 'freenginx case 42: ok in lower case is a failure',
    answer: (port) => headers('Auth-Status: ok', server, `Auth-Port: ${port}`),
    reads: told('ok'),
    ends: true,
    logs: 'client login failed: "ok"',
  },
  {
    cites: 'freenginx case 42: Auth-Error-Code stands in front of the text, in SMTP',
    answer: () => ({ 'Auth-Status': 'Later', 'Auth-Error-Code': '451 4.3.0' }),
    reads: told('Later', '451 4.3.0'),
    ends: true,
  },
  {
    cites: 'Auth-Wait keeps the session',
    answer: () => ({ 'Auth-Status': 'no', 'Auth-Wait': '1' }),
    reads: told('no'),
  },
  {
    cites: 'no server',
    answer: (port) => headers(`Auth-Port: ${port}`),
    faults: 'did not send server or port',
  },
  { cites: 'no port', answer: () => headers(server), faults: 'did not send server or port' },
  {
    cites: 'the name of a host for a server',
    answer: (port) => headers('Auth-Server: host.name', `Auth-Port: ${port}`),
    faults: 'sent invalid server address:"host.name"',
  },
  {
    cites: 'port 0',
    answer: () => headers(server, 'Auth-Port: 0'),
    faults: 'sent invalid server port:"0"',
  },
  {
    cites: 'port 65536',
    answer: () => headers(server, 'Auth-Port: 65536'),
    faults: 'sent invalid server port:"65536"',
  },
  { cites: 'nothing', answer: () => '', faults: 'prematurely closed connection' },
  {
    cites: 'half of the headers',
    answer: () => `HTTP/1.0 200 OK\r\n${server}\r\n`,
    faults: 'prematurely closed connection',
  },
  {
    cites: 'a header with an underscore',
    answer: (port) => headers(server, `Auth-Port: ${port}`, 'X_Key: a'),
    faults: 'sent invalid header in response',
  },
  {
    cites:
      'freenginx case 43: more than 1024 bytes of headers are read, up to 8192 (decision 0015)',
    answer: (port) => headers(server, `Auth-Port: ${port}`, `X-Key: ${'x'.repeat(8000)}`),
    reads: allIn,
  },
  {
    cites: 'freenginx case 43: more than 8192 bytes of headers (decision 0015)',
    answer: (port) => headers(server, `Auth-Port: ${port}`, `X-Key: ${'x'.repeat(8192)}`),
    faults: 'sent too big header in response',
  },
]

describe('the answer', () => {
  let gate: NginxGate
  let answer: (port: number) => AuthAnswer = () => ''
  beforeAll(async () => {
    gate = await NginxGate.startForMany({
      answer: (question, behind) => answer(behind.port(question.headers.get('auth-protocol'))),
    })
  })
  afterAll(() => gate.stop())

  it.each(answers.map((row): [string, AnswerRow] => [row.cites, row]))(
    '%s',
    async (_cites, row) => {
      answer = row.answer
      for (const service of services) {
        const start = gate.log.length
        const isBroken = row.reads === undefined
        const before = service === 'pop3' ? '+OK\r\n' : ''
        await converse(gate.connect(service), {
          cites: row.cites,
          talk: [
            greeting[service],
            [loginLines(service, 'u'), before + (row.reads ?? internalErrors)[service]],
          ],
          ends: isBroken || row.ends === true,
        })
        const text =
          row.faults === undefined
            ? row.logs
            : `auth http server 127.0.0.1:${gate.authPort} ${row.faults}`
        if (text === undefined) continue
        const line = await until(
          () => `${text} in ${gate.log.slice(start)}`,
          () =>
            gate.log
              .slice(start)
              .split('\n')
              .find((found) => found.includes(text)),
        )
        const level = row.faults === undefined ? 'info' : 'error'
        expect(line.slice(20)).toMatch(new RegExp(`^\\[${level}\\] \\d+#\\d+: \\*\\d+ `))
        expect(line.slice(line.indexOf(text))).toBe(
          `${text} while in http auth state, client: 127.0.0.1, server: 127.0.0.1:${gate.ports[service]}, login: "u"`,
        )
      }
    },
  )

  it('is waited for until auth_http_timeout, also while it trickles', async () => {
    const slow = await NginxGate.start({
      mail: 'auth_http_timeout 1s;',
      answer: ({ socket }) => {
        const timer = setInterval(() => socket.write('X: a\r\n'), 200)
        socket.on('close', () => clearInterval(timer))
        return undefined
      },
    })
    await converse(slow.connect('imap'), {
      cites: 'timed out',
      talk: [greeting.imap, [loginLines('imap', 'u'), internalErrors.imap]],
      ends: true,
    })
    await slow.logs(
      /\[error\] .* auth http server 127\.0\.0\.1:\d+ timed out \(110: Connection timed out\) while in http auth state, client: 127\.0\.0\.1, server: 127\.0\.0\.1:\d+, login: "u"$/m,
    )
  })

  it('freenginx case 42: with Auth-Wait is told after that time, and the next attempt is counted', async () => {
    const patient = await NginxGate.start({
      answer: ({ headers: given }, behind) =>
        given.get('auth-login-attempt') === '2'
          ? accept(behind.port('imap'))
          : { 'Auth-Status': 'Invalid login or password', 'Auth-Wait': '1' },
    })
    const client = await patient.greeted('imap')
    const startMs = performance.now()
    client.send('a1 LOGIN u wrong\r\n')
    await client.receives('a1 NO Invalid login or password\r\n')
    // A timer may fire a little early by its own clock.
    expect(performance.now() - startMs).toBeGreaterThan(950)
    client.send('a2 LOGIN u xyzzy\r\n')
    await client.receives('a2 OK upstream login\r\n')
    expect(patient.auth.asked.map(({ headers: h }) => h.get('auth-login-attempt'))).toEqual([
      '1',
      '2',
    ])
  })

  it('of a method without a password needs Auth-Pass', async () => {
    const gateOfApop = await NginxGate.start({
      mail: 'pop3_auth apop;',
      answer: ({ headers: given }, behind) =>
        accept(behind.port('pop3'), given.get('auth-user') === 'w' ? { 'Auth-Pass': 'p' } : {}),
    })
    const apop = (user: string): string => `APOP ${user} ${'0'.repeat(32)}\r\n`
    await converse(gateOfApop.connect('pop3'), {
      cites: 'did not send password',
      talk: [greeting.pop3, [apop('u'), internalErrors.pop3]],
      ends: true,
    })
    await gateOfApop.logs(
      /auth http server 127\.0\.0\.1:\d+ did not send password while in http auth state, client: /,
    )
    await converse(gateOfApop.connect('pop3'), {
      cites: 'Auth-Pass',
      talk: [greeting.pop3, [apop('w'), '+OK upstream did PASS\r\n']],
    })
  })
})
