// The dialogues before login under noise: split anywhere they say the same, and they keep secrets.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdMaxBytes } from '../../src/protocol/dialogue/bounds.ts'
import type {
  AuthOutcome,
  ClientDialogue,
  DialogueActions,
  DialogueOptions,
} from '../../src/protocol/dialogue/dialogue.ts'
import { createImapDialogue } from '../../src/protocol/imap/imap-dialogue.ts'
import { createPop3Dialogue } from '../../src/protocol/pop3/pop3-dialogue.ts'
import { authMethods } from '../../src/protocol/sasl/auth-method.ts'
import { createSubmissionDialogue } from '../../src/protocol/smtp/submission.ts'
import { base64, dialogueOptions } from '../kit/conversation.ts'

const secret = 'Pa55word'
// Every message of SASL that has the secret in it, and some that are wrong.
const messages = [
  base64(`\0user\0${secret}`),
  base64(`user ${secret}`),
  base64(`user ${secret.repeat(4)}`),
  base64(`user=user\x01auth=Bearer ${secret}\x01\x01`),
  base64(`user=user\x01auth=Bearer ${secret}`),
  base64(`n,a=us=2Cer,\x01auth=Bearer ${secret}\x01\x01`),
  base64(`n,a=user=,\x01auth=Bearer ${secret}\x01\x01`),
  base64(secret),
]
const mechanisms = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'EXTERNAL', 'XOAUTH2', 'OAUTHBEARER', 'FOO']
const responses = [...messages, base64('user'), '*', '', '=', 'AQ==', 'two words', 'a\rb']
const auths = (verb: string): readonly string[] => [
  verb,
  ...mechanisms.map((name) => `${verb} ${name}`),
  ...mechanisms.flatMap((name) => messages.map((message) => `${verb} ${name} ${message}`)),
]

interface Field {
  readonly make: (options: DialogueOptions) => ClientDialogue
  readonly auth: string
  /** Lines of the protocol; line ends are put to them. */
  readonly lines: readonly string[]
}

const fields: Readonly<Record<'imap' | 'pop3' | 'smtp', Field>> = {
  imap: {
    make: createImapDialogue,
    auth: 'a AUTHENTICATE',
    lines: [
      'b NOOP',
      'c CAPABILITY',
      'd LOGOUT',
      'e STARTTLS',
      'f FOO',
      'g FOO {3+}',
      '* NOOP',
      'h',
      `i LOGIN user ${secret}`,
      `j LOGIN "us\\"er" "${secret}"`,
      `k LOGIN user "${secret}`,
      `l LOGIN {4}\r\nuser {8}\r\n${secret}`,
      `m LOGIN {4+}\r\nu\r\nr {8+}\r\n${secret}`,
      `n LOGIN {3}\r\nuser ${secret}`,
      'o LOGIN {9999}',
      'p LOGIN {3+}',
      'q NOOP a b c d',
    ],
  },
  pop3: {
    make: createPop3Dialogue,
    auth: 'AUTH',
    lines: [
      'USER user',
      `PASS ${secret}`,
      `PASS  ${secret} x`,
      `APOP user ${secret}`,
      'APOP user',
      'CAPA',
      'NOOP',
      'STLS',
      'QUIT',
      'STAT',
      'USER',
      'PASS',
      'NOOP a b c d',
    ],
  },
  smtp: {
    make: (options) => createSubmissionDialogue({ ...options, hasGreetingDelay: false }),
    auth: 'AUTH',
    lines: [
      'EHLO me',
      'HELO me',
      'HELO a b',
      'MAIL FROM:<a@b>',
      'RCPT TO:<c@d>',
      'MAIL',
      'RCPT',
      'NOOP',
      'RSET',
      'QUIT',
      'STARTTLS',
      'DATA',
      'VRFY x',
      '',
    ],
  },
}

const optionsArbitrary: fc.Arbitrary<DialogueOptions> = fc
  .record({
    methods: fc.subarray([...authMethods]),
    starttls: fc.constantFrom('off' as const, 'on' as const, 'only' as const),
    isTls: fc.boolean(),
    errorsMax: fc.constantFrom(1, 3, 100),
    commandsMax: fc.constantFrom(2, 6, 100),
    bufferBytes: fc.constantFrom(40, 120, 4_096),
    capabilities: fc.constantFrom([], ['USER', 'X-ONE']),
  })
  .map(dialogueOptions)

const outcomeArbitrary: fc.Arbitrary<AuthOutcome> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'accepted' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'limited' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'internal_error' } as const) },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('refused' as const),
      text: fc.constantFrom('Invalid login or password', 'two\r\nlines'),
      keepsSession: fc.constantFrom(true, true, true, false),
      errorCode: fc.constant('451 4.3.0'),
      saslChallenge: fc.constant('eyJ9'),
    }),
  },
)

const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', ' \r\n', '\r\r\n')

/** What the client sends before it waits for answers. */
function flightOf({ auth, lines }: Field): fc.Arbitrary<string> {
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...lines) },
    { weight: 4, arbitrary: fc.constantFrom(...auths(auth)) },
    { weight: 3, arbitrary: fc.constantFrom(...responses) },
  )
  const command = fc.tuple(line, lineEnd).map(([text, end]) => text + end)
  const noise = fc
    .uint8Array({ maxLength: 12 })
    .map((bytes) => Buffer.from(bytes).toString('latin1'))
  const long = fc.integer({ min: 30, max: 5_000 }).map((size) => 'x'.repeat(size))
  return fc
    .array(
      fc.oneof(
        { weight: 40, arbitrary: command },
        { weight: 2, arbitrary: noise },
        { weight: 1, arbitrary: long },
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join(''))
}

interface Play {
  readonly flights: readonly string[]
  /** Sizes of the pieces a flight is cut into, used round and round. */
  readonly sizes: readonly number[]
  readonly outcomes: readonly AuthOutcome[]
  /** How many further pieces arrive before an outcome is known; at a flight's end it is. */
  readonly delay: number
}

interface Transcript {
  readonly heard: string
  readonly logs: readonly string[]
  readonly events: readonly string[]
  readonly passedOn: string
  readonly ending: string
}

/** Plays client and gateway, and writes down all that is seen of the dialogue. */
class Stage {
  readonly #dialogue: ClientDialogue
  readonly #play: Play
  readonly #bound: number
  #heard = ''
  #passedOn = ''
  #ending = ''
  #logs: string[] = []
  #events: string[] = []
  #pending: 'credentials' | 'starttls' | undefined
  #age = 0
  #outcomeCount = 0

  constructor(field: Field, options: DialogueOptions, play: Play) {
    this.#dialogue = field.make(options)
    this.#play = play
    this.#bound = options.bufferBytes
  }

  run(): Transcript {
    const { flights, sizes, delay } = this.#play
    this.#take(this.#dialogue.start())
    let count = 0
    for (const flight of flights) {
      const bytes = Buffer.from(flight, 'latin1')
      for (let at = 0; at < bytes.length;) {
        const size = sizes[count % sizes.length] ?? 1
        count += 1
        this.#send(bytes.subarray(at, at + size))
        at += size
        this.#age += 1
        if (this.#age > delay) this.#answer()
      }
      while (this.#pending === 'credentials') this.#answer()
      if (this.#pending === 'starttls') this.#secure()
    }
    return {
      heard: this.#heard,
      logs: this.#logs,
      events: this.#events,
      passedOn: this.#passedOn,
      ending: this.#ending,
    }
  }

  #send(piece: Buffer): void {
    if (this.#ending === 'accepted') {
      this.#passedOn += piece.toString('latin1')
      return
    }
    const actions = this.#dialogue.fromClient(Buffer.from(piece))
    if (this.#ending !== '' && Object.keys(actions).length > 0) throw new Error('it is not over')
    this.#take(actions)
  }

  #answer(): void {
    if (this.#pending !== 'credentials') return
    const { outcomes } = this.#play
    const outcome = outcomes[this.#outcomeCount % outcomes.length] ?? { kind: 'limited' }
    this.#outcomeCount += 1
    this.#pending = undefined
    if (outcome.kind === 'accepted') this.#ending = 'accepted'
    this.#take(this.#dialogue.authenticated(outcome))
  }

  #secure(): void {
    this.#pending = undefined
    this.#take(this.#dialogue.tlsStarted())
  }

  #take(actions: DialogueActions): void {
    const { event, close, rest } = actions
    this.#heard += Buffer.concat(actions.toClient ?? []).toString('latin1')
    this.#logs.push(...(actions.logs ?? []).map((log) => `${log.level} ${log.action} ${log.text}`))
    this.#passedOn += rest?.toString('latin1') ?? ''
    if (event !== undefined) {
      this.#events.push(JSON.stringify(event))
      this.#pending = event.kind
      this.#age = 0
    }
    if (close !== undefined) this.#ending = JSON.stringify(close)
    // Once per byte, where the price of an expect would be felt.
    const limit = this.#pending === 'credentials' ? holdMaxBytes + 1 : this.#bound
    if (this.#dialogue.bufferedBytes >= limit) throw new Error('it keeps too much')
  }
}

const names = ['imap', 'pop3', 'smtp'] as const

describe.each(names)('a dialogue in %s', (name) => {
  const field = fields[name]
  const flights = fc.array(flightOf(field), { minLength: 1, maxLength: 5 })
  const outcomes = fc.array(outcomeArbitrary, { minLength: 1, maxLength: 4 })
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9_000 })),
    {
      minLength: 1,
      maxLength: 5,
    },
  )

  it('says the same however its input is split and however late logins are answered', () => {
    fc.assert(
      fc.property(
        optionsArbitrary,
        fc.record({ flights, outcomes, sizes, delay: fc.nat(6) }),
        (options, play) => {
          const whole = { ...play, sizes: [1_000_000], delay: 0 }
          expect(new Stage(field, options, play).run()).toEqual(
            new Stage(field, options, whole).run(),
          )
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('says the same byte by byte', () => {
    fc.assert(
      fc.property(optionsArbitrary, flights, outcomes, (options, sent, answers) => {
        const play = { flights: sent, outcomes: answers, delay: 0 }
        expect(new Stage(field, options, { ...play, sizes: [1] }).run()).toEqual(
          new Stage(field, options, { ...play, sizes: [1_000_000] }).run(),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('never tells a password', () => {
    const traces = [secret, ...messages]
    fc.assert(
      fc.property(optionsArbitrary, flights, outcomes, sizes, (options, sent, answers, cuts) => {
        const play = { flights: sent, outcomes: answers, sizes: cuts, delay: 0 }
        const { heard, logs, ending } = new Stage(field, options, play).run()
        // A client out of step may use its password as a tag, and hears that again.
        const told = [...(name === 'imap' ? [] : [heard]), ...logs, ending].join('\n')
        expect(traces.filter((trace) => told.includes(trace))).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })

  it('never throws, hangs or outgrows its buffer, whatever bytes come', () => {
    const bytes = fc
      .uint8Array({ maxLength: 300 })
      .map((some) => Buffer.from(some).toString('latin1'))
    const wild = fc.array(fc.oneof(bytes, flightOf(field), fc.constant('\n'.repeat(70_000))), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(optionsArbitrary, wild, outcomes, sizes, (options, sent, answers, cuts) => {
        const big = cuts.map((size) => size + 500)
        new Stage(field, options, { flights: sent, outcomes: answers, sizes: big, delay: 3 }).run()
      }),
      { numRuns: 1_000 },
    )
  })
})
