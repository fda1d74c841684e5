// Whole dialogues through a watch, each run in one piece, byte by byte, cut everywhere and at
// random.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Address } from '../../base/address.ts'
import { awaitedMaxCount, holdMaxBytes, holdPauseBytes, watchMaxBytes } from './bounds.ts'
import { SmtpWatch } from './watch.ts'
import type { WatchActions } from './watch-actions.ts'
import type { WatchSettings } from './watch-rules.ts'

const origin = { file: 'a.conf', line: 1, column: 1 }
const address: Address = { family: 4, words: [0xc0000201], text: '192.0.2.1' }

/** What a step does to the two sides; an end is written behind the bytes. */
interface Effect {
  readonly toClient?: string
  readonly toUpstream?: string
  readonly close?: string
  readonly transparent?: true
}

interface Step extends Effect {
  readonly from: 'client' | 'upstream' | 'reload'
  readonly bytes: string
}

interface Transcript {
  readonly name: string
  readonly settings: WatchSettings
  readonly steps: readonly Step[]
}

/** The client sends a line; unless said otherwise it goes to the upstream as it is. */
function c(line: string, effect?: Effect): Step {
  const bytes = `${line}\r\n`
  return { from: 'client', bytes, ...(effect ?? { toUpstream: bytes }) }
}

/** The upstream sends a line; unless said otherwise it goes to the client as it is. */
function u(line: string, effect?: Effect): Step {
  const bytes = `${line}\r\n`
  return { from: 'upstream', bytes, ...(effect ?? { toClient: bytes }) }
}

const reload: Step = { from: 'reload', bytes: '' }

type Split = (bytes: Buffer) => readonly Buffer[]

class Harness {
  readonly watch: SmtpWatch
  isTransparent = false
  close: string | undefined
  peakBytes = 0

  constructor(settings: WatchSettings) {
    this.watch = new SmtpWatch({ settings, client: { address, port: 4711 }, ehloName: 'gate.test' })
    this.isTransparent = this.watch.start().transparent === true
  }

  play(step: Step, split: Split): Required<Pick<Effect, 'toClient' | 'toUpstream'>> {
    if (step.from === 'reload') this.watch.policyReplaced()
    const total = { toClient: '', toUpstream: '' }
    for (const chunk of split(Buffer.from(step.bytes, 'latin1'))) {
      if (this.close !== undefined) continue
      const actions = this.#pass(step.from, Buffer.from(chunk))
      total.toClient += textOf(actions.toClient)
      total.toUpstream += textOf(actions.toUpstream)
      this.close = actions.close?.reason
      if (actions.transparent === true) this.isTransparent = true
      this.peakBytes = Math.max(this.peakBytes, this.watch.bufferedBytes)
    }
    return total
  }

  /** Once it is asked to, the relay goes on without the watch. */
  #pass(from: Step['from'], chunk: Buffer): WatchActions {
    if (!this.isTransparent) {
      return from === 'client' ? this.watch.fromClient(chunk) : this.watch.fromUpstream(chunk)
    }
    return from === 'client' ? { toUpstream: [chunk] } : { toClient: [chunk] }
  }
}

function textOf(buffers: readonly Buffer[] | undefined): string {
  return Buffer.concat(buffers ?? []).toString('latin1')
}

function run(transcript: Transcript, split: Split): void {
  const harness = new Harness(transcript.settings)
  let isTransparent = false
  for (const [index, step] of transcript.steps.entries()) {
    const place = `step ${index}: ${step.from} ${JSON.stringify(step.bytes)}`
    isTransparent ||= step.transparent ?? false
    const expected = {
      toClient: step.toClient ?? '',
      toUpstream: step.toUpstream ?? '',
      close: step.close,
      isTransparent,
    }
    const total = harness.play(step, split)
    const { close } = harness
    const actual = { ...total, close, isTransparent: harness.isTransparent }
    expect({ place, ...actual }).toEqual({ place, ...expected })
  }
  expect(harness.peakBytes).toBeLessThanOrEqual(watchMaxBytes)
}

const unsplit: Split = (bytes) => [bytes]
const everyByte: Split = (bytes) => Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1))
const splitAt =
  (at: number): Split =>
  (bytes) => [bytes.subarray(0, at), bytes.subarray(at)]

function randomSplit(sizes: readonly number[]): Split {
  let index = 0
  return (bytes) => {
    const chunks: Buffer[] = []
    for (let at = 0; at < bytes.length; index += 1) {
      const size = sizes[index % sizes.length] ?? 1
      chunks.push(bytes.subarray(at, at + size))
      at += size
    }
    return chunks
  }
}

const cap = (capMax: number): WatchSettings => ({ maxReceptions: { value: { capMax } } })
const batchReply = '421 4.5.3 Service unavailable, batch limit reached\r\n'
const batchEnd: Effect = {
  toClient: batchReply,
  toUpstream: 'QUIT\r\n',
  close: 'batch limit reached',
}

const hello = [u('220 up ESMTP'), c('EHLO a'), u('250 up')]
const helloChunking = [u('220 up ESMTP'), c('EHLO a'), u('250-up\r\n250 CHUNKING')]
const message = [
  c('MAIL FROM:<a@a>'),
  u('250 ok'),
  c('RCPT TO:<b@b>'),
  u('250 ok'),
  c('DATA'),
  u('354 go'),
  c('Subject: x\r\n\r\nMAIL FROM:<not@command>\r\n..\r\n.'),
  u('250 taken'),
]

const greetings: readonly Transcript[] = [
  {
    name: 'a static banner takes the place of the whole greeting, and nothing else is touched',
    settings: { staticBanner: { value: '220-mine\n220 no spam' } },
    steps: [
      u('220-up one', { toClient: '' }),
      u('220 up two', { toClient: '220-mine\r\n220 no spam\r\n', transparent: true }),
      c('EHLO a'),
      u('250 220 up'),
    ],
  },
  {
    name: 'a banner hostname takes the place of the upstream name, and nothing else is touched',
    settings: { bannerHostname: { value: 'mx.example' } },
    steps: [u('220 up ESMTP', { toClient: '220 mx.example ESMTP\r\n', transparent: true })],
  },
  {
    name: 'a static banner stands against a banner hostname',
    settings: { staticBanner: { value: '220 mine' }, bannerHostname: { value: 'mx.example' } },
    steps: [u('220 up ESMTP', { toClient: '220 mine\r\n', transparent: true })],
  },
  {
    name: 'a greeting that refuses is not touched',
    settings: { staticBanner: { value: '220 mine' } },
    steps: [
      u('554-up\r\n554 go away', { toClient: '554-up\r\n554 go away\r\n', transparent: true }),
    ],
  },
  {
    name: 'a client that talks before the greeting is let through, for the upstream to judge',
    settings: { ...cap(9), bannerHostname: { value: 'mx.example' } },
    steps: [
      c('NOOP'),
      u('220 up', { toClient: '220 mx.example\r\n' }),
      u('250 220 ok'),
      c('NOOP'),
      u('220 of a NOOP'),
    ],
  },
  {
    name: 'what is behind the greeting in the same flight passes as it is',
    settings: { staticBanner: { value: '220 mine' } },
    steps: [u('220 up\r\n421 late', { toClient: '220 mine\r\n421 late\r\n', transparent: true })],
  },
]

const extended: WatchSettings = { smtpExtensions: { value: ['STARTTLS', 'AUTH LOGIN'] } }

const extensions: readonly Transcript[] = [
  {
    name: 'the EHLO reply is filtered, every time',
    settings: extended,
    steps: [
      u('220 up'),
      c('EHLO a'),
      u('250-up\r\n250-DSN\r\n250-AUTH PLAIN LOGIN\r\n250-SIZE 9\r\n250 CHUNKING', {
        toClient: '250-up\r\n250-AUTH LOGIN\r\n250 SIZE 9\r\n',
      }),
      c('EHLO a'),
      u('250-up\r\n250 DSN', { toClient: '250 up\r\n' }),
    ],
  },
  {
    name: 'other replies are not filtered, nor an EHLO that is refused',
    settings: extended,
    steps: [
      u('220-up\r\n220 DSN'),
      c('HELP'),
      u('250-up\r\n250 DSN'),
      c('EHLO a'),
      u('550-no\r\n550 DSN'),
      c('HELO a'),
      u('250-up\r\n250 DSN'),
    ],
  },
]

const longMail = `MAIL FROM:<${'a'.repeat(20_000)}@a>`

const counting: readonly Transcript[] = [
  {
    name: 'the message after the last allowed one is refused and not forwarded',
    settings: cap(2),
    steps: [...hello, ...message, ...message, c('MAIL FROM:<a@a>', batchEnd)],
  },
  {
    name: 'a message that the upstream refuses is not counted',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, -1),
      u('554 no'),
      ...message,
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'RSET, rejected recipients and aborted transactions count nothing',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, 2),
      c('RSET'),
      u('250 ok'),
      ...message.slice(0, 2),
      c('RCPT TO:<b@b>'),
      u('550 no'),
      c('DATA'),
      u('554 no valid recipients'),
      c('RSET'),
      u('250 ok'),
      ...message,
      c('QUIT'),
      u('221 bye'),
    ],
  },
  {
    name: 'a MAIL pipelined behind the last allowed message waits for that message, then is refused',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, -2),
      c('text\r\n.\r\nMAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nDATA', {
        toUpstream: 'text\r\n.\r\n',
      }),
      u('250 taken', { ...batchEnd, toClient: `250 taken\r\n${batchReply}` }),
    ],
  },
  {
    name: 'a MAIL pipelined behind a message that is refused goes on',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, -2),
      c('text\r\n.\r\nMAIL FROM:<a@a>', { toUpstream: 'text\r\n.\r\n' }),
      u('451 later', { toClient: '451 later\r\n', toUpstream: 'MAIL FROM:<a@a>\r\n' }),
      u('250 ok'),
    ],
  },
  {
    name: 'an over-long MAIL that had to wait goes on whole',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, -2),
      c(`.\r\n${longMail}`, { toUpstream: '.\r\n' }),
      u('451 later', { toClient: '451 later\r\n', toUpstream: `${longMail}\r\n` }),
      u('500 too long'),
      ...message,
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'an over-long MAIL that had to wait is still a MAIL',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, -2),
      c(`.\r\n${longMail}`, { toUpstream: '.\r\n' }),
      u('250 taken', { ...batchEnd, toClient: `250 taken\r\n${batchReply}` }),
    ],
  },
  {
    name: 'an answer of the watch does not come in the middle of a reply',
    settings: cap(1),
    steps: [
      ...hello,
      ...message,
      u('421-leaving'),
      c('MAIL FROM:<a@a>', {}),
      u('421 now', { ...batchEnd, toClient: `421 now\r\n${batchReply}` }),
    ],
  },
  {
    name: 'a message ends with BDAT LAST as well',
    settings: cap(1),
    steps: [
      ...helloChunking,
      ...message.slice(0, 4),
      c('BDAT 4\r\nab'),
      c('BDAT 2 LAST', { toUpstream: 'BDAT 2 LAST\r\n' }),
      c(''),
      u('250 chunk'),
      u('250 taken'),
      c('BDAT 0 LAST'),
      u('503 no'),
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'a whole pipelined group passes and its replies are told apart',
    settings: cap(1),
    steps: [
      ...hello,
      c('MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nRCPT TO:<c@c>\r\nDATA'),
      u('250 ok\r\n250-ok\r\n250 354 ok\r\n550 no\r\n354 go'),
      c('text\r\n.\r\nQUIT'),
      u('250 taken\r\n221 bye'),
    ],
  },
  {
    name: 'a body sent before the go-ahead is held until it comes',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, 4),
      c('DATA\r\nMAIL FROM:<a@a>\r\n.\r\nQUIT', { toUpstream: 'DATA\r\n' }),
      u('354 go', { toClient: '354 go\r\n', toUpstream: 'MAIL FROM:<a@a>\r\n.\r\nQUIT\r\n' }),
    ],
  },
  {
    name: 'what follows a DATA that is refused are commands',
    settings: cap(1),
    steps: [
      ...hello,
      c('DATA\r\nNOOP\r\n.', { toUpstream: 'DATA\r\n' }),
      u('503 no', { toClient: '503 no\r\n', toUpstream: 'NOOP\r\n.\r\n' }),
      u('250 ok\r\n500 no'),
      ...message,
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'a line left unanswered by the upstream does not stop the session',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, 4),
      c('NOOP\r\nDATA'),
      u('354 go'),
      c('text\r\n.'),
      u('250 taken'),
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
]

const early: readonly Transcript[] = [
  {
    name: 'a refusal in the middle of a body passes, and the body is still a body to its end',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, -2),
      c('MAIL FROM:<a@a>'),
      u('552 too big'),
      c('MAIL FROM:<a@a>\r\n.'),
      ...message,
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'a farewell of the upstream passes at any time',
    settings: cap(1),
    steps: [...hello, u('421 idle'), c('NOOP'), ...message.slice(0, -2), u('421 idle')],
  },
  {
    name: 'an upstream that stops speaking SMTP is relayed as it is',
    settings: extended,
    steps: [
      u('220 up'),
      c('EHLO a'),
      u('250-up\r\nwhat', { toClient: '250-up\r\nwhat\r\n', transparent: true }),
      u('250 DSN'),
      c('anything'),
    ],
  },
]

const reconfig: WatchSettings = {
  reconfigMessage: { value: '4.3.2 Reconfiguration in progress' },
}
const reconfigEnd: Effect = {
  toClient: '421 4.3.2 Reconfiguration in progress\r\n',
  toUpstream: 'QUIT\r\n',
  close: 'reconfiguration in progress',
}

const reloads: readonly Transcript[] = [
  {
    name: 'after a reload the next MAIL is answered 421 (momentum case 47)',
    settings: reconfig,
    steps: [
      ...hello,
      ...message,
      reload,
      c('NOOP'),
      u('250 ok'),
      c('MAIL FROM:<a@a>', reconfigEnd),
    ],
  },
  {
    name: 'after a reload RSET is answered 421',
    settings: reconfig,
    steps: [...hello, reload, c('rset', reconfigEnd)],
  },
  {
    name: 'a reload never ends a message that has begun',
    settings: reconfig,
    steps: [
      ...hello,
      ...message.slice(0, 2),
      reload,
      c('MAIL FROM:<nested@a>'),
      u('503 nested'),
      ...message.slice(2, -2),
      c('text\r\n.'),
      u('250 taken'),
      c('MAIL FROM:<a@a>', reconfigEnd),
    ],
  },
  {
    name: 'after a reload a MAIL pipelined behind a message is answered in its turn',
    settings: reconfig,
    steps: [
      ...hello,
      ...message.slice(0, -2),
      reload,
      c('text\r\n.\r\nMAIL FROM:<a@a>', { toUpstream: 'text\r\n.\r\n' }),
      u('250 taken', { ...reconfigEnd, toClient: `250 taken\r\n${reconfigEnd.toClient ?? ''}` }),
    ],
  },
  {
    name: 'without Reconfig_Message a reload ends nothing',
    settings: cap(9),
    steps: [...hello, reload, ...message],
  },
]

const xclient = (mode: 'ifavailable' | 'required'): WatchSettings => ({
  upstreamXclient: { value: mode },
})
const silently: Effect = { toClient: '' }
const probe: Effect = { toUpstream: 'EHLO gate.test\r\n' }
const xclientLine = 'XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.1 PORT=4711 PROTO=ESMTP\r\n'
const down = '421 4.4.5 Service unavailable\r\n'
const xclientEnd: Effect = {
  toClient: down,
  toUpstream: 'QUIT\r\n',
  close: 'upstream refused XCLIENT',
}

const handshakes: readonly Transcript[] = [
  {
    name: 'XCLIENT is spoken before the client is greeted, with the second greeting',
    settings: { ...xclient('required'), bannerHostname: { value: 'mx.example' } },
    steps: [
      u('220 up one', probe),
      u('250-up\r\n250-DSN', silently),
      u('250 XCLIENT NAME ADDR PORT PROTO HELO', { toUpstream: xclientLine }),
      u('220 up two', { toClient: '220 mx.example two\r\n', transparent: true }),
      c('EHLO a'),
      u('250 up'),
    ],
  },
  {
    name: 'a client that talks during XCLIENT is held until it is greeted',
    settings: { ...xclient('required'), ...cap(1) },
    steps: [
      c('EHLO a', silently),
      u('220 up one', probe),
      c('NOOP', silently),
      u('250-up\r\n250 XCLIENT ADDR', { toUpstream: 'XCLIENT ADDR=192.0.2.1\r\n' }),
      u('220 up two', { toClient: '220 up two\r\n', toUpstream: 'EHLO a\r\n' }),
      u('250 up', { toClient: '250 up\r\n', toUpstream: 'NOOP\r\n' }),
      u('250 ok'),
    ],
  },
  {
    name: 'where XCLIENT is not offered the client gets the first greeting, if it is optional',
    settings: { ...xclient('ifavailable'), bannerHostname: { value: 'mx' } },
    steps: [
      u('220-up one\r\n220 more', probe),
      u('250-up\r\n250 DSN', { toClient: '220-mx one\r\n220 more\r\n', transparent: true }),
    ],
  },
  {
    name: 'an EHLO that is refused offers nothing, whatever its text',
    settings: { ...xclient('ifavailable'), ...cap(1) },
    steps: [
      u('220 up', probe),
      u('550-up\r\n550 XCLIENT ADDR', { toClient: '220 up\r\n' }),
      c('HELO a'),
      u('250 up'),
    ],
  },
  {
    name: 'where XCLIENT is refused the client gets the first greeting, if it is optional',
    settings: { ...xclient('ifavailable'), ...cap(1) },
    steps: [
      u('220 up', probe),
      u('250-up\r\n250 XCLIENT ADDR', { toUpstream: 'XCLIENT ADDR=192.0.2.1\r\n' }),
      u('550-no\r\n550 not you', { toClient: '220 up\r\n' }),
      c('EHLO a'),
      u('250 up'),
      ...message,
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'where XCLIENT is not offered the session fails, if it is required',
    settings: xclient('required'),
    steps: [u('220 up', probe), u('250-up\r\n250 XCLIENT NAME', xclientEnd)],
  },
  {
    name: 'where XCLIENT is refused the session fails, if it is required',
    settings: xclient('required'),
    steps: [
      u('220 up', probe),
      u('250-up\r\n250 XCLIENT ADDR', { toUpstream: 'XCLIENT ADDR=192.0.2.1\r\n' }),
      u('550 not you', xclientEnd),
    ],
  },
  {
    name: 'an upstream that leaves during XCLIENT is not shown as one that greets',
    settings: xclient('ifavailable'),
    steps: [u('220 up', probe), u('421 busy', xclientEnd)],
  },
  {
    name: 'a greeting that refuses reaches the client, and ends a session that requires XCLIENT',
    settings: xclient('required'),
    steps: [
      u('554 no', {
        toClient: '554 no\r\n',
        toUpstream: 'QUIT\r\n',
        close: 'upstream refused XCLIENT',
      }),
    ],
  },
  {
    name: 'a greeting that refuses is only passed on when XCLIENT is optional',
    settings: xclient('ifavailable'),
    steps: [u('554 no', { toClient: '554 no\r\n', transparent: true }), c('QUIT'), u('221 bye')],
  },
  {
    name: 'an upstream that is no mail server fails a session that requires XCLIENT',
    settings: xclient('required'),
    steps: [u('SSH-2.0-x', { toClient: down, close: 'upstream refused XCLIENT' })],
  },
  {
    name: 'an upstream that is no mail server is relayed as it is when XCLIENT is optional',
    settings: xclient('ifavailable'),
    steps: [
      c('hello', silently),
      u('220-up', silently),
      u('what', { toClient: '220-up\r\nwhat\r\n', toUpstream: 'hello\r\n', transparent: true }),
    ],
  },
]

const starttls = (value: 'reject' | 'ignore' | 'allow'): WatchSettings => ({
  ...cap(1),
  starttlsInjection: { value, origin },
})

const encryption: readonly Transcript[] = [
  {
    name: 'after STARTTLS the watch leaves, whatever the policy on injection',
    settings: starttls('reject'),
    steps: [...hello, c('STARTTLS'), u('220-go\r\n220 on'), c('\x16\x03'), u('\x16')].map((step) =>
      step.bytes === '220-go\r\n220 on\r\n' ? { ...step, transparent: true as const } : step,
    ),
  },
  {
    name: 'after a STARTTLS that is refused the watch stays',
    settings: starttls('reject'),
    steps: [...hello, c('STARTTLS'), u('454 no'), ...message, c('MAIL FROM:<a@a>', batchEnd)],
  },
  {
    name: 'the tail of an over-long STARTTLS is not injection',
    settings: starttls('reject'),
    steps: [...hello, c(`STARTTLS ${'x'.repeat(20_000)}`), u('501 no'), c('NOOP'), u('250 ok')],
  },
  {
    name: 'injection behind STARTTLS, ignored: the bytes are discarded',
    settings: starttls('ignore'),
    steps: [
      ...hello,
      c('STARTTLS\r\nRSET\r\nMAIL FROM:<evil@a>', { toUpstream: 'STARTTLS\r\n' }),
      u('220 go', { toClient: '220 go\r\n', transparent: true }),
      c('\x16\x03'),
    ],
  },
  {
    name: 'commands behind a STARTTLS that is refused are not injection, and are not lost',
    settings: starttls('ignore'),
    steps: [
      ...hello,
      c('STARTTLS\r\nNOOP', { toUpstream: 'STARTTLS\r\n' }),
      u('454 no', { toClient: '454 no\r\n', toUpstream: 'NOOP\r\n' }),
    ],
  },
  {
    name: 'injection behind STARTTLS, allowed: the bytes are forwarded',
    settings: starttls('allow'),
    steps: [
      ...hello,
      c('STARTTLS\r\nRSET'),
      u('220 go', { toClient: '220 go\r\n', transparent: true }),
    ],
  },
]

const attacks: readonly Transcript[] = [
  {
    name: 'the dot-stuffing look-alike LF . CR LF: it ends no message',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, -2),
      c('text\n.\r\nMAIL FROM:<evil@a>\r\nRCPT TO:<b@b>\r\nDATA\r\n.'),
      u('250 taken'),
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'the look-alike against an upstream that takes it for an end: the count goes on',
    settings: cap(1),
    steps: [
      ...hello,
      ...message.slice(0, -2),
      c('text\n.\r\n'),
      u('250 taken'),
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'a fake 220 in the text of a reply: it does not turn the session to TLS',
    settings: starttls('reject'),
    steps: [
      ...hello,
      c('STARTTLS'),
      u('454-220 go\r\n454 220 go'),
      ...message,
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'a fake 220 as a line of another reply: it does not turn the session to TLS',
    settings: starttls('reject'),
    steps: [
      ...hello,
      c('STARTTLS'),
      u('454-no\r\n220 go'),
      ...message,
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'an AUTH blob that looks like MAIL FROM: it is data, in both directions',
    settings: cap(1),
    steps: [
      ...hello,
      ...message,
      c('AUTH LOGIN'),
      u('334 VXNlcm5hbWU6'),
      c('MAIL FROM:<a@a>'),
      u('334 UGFzc3dvcmQ6'),
      c('STARTTLS'),
      u('535 no'),
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'a command pipelined behind AUTH: it is held until its meaning is known',
    settings: cap(1),
    steps: [
      ...hello,
      ...message,
      c('AUTH LOGIN\r\nMAIL FROM:<a@a>\r\nMAIL FROM:<a@a>', { toUpstream: 'AUTH LOGIN\r\n' }),
      u('334 user', { toClient: '334 user\r\n', toUpstream: 'MAIL FROM:<a@a>\r\n' }),
      u('535 no', { ...batchEnd, toClient: `535 no\r\n${batchReply}` }),
    ],
  },
  {
    name: 'a BDAT chunk that contains MAIL FROM: it is content',
    settings: cap(1),
    steps: [
      ...helloChunking,
      ...message,
      c('BDAT 19\r\nMAIL FROM:<a@a>\r\n'),
      u('503 no'),
      c('MAIL FROM:<a@a>', batchEnd),
    ],
  },
  {
    name: 'a MAIL hidden in a chunk from an upstream that knows no chunks: it is refused',
    settings: cap(1),
    steps: [
      ...hello,
      ...message,
      c('BDAT 17\r\nMAIL FROM:<a@a>', { toUpstream: 'BDAT 17\r\n' }),
      u('500 what', { ...batchEnd, toClient: `500 what\r\n${batchReply}` }),
    ],
  },
  {
    name: 'a BDAT size that cannot be read: nothing behind it is guessed at',
    settings: cap(1),
    steps: [
      ...helloChunking,
      ...message,
      c('BDAT 0x11\r\nMAIL FROM:<a@a>', { toUpstream: 'BDAT 0x11\r\n' }),
      u('501 what', { ...batchEnd, toClient: `501 what\r\n${batchReply}` }),
    ],
  },
  {
    name: 'a MAIL behind white space, and a bare line feed: it is seen',
    settings: cap(1),
    steps: [
      ...hello,
      ...message,
      c(' NOOP\n \tmail from:<a@a>', { toUpstream: ' NOOP\n' }),
      u('250 ok', { ...batchEnd, toClient: `250 ok\r\n${batchReply}` }),
    ],
  },
  {
    name: 'a MAIL of more bytes than a line may have: it is seen and not forwarded',
    settings: cap(1),
    steps: [...hello, ...message, c(longMail, batchEnd)],
  },
]

const tables = {
  greetings,
  extensions,
  counting,
  early,
  reloads,
  handshakes,
  encryption,
  attacks,
}

for (const [table, transcripts] of Object.entries(tables)) {
  describe(`a watch, ${table}`, () => {
    it.each(transcripts)('$name', (transcript) => {
      const longest = Math.max(...transcript.steps.map((step) => step.bytes.length))
      run(transcript, unsplit)
      // A very long step is cut into single bytes as well, but not at each of its bytes.
      run(transcript, everyByte)
      for (let at = 1; at < Math.min(longest, 200); at += 1) run(transcript, splitAt(at))
      const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 })
      fc.assert(
        fc.property(sizes, (split) => run(transcript, randomSplit(split))),
        { numRuns: 25 },
      )
    })
  })
}

function greet(settings: WatchSettings): Harness {
  const harness = new Harness(settings)
  for (const step of hello) harness.play(step, unsplit)
  return harness
}

describe('a watch, STARTTLS injection rejected', () => {
  const injected = 'RSET\r\nMAIL FROM:<evil@a>\r\n'
  const reply = '503 5.5.1 STARTTLS must be the last command in a group\r\n'
  const reason = 'data pipelined after STARTTLS'

  it('does not forward a STARTTLS that comes with more behind it', () => {
    const { watch } = greet(starttls('reject'))
    const actions = watch.fromClient(Buffer.from(`STARTTLS\r\n${injected}`))
    expect(textOf(actions.toClient)).toBe(reply)
    expect(textOf(actions.toUpstream)).toBe('QUIT\r\n')
    expect(actions.close).toEqual({ reason, level: 'warn' })
  })

  it('lets no injected byte through and never says 220, wherever the flight is split', () => {
    const flight = `NOOP\r\nSTARTTLS\r\n${injected}`
    for (let at = 1; at < flight.length; at += 1) {
      const harness = greet(starttls('reject'))
      const first = harness.play({ from: 'client', bytes: flight }, splitAt(at))
      const second = harness.play({ from: 'upstream', bytes: '250 ok\r\n220 go\r\n' }, unsplit)
      expect(first.toClient + second.toClient).toBe(`250 ok\r\n${reply}`)
      const forwarded = first.toUpstream + second.toUpstream
      expect(['NOOP\r\nQUIT\r\n', 'NOOP\r\nSTARTTLS\r\n']).toContain(forwarded)
      expect(harness.close).toBe(reason)
    }
  })

  it('forwards what comes in the middle of the answer only when the answer has ended', () => {
    const { watch } = greet(starttls('reject'))
    watch.fromClient(Buffer.from('STARTTLS\r\n'))
    watch.fromUpstream(Buffer.from('220-go\r\n'))
    expect(watch.fromClient(Buffer.from('\x16\x03'))).toEqual({})
    const actions = watch.fromUpstream(Buffer.from('220 on\r\n'))
    expect(actions.transparent).toBe(true)
    expect(textOf(actions.toUpstream)).toBe('\x16\x03')
  })
})

describe('a watch, bounds', () => {
  it('asks for a pause while much is held and lets go when it is not', () => {
    const { watch } = greet(cap(1))
    expect(watch.fromClient(Buffer.from('DATA\r\n')).pauseClient).toBeUndefined()
    expect(watch.fromClient(Buffer.alloc(holdPauseBytes - 1, 'a')).pauseClient).toBeUndefined()
    expect(watch.fromClient(Buffer.from('a')).pauseClient).toBe(true)
    expect(watch.fromUpstream(Buffer.from('354 ')).pauseClient).toBe(true)
    const actions = watch.fromUpstream(Buffer.from('go\r\n'))
    expect(actions.pauseClient).toBeUndefined()
    expect(textOf(actions.toUpstream)).toHaveLength(holdPauseBytes)
  })

  it('has room for one more read of a caller that heeds the pause', () => {
    const { watch } = greet(cap(1))
    watch.fromClient(Buffer.from('DATA\r\n'))
    watch.fromClient(Buffer.alloc(holdPauseBytes - 1, 'a'))
    expect(watch.fromClient(Buffer.alloc(65_536, 'a')).close).toBeUndefined()
  })

  it('ends the session of a caller that does not heed it, and keeps nothing', () => {
    const { watch } = greet(cap(1))
    watch.fromClient(Buffer.from('DATA\r\n'))
    expect(watch.fromClient(Buffer.alloc(holdMaxBytes, 'a')).close).toBeUndefined()
    const actions = watch.fromClient(Buffer.from('a'))
    expect(actions.close?.reason).toBe('too much sent before the reply')
    expect(watch.bufferedBytes).toBe(0)
    expect(watch.fromClient(Buffer.from('NOOP\r\n'))).toEqual({})
    expect(watch.fromUpstream(Buffer.from('250 ok\r\n'))).toEqual({})
  })

  it('holds a client that has too many commands in flight until they are answered', () => {
    const { watch } = greet(cap(1))
    const actions = watch.fromClient(Buffer.from('NOOP\r\n'.repeat(awaitedMaxCount + 3)))
    expect(textOf(actions.toUpstream)).toBe('NOOP\r\n'.repeat(awaitedMaxCount))
    expect(watch.bufferedBytes).toBe('NOOP\r\n'.length * 3)
    const answers = Buffer.from('250 ok\r\n'.repeat(awaitedMaxCount))
    expect(textOf(watch.fromUpstream(answers).toUpstream)).toBe('NOOP\r\n'.repeat(3))
  })

  it('passes over-long commands and replies untouched, in pieces', () => {
    const { watch } = greet(cap(1))
    const command = `NOOP ${'x'.repeat(30_000)}\r\n`
    const sent = [command.slice(0, 13_000), command.slice(13_000)].map((text) =>
      textOf(watch.fromClient(Buffer.from(text)).toUpstream),
    )
    expect(sent.join('')).toBe(command)
    expect(sent[0]).toHaveLength(13_000)
    const reply = `250 ${'y'.repeat(9_000)}\r\n`
    expect(textOf(watch.fromUpstream(Buffer.from(reply)).toClient)).toBe(reply)
    expect(watch.bufferedBytes).toBe(0)
  })

  it('waits after an over-long command like after a short one', () => {
    const { watch } = greet(cap(1))
    const command = `DATA ${'x'.repeat(30_000)}\r\n`
    const actions = watch.fromClient(Buffer.from(`${command}MAIL FROM:<a@a>\r\n`))
    expect(textOf(actions.toUpstream)).toBe(command)
  })

  it('drops an over-long line from a filtered EHLO reply and cuts an over-long name', () => {
    const harness = new Harness(extended)
    const long = 'x'.repeat(5_000)
    for (const step of hello.slice(0, 2)) harness.play(step, unsplit)
    const bytes = `250-${long}\r\n250-AUTH LOGIN ${long}\r\n250 SIZE\r\n`
    const { toClient } = harness.play({ from: 'upstream', bytes }, unsplit)
    expect(toClient).toBe(`250-${'x'.repeat(4_092)}\r\n250 SIZE\r\n`)
  })

  it('keeps the beginning and the end of a greeting without bounds while XCLIENT is spoken', () => {
    const harness = new Harness(xclient('ifavailable'))
    const last = 'z'.repeat(400)
    const greeting = `${`220-${'x'.repeat(500)}\r\n`.repeat(1_000)}220 ${last}\r\n`
    harness.play({ from: 'upstream', bytes: greeting }, unsplit)
    const { toClient } = harness.play({ from: 'upstream', bytes: '500 what\r\n' }, unsplit)
    expect(toClient.startsWith('220-x')).toBe(true)
    expect(toClient.endsWith(`\r\n220 ${last}\r\n`)).toBe(true)
    expect(toClient.length).toBeLessThan(17_000)
  })
})

describe('a watch, ends', () => {
  it('passes a half-close on at once when nothing is held, with the unfinished line', () => {
    const { watch } = greet(cap(1))
    watch.fromClient(Buffer.from('QUIT'))
    const actions = watch.clientEnded()
    expect(textOf(actions.toUpstream)).toBe('QUIT')
    expect(actions.endUpstream).toBe(true)
  })

  it('passes a half-close on only when what was held has gone out, and only once', () => {
    const { watch } = greet(cap(1))
    watch.fromClient(Buffer.from('DATA\r\ntext\r\n.\r\nQUIT\r\n'))
    expect(watch.clientEnded()).toEqual({})
    const actions = watch.fromUpstream(Buffer.from('354 go\r\n'))
    expect(textOf(actions.toUpstream)).toBe('text\r\n.\r\nQUIT\r\n')
    expect(actions.endUpstream).toBe(true)
    expect(watch.fromUpstream(Buffer.from('250 ok\r\n')).endUpstream).toBeUndefined()
  })

  it('does not pass a half-close on while it speaks XCLIENT itself', () => {
    const { watch } = new Harness(xclient('ifavailable'))
    expect(watch.clientEnded()).toEqual({})
    expect(watch.fromUpstream(Buffer.from('220 up\r\n')).endUpstream).toBeUndefined()
    const actions = watch.fromUpstream(Buffer.from('500 what\r\n'))
    expect(actions.endUpstream).toBe(true)
  })

  it('says that the upstream is down when it closes before the client was greeted', () => {
    const { watch } = new Harness(xclient('ifavailable'))
    watch.fromUpstream(Buffer.from('220 up\r\n'))
    const actions = watch.upstreamEnded()
    expect(textOf(actions.toClient)).toBe(down)
    expect(actions.close?.reason).toBe('upstream closed before its greeting')
    expect(actions.toUpstream).toBeUndefined()
  })

  it('gives out the last words of an upstream that closes within a line', () => {
    const { watch } = greet(cap(1))
    watch.fromUpstream(Buffer.from('421 by'))
    expect(textOf(watch.upstreamEnded().toClient)).toBe('421 by')
  })

  it('gives out what the filter kept when the upstream closes within its EHLO reply', () => {
    const harness = new Harness(extended)
    for (const step of hello.slice(0, 2)) harness.play(step, unsplit)
    expect(textOf(harness.watch.fromUpstream(Buffer.from('250-up\r\n250-D')).toClient)).toBe('')
    expect(textOf(harness.watch.upstreamEnded().toClient)).toBe('250-up\r\n250-D')
  })

  it('is transparent from the start when there is nothing to do', () => {
    expect(new Harness({}).watch.start()).toEqual({ transparent: true })
  })

  it('says why it leaves when the upstream stops speaking SMTP', () => {
    const { watch } = greet(cap(1))
    const { note, transparent } = watch.fromUpstream(Buffer.from('+OK\r\n'))
    expect(transparent).toBe(true)
    expect(note?.level).toBe('warn')
  })

  it('refuses a name for itself that would break the EHLO line', () => {
    const make = (ehloName: string) => () =>
      new SmtpWatch({ settings: {}, client: { address }, ehloName })
    expect(make('a b')).toThrow('EHLO name')
    expect(make('a\r\nQUIT')).toThrow('EHLO name')
    expect(make('')).toThrow('EHLO name')
  })
})
