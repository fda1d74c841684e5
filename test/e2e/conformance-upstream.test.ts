// What the gate makes of what an upstream says during the login (freenginx's table 2.7, its cases 44
// and 45), and the log lines of a session's life (2.2), on the built program.

import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { converse } from './kit/converse.ts'
import type { Exchange } from './kit/converse.ts'
import { internalErrors, loginLines } from './kit/login-gate.ts'
import type { MailService } from './kit/login-gate.ts'
import { NginxGate } from './kit/nginx-gate.ts'
import { freePort } from './kit/ports.ts'
import { until } from './kit/until.ts'
import { accept } from '../kit/login-servers.ts'

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')

/** An upstream that greets, and answers each line by the first pattern that matches it. */
function upstream(greets: string, answers: readonly (readonly [RegExp, string])[]) {
  return (socket: Socket): void => {
    socket.write(greets)
    socket.on('end', () => socket.end())
    let partial = ''
    socket.on('data', (chunk: Buffer) => {
      const lines = (partial + chunk.toString('latin1')).split('\r\n')
      partial = lines.pop() ?? ''
      for (const line of lines) {
        const found = answers.find(([pattern]) => pattern.test(line))
        if (found !== undefined) socket.write(found[1])
      }
    })
  }
}

const literals = [
  [/ LOGIN \{/, '+ OK\r\n'],
  [/\}$/, '+ OK\r\n'],
] as const
const imapUpstream = (last: string): ReturnType<typeof upstream> =>
  upstream('* OK hi\r\n', [...literals, [/^xyzzy$/, last]])
const mail = ['HELO me.test\r\n', 'MAIL FROM:<a@b>\r\n'] as const
const toMail: readonly Exchange[] = [
  [mail[0], '250 mx.test\r\n'],
  [mail[1], '250 2.0.0 OK\r\n'],
]
const rcpt = 'RCPT TO:<c@d>\r\n'

interface Refusal {
  readonly cites: string
  readonly service: MailService
  readonly serve: (socket: Socket) => void
  /** What the upstream says, which the client reads when told so. */
  readonly says: string
  /** No login: RCPT takes its place. */
  readonly isMail?: boolean
}

const refusals: readonly Refusal[] = [
  {
    cites: 'IMAP, NO',
    service: 'imap',
    serve: imapUpstream('t1 NO [AUTHENTICATIONFAILED] nope\r\n'),
    says: 't1 NO [AUTHENTICATIONFAILED] nope\r\n',
  },
  {
    cites: 'IMAP, BYE for a greeting',
    service: 'imap',
    serve: upstream('* BYE go away\r\n', []),
    says: '* BYE go away\r\n',
  },
  {
    cites: 'POP3, locked',
    service: 'pop3',
    serve: upstream('+OK hi\r\n', [
      [/^USER/, '+OK\r\n'],
      [/^PASS/, '-ERR [IN-USE] locked\r\n'],
    ]),
    says: '-ERR [IN-USE] locked\r\n',
  },
  {
    cites: 'SMTP, 554 for a greeting',
    service: 'smtp',
    serve: upstream('554 no\r\n', []),
    says: '554 no\r\n',
  },
  {
    cites: 'SMTP, XCLIENT',
    service: 'smtp',
    serve: upstream('220 hi\r\n', [
      [/^EHLO/, '250-hi\r\n250 XCLIENT NAME ADDR LOGIN\r\n'],
      [/^XCLIENT/, '550 not you\r\n'],
    ]),
    says: '550 not you\r\n',
  },
  {
    cites: 'SMTP without a login, MAIL',
    service: 'smtp',
    serve: upstream('220 hi\r\n', [
      [/^(EHLO|HELO)/, '250 hi\r\n'],
      [/^MAIL/, '550 not from you\r\n'],
    ]),
    says: '550 not from you\r\n',
    isMail: true,
  },
]

describe.each(['off', 'on'] as const)('proxy_pass_error_message %s', (flag) => {
  let serve: (socket: Socket) => void = () => undefined
  let gate: NginxGate
  let withoutLogin: NginxGate
  beforeAll(async () => {
    const serveNow = (socket: Socket): void => serve(socket)
    const common = `proxy_pass_error_message ${flag};`
    gate = await NginxGate.startForMany({ mail: common, serve: serveNow })
    withoutLogin = await NginxGate.startForMany({
      mail: `${common} smtp_auth none;`,
      serve: serveNow,
    })
  })
  afterAll(async () => {
    await gate.stop()
    await withoutLogin.stop()
  })

  it.each(refusals.map((each): [string, Refusal] => [each.cites, each]))(
    `freenginx case 44: with ${flag}, %s`,
    async (_cites, refusal) => {
      const { service, says, isMail } = refusal
      serve = refusal.serve
      const before = service === 'pop3' ? '+OK\r\n' : ''
      const answer = before + (flag === 'on' ? says : internalErrors[service])
      const client = (isMail === true ? withoutLogin : gate).connect(service)
      await converse(client, {
        cites: refusal.cites,
        talk: [
          ['', /^[+*2][^\n]*\n$/],
          ...(isMail === true ? [...toMail, [rcpt, answer] as const] : []),
          ...(isMail === true ? [] : [[loginLines(service, 'u'), answer] as const]),
        ],
        ends: true,
      })
      await (isMail === true ? withoutLogin : gate).logs(
        new RegExp(
          `\\[${flag === 'on' ? 'info' : 'error'}\\] .* upstream sent invalid response: "${escaped(says.trimEnd())}" ` +
            `while reading response from upstream, client: 127\\.0\\.0\\.1, server: 127\\.0\\.0\\.1:\\d+(, login: "u")?, upstream: 127\\.0\\.0\\.1:\\d+$`,
          'm',
        ),
      )
    },
  )

  it(`freenginx case 44: with ${flag}, the reply to RCPT is passed on, and the session goes on`, async () => {
    serve = upstream('220 hi\r\n', [
      [/^(EHLO|HELO|MAIL)/, '250 hi\r\n'],
      [/^RCPT/, '550 no such user\r\n'],
      [/^NOOP/, '250 still here\r\n'],
    ])
    await converse(withoutLogin.connect('smtp'), {
      cites: 'RCPT',
      talk: [
        ['', '220 mx.test ESMTP ready\r\n'],
        ...toMail,
        [rcpt, '550 no such user\r\n'],
        ['NOOP\r\n', '250 still here\r\n'],
      ],
    })
  })
})

function escaped(text: string): string {
  return text.replaceAll(/[[\]*+.()]/g, String.raw`\$&`)
}

describe('an IMAP upstream', () => {
  it('freenginx case 45: may say untagged lines before its OK, which are passed on (as nginx 1.27.3)', async () => {
    const capability = '* CAPABILITY IMAP4rev1 IDLE\r\n'
    const gate = await NginxGate.start({
      serve: upstream('* OK hi\r\n', [
        ...literals,
        [/^xyzzy$/, `${capability}* OK [ALERT] news\r\nt1 OK in\r\n`],
        [/NOOP$/, 't2 OK done\r\n'],
      ]),
    })
    await converse(gate.connect('imap'), {
      cites: 'untagged',
      talk: [
        ['', '* OK IMAP4 ready\r\n'],
        [loginLines('imap', 'u'), `${capability}* OK [ALERT] news\r\nt1 OK in\r\n`],
        ['t2 NOOP\r\n', 't2 OK done\r\n'],
      ],
    })
  })
})

describe('the log of a session (2.2)', () => {
  /** What stands behind the number of the session, of every line that is about one. */
  const linesOf = (gate: NginxGate): string[] =>
    [...gate.log.matchAll(/\[(\w+)\] \d+#\d+: \*1 (.*)$/gm)].map(
      ([, level = '', text = '']) => `${level}: ${text}`,
    )

  it('has its accept, its login, and its end', async () => {
    const gate = await NginxGate.start()
    const client = await gate.admits('imap', 'u@d')
    const from = client.socket.address()
    const port = 'port' in from ? from.port : 0
    await client.close()
    await gate.logs(/proxied session done/)
    const server = `127.0.0.1:${gate.ports.imap}`
    const upstreamAt = `127.0.0.1:${gate.behind.port('imap')}`
    const context = `client: 127.0.0.1, server: ${server}, login: "u@d"`
    expect(linesOf(gate)).toEqual([
      `info: client 127.0.0.1:${port} connected to ${server}`,
      `info: client logged in, ${context}`,
      `info: proxied session done, ${context}, upstream: ${upstreamAt}`,
    ])
  })

  const auth = (mechanism: string, response: string): string => `AUTH ${mechanism} ${response}\r\n`
  const wrong: readonly (readonly [service: MailService, sent: string, logged: string])[] = [
    ['smtp', auth('PLAIN', '!!!'), 'client sent invalid base64 encoding in AUTH PLAIN command'],
    ['smtp', auth('PLAIN', base64('u')), 'client sent invalid login in AUTH PLAIN command'],
    ['smtp', auth('PLAIN', base64('\0u')), 'client sent invalid password in AUTH PLAIN command'],
    ['smtp', `NOOP ${'x'.repeat(5000)}`, 'client sent too long command "NOOP..."'],
    ['pop3', 'FOO\r\n'.repeat(5), 'client sent too many invalid commands'],
    ['imap', 'a NOOP\r\n'.repeat(9), 'client sent too many commands'],
  ]
  it.each(wrong)('of %s says of %j: %s', async (service, sent, logged) => {
    const gate = await NginxGate.start({ mail: 'max_commands 8;' })
    const client = await gate.greeted(service)
    client.send(sent)
    const server = `127.0.0.1:${gate.ports[service]}`
    await until(
      () => `${logged} in ${gate.log}`,
      () =>
        linesOf(gate).includes(
          `info: ${logged} while in auth state, client: 127.0.0.1, server: ${server}`,
        ),
    )
  })

  it('says so when CRAM-MD5 is no hash', async () => {
    const gate = await NginxGate.start({ mail: 'imap_auth cram-md5;' })
    const client = await gate.greeted('imap')
    client.send('a AUTHENTICATE CRAM-MD5\r\n')
    await client.receives('+ ')
    client.send(`${base64('u 123')}\r\n`)
    await gate.logs(
      /\[info\] .*client sent invalid CRAM-MD5 hash in AUTH CRAM-MD5 command while in auth state, client: 127\.0\.0\.1, server: [\d.:]+$/m,
    )
  })

  it('says so when the upstream is not there', async () => {
    const port = await freePort()
    const gate = await NginxGate.start({ answer: () => accept(port) })
    const client = await gate.tries('imap', 'u')
    await client.over()
    await gate.logs(
      /\[error\] .*connect\(\) failed \(111: Connection refused\) while connecting to upstream, client: 127\.0\.0\.1, server: [\d.:]+, login: "u", upstream: 127\.0\.0\.1:\d+$/m,
    )
  })

  it('says so when the upstream is silent in the login, and when both are in the relay', async () => {
    const gate = await NginxGate.start({ mail: 'timeout 1s;', serve: () => undefined })
    const client = await gate.tries('imap', 'u')
    await client.over()
    await gate.logs(
      /\[error\] .*upstream timed out \(110: Connection timed out\) while connecting to upstream, client: 127\.0\.0\.1, server: [\d.:]+, login: "u", upstream: 127\.0\.0\.1:\d+$/m,
    )
    const relayed = await NginxGate.start({ mail: 'proxy_timeout 1s;' })
    const idle = await relayed.admits('imap', 'u')
    await idle.over()
    await relayed.logs(
      /\[info\] .*upstream timed out \(110: Connection timed out\) while proxying, client: 127\.0\.0\.1, server: [\d.:]+, login: "u", upstream: 127\.0\.0\.1:\d+$/m,
    )
  })

  it('shows what came in place of a PROXY header', async () => {
    const gate = await NginxGate.start({ listen: 'proxy_protocol' })
    const client = gate.connect('imap', { first: 'EHLO x\r\n' })
    await client.over()
    expect(client.text).toBe('')
    await gate.logs(
      /\[error\] .*broken header: "EHLO x" while reading PROXY protocol, client: 127\.0\.0\.1, server: [\d.:]+$/m,
    )
  })
})
