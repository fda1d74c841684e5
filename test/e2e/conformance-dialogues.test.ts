// The dialogues before login as freenginx has them (its table 2.3 and the conformance cases 38 to
// 40), byte for byte, through the sockets of the built program.

import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { converse } from './kit/converse.ts'
import type { Exchange, Row } from './kit/converse.ts'
import { NginxGate } from './kit/nginx-gate.ts'
import type { NginxGateOptions } from './kit/nginx-gate.ts'
import type { MailService } from './kit/login-gate.ts'
import { sleep, until, within } from './kit/until.ts'

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')
const plain = base64('\0u\0xyzzy')
const greeting: Readonly<Record<MailService, Exchange>> = {
  imap: ['', '* OK IMAP4 ready\r\n'],
  pop3: ['', '+OK POP3 ready\r\n'],
  smtp: ['', '220 mx.test ESMTP ready\r\n'],
}
const imapIn = 't1 OK upstream login\r\n'

function row(cites: string, ...talk: readonly Exchange[]): Row {
  return { cites, talk }
}

function last(cites: string, ...talk: readonly Exchange[]): Row {
  return { cites, talk, ends: true }
}

/** Plays a table against one gate. */
function table(service: MailService, options: NginxGateOptions, rows: readonly Row[]): void {
  let gate: NginxGate
  beforeAll(async () => {
    gate = await NginxGate.startForMany(options)
  })
  afterAll(() => gate.stop())

  it.each(rows.map((each): [string, Row] => [each.cites, each]))('%s', async (_cites, each) => {
    const isGreetingSaid = each.talk[0]?.[0] === ''
    const talk = isGreetingSaid ? each.talk : [greeting[service], ...each.talk]
    await converse(gate.connect(service), { ...each, talk })
  })
}

describe('IMAP', () => {
  table('imap', {}, [
    row('greets', greeting.imap),
    row('NOOP, in any case', ['a nOOp\r\n', 'a OK completed\r\n']),
    row('a tag of every kind of character, 32 long', [
      `aZ09-._${'x'.repeat(25)} NOOP\r\n`,
      `aZ09-._${'x'.repeat(25)} OK completed\r\n`,
    ]),
    row('a tag of 33 characters', [`${'x'.repeat(33)} NOOP\r\n`, '* BAD invalid command\r\n']),
    row('a tag of other characters', ['a! NOOP\r\n', '* BAD invalid command\r\n']),
    last('LOGOUT', ['a LOGOUT\r\n', '* BYE\r\na OK completed\r\n']),
    row('CAPABILITY', [
      'a CAPABILITY\r\n',
      '* CAPABILITY IMAP4 IMAP4rev1 UIDPLUS AUTH=PLAIN\r\na OK completed\r\n',
    ]),
    row('STARTTLS where it is off', ['a STARTTLS\r\n', 'a BAD invalid command\r\n']),
    row(
      'freenginx case 39: an unknown command, and no tag',
      ['e FOO\r\n', 'e BAD invalid command\r\n'],
      ['* NOOP\r\n', '* BAD invalid command\r\n'],
    ),
    row('freenginx case 39: four LOGINs with wrong counts of arguments do not close', [
      'a LOGIN\r\nb LOGIN u\r\nc LOGIN u p x\r\nd LOGIN "" p\r\n',
      ['a', 'b', 'c', 'd'].map((tag) => `${tag} BAD invalid command\r\n`).join(''),
    ]),
    row('LOGIN with atoms', ['t1 LOGIN u xyzzy\r\n', imapIn]),
    row('LOGIN with quoted strings', ['t1 login "u \\"x\\\\" "xyzzy"\r\n', imapIn]),
    row(
      'LOGIN with literals that wait',
      ['t1 LOGIN {1}\r\n', '+ OK\r\n'],
      ['u {5}\r\n', '+ OK\r\n'],
      ['xyzzy\r\n', imapIn],
    ),
    row('LOGIN with literals that do not wait', ['t1 LOGIN {1+}\r\nu {5+}\r\nxyzzy\r\n', imapIn]),
    last('an invalid command that announces a literal', [
      'a FOO {7+}\r\nx NOOP\r\n',
      'a BAD invalid command\r\n',
    ]),
    row('AUTHENTICATE PLAIN', ['t1 AUTHENTICATE PLAIN\r\n', '+ \r\n'], [`${plain}\r\n`, imapIn]),
    row('AUTHENTICATE PLAIN with its first response', [
      `t1 AUTHENTICATE PLAIN ${plain}\r\n`,
      imapIn,
    ]),
    row(
      'AUTHENTICATE LOGIN, which is taken though it is not listed',
      ['t1 AUTHENTICATE LOGIN\r\n', '+ VXNlcm5hbWU6\r\n'],
      [`${base64('u')}\r\n`, '+ UGFzc3dvcmQ6\r\n'],
      [`${base64('xyzzy')}\r\n`, imapIn],
    ),
    row(
      'AUTHENTICATE LOGIN with the user name in it',
      [`t1 AUTHENTICATE LOGIN ${base64('u')}\r\n`, '+ UGFzc3dvcmQ6\r\n'],
      [`${base64('xyzzy')}\r\n`, imapIn],
    ),
    row('mechanisms that are off, and one that is none', [
      ['CRAM-MD5', 'EXTERNAL', 'XOAUTH2', 'OAUTHBEARER', 'FOO']
        .map((name) => `a AUTHENTICATE ${name}\r\n`)
        .join(''),
      'a BAD invalid command\r\n'.repeat(5),
    ]),
    row(
      'a cancelled exchange, and base64 that is none',
      ['a AUTHENTICATE PLAIN\r\n', '+ \r\n'],
      ['*\r\n', 'a BAD invalid command\r\n'],
      ['b AUTHENTICATE PLAIN\r\n', '+ \r\n'],
      ['!!!\r\n', 'b BAD invalid command\r\n'],
      ['c NOOP\r\n', 'c OK completed\r\n'],
    ),
    last('a command that outgrows the buffer', [
      `a NOOP ${'x'.repeat(5000)}`,
      /^(a|\*) BAD invalid command\r\n$/,
    ]),
    row('pipelined commands, answered one after the other', [
      'a NOOP\r\nb FOO\r\nc NOOP\r\n',
      'a OK completed\r\nb BAD invalid command\r\nc OK completed\r\n',
    ]),
  ])
})

describe('IMAP with max_errors 3 and max_commands 4', () => {
  table('imap', { mail: 'max_errors 3; max_commands 4;' }, [
    last('freenginx case 39: the third parse error is answered, then the end', [
      'a FOO\r\nb FOO\r\nc FOO\r\nd NOOP\r\n',
      'a BAD invalid command\r\nb BAD invalid command\r\nc BAD invalid command\r\n',
    ]),
    last('the fifth command is answered as an error, then the end', [
      'a NOOP\r\nb NOOP\r\nc NOOP\r\nd NOOP\r\ne NOOP\r\n',
      'a OK completed\r\nb OK completed\r\nc OK completed\r\nd OK completed\r\n' +
        'e BAD invalid command\r\n',
    ]),
  ])
})

describe('POP3', () => {
  table('pop3', {}, [
    row('greets', greeting.pop3),
    row('freenginx case 38: CAPA by default', [
      'CAPA\r\n',
      '+OK Capability list follows\r\nTOP\r\nUSER\r\nUIDL\r\nRESP-CODES\r\nSASL PLAIN LOGIN\r\n.\r\n',
    ]),
    row('AUTH alone lists the methods', [
      'AUTH\r\n',
      '+OK methods supported:\r\nPLAIN\r\nLOGIN\r\n.\r\n',
    ]),
    row('NOOP', ['noop\r\n', '+OK\r\n']),
    last('QUIT', ['QUIT\r\n', '+OK\r\n']),
    row('an unknown command', ['STAT\r\n', '-ERR invalid command\r\n']),
    row('STLS where it is off', ['STLS\r\n', '-ERR invalid command\r\n']),
    row('PASS before USER', ['PASS xyzzy\r\n', '-ERR invalid command\r\n']),
    row(
      'a second USER goes back to the start',
      ['USER u\r\n', '+OK\r\n'],
      ['USER v\r\n', '-ERR invalid command\r\n'],
      ['PASS xyzzy\r\n', '-ERR invalid command\r\n'],
    ),
    row(
      'USER and PASS with spaces in them',
      ['USER u v\r\n', '+OK\r\n'],
      ['PASS xy zzy\r\n', '+OK upstream did PASS\r\n'],
    ),
    row(
      'CAPA and NOOP after USER',
      ['USER u\r\n', '+OK\r\n'],
      [
        'CAPA\r\n',
        '+OK Capability list follows\r\nTOP\r\nUSER\r\nUIDL\r\nRESP-CODES\r\nSASL PLAIN LOGIN\r\n.\r\n',
      ],
      ['NOOP\r\n', '+OK\r\n'],
    ),
    row('AUTH PLAIN', ['AUTH PLAIN\r\n', '+ \r\n'], [`${plain}\r\n`, '+OK upstream did PASS\r\n']),
    row(
      'AUTH LOGIN',
      ['AUTH LOGIN\r\n', '+ VXNlcm5hbWU6\r\n'],
      [`${base64('u')}\r\n`, '+ UGFzc3dvcmQ6\r\n'],
      [`${base64('xyzzy')}\r\n`, '+OK upstream did PASS\r\n'],
    ),
    row('APOP where it is off', ['APOP u 0123\r\n', '-ERR invalid command\r\n']),
    row(
      'a cancelled exchange',
      ['AUTH PLAIN\r\n', '+ \r\n'],
      ['*\r\n', '-ERR invalid command\r\n'],
    ),
    last('the fifth parse error is answered, then the end', [
      'FOO\r\n'.repeat(6),
      '-ERR invalid command\r\n'.repeat(5),
    ]),
  ])
})

describe('SMTP', () => {
  table('smtp', {}, [
    row('greets', greeting.smtp),
    row('HELO', ['HELO me.test\r\n', '250 mx.test\r\n']),
    row('EHLO', ['ehlo me.test\r\n', '250-mx.test\r\n250 AUTH PLAIN LOGIN\r\n']),
    row('freenginx case 40: HELO with two arguments', [
      'HELO a b\r\nEHLO\r\n',
      '501 5.5.4 Invalid argument\r\n'.repeat(2),
    ]),
    row('freenginx case 40: DATA, and what else is not for this stage', [
      'DATA\r\nVRFY x\r\nEXPN x\r\n',
      '500 5.5.1 Invalid command\r\n'.repeat(3),
    ]),
    row('HELP and BDAT', ['HELP\r\nBDAT 3\r\n', '500 5.5.1 Invalid command\r\n'.repeat(2)]),
    row('freenginx case 40: MAIL without a login, which is no error', [
      'MAIL FROM:<a@b>\r\n'.repeat(6),
      '530 5.7.1 Authentication required\r\n'.repeat(6),
    ]),
    row('NOOP and RSET', ['NOOP\r\nRSET\r\n', '250 2.0.0 OK\r\n'.repeat(2)]),
    last('QUIT', ['QUIT\r\n', '221 2.0.0 Bye\r\n']),
    row('STARTTLS where it is off', ['STARTTLS\r\n', '500 5.5.1 Invalid command\r\n']),
    row('AUTH without arguments', ['AUTH\r\n', '501 5.5.4 Invalid argument\r\n']),
    row(
      'AUTH PLAIN',
      ['EHLO me.test\r\n', '250-mx.test\r\n250 AUTH PLAIN LOGIN\r\n'],
      ['AUTH PLAIN\r\n', '334 \r\n'],
      [`${plain}\r\n`, '235 2.0.0 OK\r\n'],
      ['MAIL FROM:<a@b>\r\n', '250 2.0.0 upstream did MAIL\r\n'],
    ),
    row(
      'AUTH LOGIN',
      ['AUTH LOGIN\r\n', '334 VXNlcm5hbWU6\r\n'],
      [`${base64('u')}\r\n`, '334 UGFzc3dvcmQ6\r\n'],
      [`${base64('xyzzy')}\r\n`, '235 2.0.0 OK\r\n'],
    ),
    last('the fifth parse error is answered, then the end', [
      'FOO\r\n'.repeat(6),
      '500 5.5.1 Invalid command\r\n'.repeat(5),
    ]),
  ])

  it('freenginx case 40: who is rejected for want of a login is logged, line ends shown as _', async () => {
    const gate = await NginxGate.start()
    const client = await gate.greeted('smtp')
    expect(await client.command('MAIL FROM:<a@b>')).toBe('530 5.7.1 Authentication required\r\n')
    await gate.logs(
      /client was rejected: "MAIL FROM:<a@b>__" while in auth state, client: 127\.0\.0\.1, server: 127\.0\.0\.1:\d+$/m,
    )
  })

  it('freenginx case 40: who talks before a delayed greeting is told, and goes', async () => {
    const gate = await NginxGate.start({ smtp: 'smtp_greeting_delay 2s;' })
    await converse(gate.connect('smtp', { first: 'EHLO x\r\n' }), {
      cites: 'early talk',
      talk: [['', '503 5.5.0 Improper use of SMTP command pipelining\r\n']],
      ends: true,
    })
    await gate.logs(
      /client was rejected before greeting: "EHLO x__" while in delay pipelining state, client: 127\.0\.0\.1, server: /,
    )
    const patient = gate.connect('smtp')
    await sleep(500)
    expect(patient.text).toBe('')
    await patient.receives('220 mx.test ESMTP ready\r\n')
  })
})

describe('SMTP with smtp_auth none', () => {
  table('smtp', { smtp: 'smtp_auth none;' }, [
    row('EHLO lists no AUTH', ['EHLO me.test\r\n', '250 mx.test\r\n']),
    row(
      'RCPT before MAIL, and a second MAIL',
      ['HELO me.test\r\n', '250 mx.test\r\n'],
      ['RCPT TO:<c@d>\r\n', '503 5.5.1 Bad sequence of commands\r\n'],
      ['MAIL FROM:<a@b>\r\n', '250 2.0.0 OK\r\n'],
      ['MAIL FROM:<a@b>\r\n', '503 5.5.1 Bad sequence of commands\r\n'],
      ['RSET\r\n', '250 2.0.0 OK\r\n'],
      ['RCPT TO:<c@d>\r\n', '503 5.5.1 Bad sequence of commands\r\n'],
    ),
    row(
      'EHLO forgets the sender',
      ['EHLO me.test\r\n', '250 mx.test\r\n'],
      ['MAIL FROM:<a@b>\r\n', '250 2.0.0 OK\r\n'],
      ['EHLO me.test\r\n', '250 mx.test\r\n'],
      ['RCPT TO:<c@d>\r\n', '503 5.5.1 Bad sequence of commands\r\n'],
    ),
    row(
      'RCPT is what the upstream says of it',
      ['EHLO me.test\r\n', '250 mx.test\r\n'],
      ['MAIL FROM:<a@b>\r\n', '250 2.0.0 OK\r\n'],
      ['RCPT TO:<c@d>\r\n', '250 2.0.0 upstream did RCPT\r\n'],
      ['DATA\r\n', '250 2.0.0 upstream did DATA\r\n'],
    ),
  ])
})

const certificate = 'ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;'
const everyWay: NginxGateOptions = {
  hasCertificate: true,
  mail:
    `${certificate} starttls on; smtp_capabilities 8BITMIME "SIZE 1000";` +
    'imap_auth plain login cram-md5 external xoauth2 oauthbearer;' +
    'pop3_auth plain apop cram-md5 external xoauth2 oauthbearer;' +
    'smtp_auth plain login cram-md5 external xoauth2 oauthbearer;',
  answer: ({ headers }) => {
    const challenge = headers.get('auth-method')?.includes('auth') === true
    const sasl = challenge ? { 'Auth-Error-SASL': base64('{"status":"401"}') } : {}
    return { 'Auth-Status': 'no', 'Auth-Wait': '1', ...sasl }
  },
}
const mechanisms = 'PLAIN LOGIN CRAM-MD5 EXTERNAL XOAUTH2 OAUTHBEARER'
const failure = base64('{"status":"401"}')
const bearer = base64('n,a=u=2Cv,\u0001auth=Bearer tok\u0001\u0001')
const xoauth = base64('user=u\u0001auth=Bearer tok\u0001\u0001')

describe('IMAP with every way to log in, and STARTTLS', () => {
  table('imap', everyWay, [
    row('CAPABILITY', [
      'a CAPABILITY\r\n',
      `* CAPABILITY IMAP4 IMAP4rev1 UIDPLUS ${mechanisms
        .split(' ')
        .map((name) => `AUTH=${name}`)
        .join(' ')} STARTTLS\r\na OK completed\r\n`,
    ]),
    row('STARTTLS', ['a STARTTLS\r\n', 'a OK completed\r\n']),
    row('CRAM-MD5 challenges with the name of the server', [
      'a AUTHENTICATE CRAM-MD5\r\n',
      /^\+ PD[A-Za-z0-9+/]+=*\r\n$/,
    ]),
    row('EXTERNAL', [`a AUTHENTICATE EXTERNAL ${base64('u')}\r\n`, 'a NO no\r\n']),
    row('EXTERNAL that asks', ['a AUTHENTICATE EXTERNAL\r\n', '+ VXNlcm5hbWU6\r\n']),
    row(
      'OAUTHBEARER refused, which the client has to acknowledge',
      [`a AUTHENTICATE OAUTHBEARER ${bearer}\r\n`, `+ ${failure}\r\n`],
      ['AQ==\r\n', 'a NO no\r\n'],
    ),
    row(
      'OAUTHBEARER refused, and something else said',
      [`a AUTHENTICATE OAUTHBEARER ${bearer}\r\n`, `+ ${failure}\r\n`],
      ['x\r\n', 'a BAD invalid command\r\n'],
    ),
    row(
      'XOAUTH2 refused, which the client has to acknowledge',
      [`a AUTHENTICATE XOAUTH2 ${xoauth}\r\n`, `+ ${failure}\r\n`],
      ['\r\n', 'a NO no\r\n'],
    ),
  ])
})

describe('POP3 with every way to log in, and STLS', () => {
  const ready: Exchange = ['', /^\+OK POP3 ready <\d+\.\d+@mx\.test>\r\n$/]
  table('pop3', everyWay, [
    row('greets with a salt', ready),
    row('CAPA', ready, [
      'CAPA\r\n',
      `+OK Capability list follows\r\nTOP\r\nUSER\r\nUIDL\r\nRESP-CODES\r\nSASL ${mechanisms}\r\nSTLS\r\n.\r\n`,
    ]),
    row(
      'CAPA after USER lists no STLS',
      ready,
      ['USER u\r\n', '+OK\r\n'],
      [
        'CAPA\r\n',
        `+OK Capability list follows\r\nTOP\r\nUSER\r\nUIDL\r\nRESP-CODES\r\nSASL ${mechanisms}\r\n.\r\n`,
      ],
    ),
    row('STLS', ready, ['STLS\r\n', '+OK\r\n']),
    row('APOP', ready, [`APOP u ${'0'.repeat(32)}\r\n`, '-ERR no\r\n']),
    row(
      'CRAM-MD5',
      ready,
      ['AUTH CRAM-MD5\r\n', /^\+ PD[A-Za-z0-9+/]+=*\r\n$/],
      [`${base64(`u ${'0'.repeat(32)}`)}\r\n`, '-ERR no\r\n'],
    ),
  ])
})

describe('SMTP with every way to log in, and STARTTLS', () => {
  table('smtp', everyWay, [
    row('EHLO', [
      'EHLO me.test\r\n',
      `250-mx.test\r\n250-8BITMIME\r\n250-SIZE 1000\r\n250-AUTH ${mechanisms}\r\n250 STARTTLS\r\n`,
    ]),
    row('STARTTLS', ['STARTTLS\r\n', '220 2.0.0 Start TLS\r\n']),
    row(
      'XOAUTH2 refused',
      [`AUTH XOAUTH2 ${xoauth}\r\n`, `334 ${failure}\r\n`],
      ['\r\n', '535 5.7.0 no\r\n'],
    ),
  ])
})

const tlsOnly: NginxGateOptions = { hasCertificate: true, mail: `${certificate} starttls only;` }

describe('IMAP with starttls only', () => {
  table('imap', tlsOnly, [
    row('CAPABILITY', [
      'a CAPABILITY\r\n',
      '* CAPABILITY IMAP4 IMAP4rev1 UIDPLUS STARTTLS LOGINDISABLED\r\na OK completed\r\n',
    ]),
    row('a login in plain text, which is no error that counts', [
      `${'a LOGIN u xyzzy\r\n'.repeat(3)}${`b AUTHENTICATE PLAIN ${plain}\r\n`.repeat(3)}`,
      'a BAD invalid command\r\n'.repeat(3) + 'b BAD invalid command\r\n'.repeat(3),
    ]),
  ])
})

describe('POP3 with starttls only', () => {
  table('pop3', tlsOnly, [
    row('freenginx case 38: CAPA without USER and SASL, with STLS', [
      'CAPA\r\n',
      '+OK Capability list follows\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nSTLS\r\n.\r\n',
    ]),
    row('a login in plain text', [
      `USER u\r\nAUTH PLAIN ${plain}\r\n`,
      '-ERR invalid command\r\n'.repeat(2),
    ]),
  ])
})

describe('SMTP with starttls only', () => {
  table('smtp', tlsOnly, [
    row('EHLO lists STARTTLS alone', ['EHLO me.test\r\n', '250-mx.test\r\n250 STARTTLS\r\n']),
  ])

  it('logs in inside TLS', async () => {
    const gate = await NginxGate.start(tlsOnly)
    const client = await gate.greeted('smtp')
    expect(await client.command('STARTTLS')).toBe('220 2.0.0 Start TLS\r\n')
    client.socket.removeAllListeners('data')
    const secured = connectTls({ socket: client.socket, rejectUnauthorized: false })
    let text = ''
    secured.on('error', () => secured.destroy())
    secured.on('data', (chunk: Buffer) => (text += chunk.toString()))
    secured.write(`EHLO me.test\r\nAUTH PLAIN ${plain}\r\n`)
    await until('the login', () => text.includes('235'))
    expect(text).toBe('250-mx.test\r\n250 AUTH PLAIN LOGIN\r\n235 2.0.0 OK\r\n')
  })
})

describe('a client certificate', () => {
  const words: readonly (readonly [MailService, string, string])[] = [
    ['imap', '* BYE No required SSL certificate\r\n', '* BYE SSL certificate error\r\n'],
    ['pop3', '-ERR No required SSL certificate\r\n', '-ERR SSL certificate error\r\n'],
    ['smtp', '421 4.7.1 No required SSL certificate\r\n', '421 4.7.1 SSL certificate error\r\n'],
  ]
  it.each(words)(
    'over %s that is missing or wrong is told inside TLS, and logged',
    async (...columns) => {
      const [service, missing, wrong] = columns
      const gate = await NginxGate.start({
        hasCertificate: true,
        listen: 'ssl',
        mail: `${certificate} ssl_verify_client on; ssl_client_certificate {dir}/cert.pem;`,
      })
      const port = gate.ports[service]
      expect(await readInTls({ port })).toBe(missing)
      const stranger = await generate([{ name: 'commonName', value: 'stranger' }], {
        keyType: 'ec',
      })
      expect(await readInTls({ port, cert: stranger.cert, key: stranger.private })).toBe(wrong)
      await gate.logs(/\[info\] .*client sent no required SSL certificate/)
      await gate.logs(/\[info\] .*client SSL certificate verify error: \(\d+:[^)]+\)/)
    },
  )
})

/** Everything that is said to who says nothing, up to the end. */
function readInTls(options: ConnectionOptions): Promise<string> {
  const socket = connectTls({ host: '127.0.0.1', rejectUnauthorized: false, ...options })
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve(`${text}${error.message}`))
    socket.on('close', () => resolve(text))
  })
  return within('the end of a connection by TLS', ended)
}

describe('the time to log in', () => {
  it('is absolute: commands do not prolong it, and it ends without a word', async () => {
    const gate = await NginxGate.start({ mail: 'timeout 2s;' })
    const client = await gate.greeted('imap')
    const startMs = performance.now()
    while (!client.hasEnded) {
      client.send('a NOOP\r\n')
      await sleep(300)
    }
    const tookMs = performance.now() - startMs
    expect(tookMs).toBeGreaterThan(1500)
    expect(client.text).toMatch(/^\* OK IMAP4 ready\r\n(a OK completed\r\n)+$/)
    await gate.logs(
      /\[info\] .* client timed out \(110: Connection timed out\) while in auth state, client: 127\.0\.0\.1, server: /,
    )
  })
})
