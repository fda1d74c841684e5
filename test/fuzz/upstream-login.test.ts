// Logins at upstreams under noise, under any split, and against upstreams that play along.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Address } from '../../src/base/address.ts'
import { loginMaxBytes } from '../../src/protocol/upstream/bounds.ts'
import { imapLogin } from '../../src/protocol/upstream/imap-login.ts'
import type {
  LoginActions,
  LoginFailure,
  UpstreamLogin,
} from '../../src/protocol/upstream/login.ts'
import { pop3Login } from '../../src/protocol/upstream/pop3-login.ts'
import { smtpLogin } from '../../src/protocol/upstream/smtp-login.ts'

type Service = 'imap' | 'pop3' | 'smtp'

interface Setting {
  readonly service: Service
  readonly user: Buffer
  readonly password: Buffer
  readonly passErrors: boolean
  readonly isForeign: boolean
  /** Everything a protocol has beside its barest form. */
  readonly isFull: boolean
  readonly mode: 'always' | 'ifavailable' | 'required'
}

const address: Address = { family: 4, words: [0xc0000201], text: '192.0.2.1' }
const client = { address, port: 4711 }

function makeLogin(setting: Setting): UpstreamLogin {
  const { service, user, password, passErrors, isForeign, isFull, mode } = setting
  const credentials = { user, password, isPasswordForeign: isForeign }
  switch (service) {
    case 'imap':
      return imapLogin({
        tag: 'a1',
        credentials,
        passErrors,
        ...(isFull ? { id: { client } } : {}),
      })
    case 'pop3':
      return pop3Login({
        credentials,
        passErrors,
        ...(isFull ? { xclient: { mode, client } } : {}),
      })
    case 'smtp':
      return smtpLogin({
        serverName: 'gate.test',
        isEsmtp: isFull,
        helo: Buffer.from('client.test'),
        login: user,
        passErrors,
        auth: credentials,
        ...(isFull ? { xclient: { mode, client, name: { kind: 'known', name: 'a b' } } } : {}),
      })
  }
}

const password = Buffer.from('s3cret-pass')
const setting: fc.Arbitrary<Setting> = fc.record({
  service: fc.constantFrom<Service>('imap', 'pop3', 'smtp'),
  user: fc.constant(Buffer.from('u@d')),
  password: fc.constant(password),
  passErrors: fc.boolean(),
  isForeign: fc.boolean(),
  isFull: fc.boolean(),
  mode: fc.constantFrom('always', 'ifavailable', 'required'),
})

const words = [
  '* OK ready\r\n',
  '* PREAUTH hi\r\n',
  '* BYE away\r\n',
  '* CAPABILITY IMAP4rev1\r\n',
  '* OK [CAPABILITY ID] ready\r\n',
  '* ID NIL\r\n',
  'postern OK id\r\n',
  'postern BAD id\r\n',
  '* X {5}\r\n12345 y\r\n',
  '* X {11}\r\na1 OK hi!\r\n\r\n',
  '* X {99999}\r\n',
  '* X {99999999999999999999}\r\n',
  '+ go\r\n',
  'a1 OK in\r\n',
  `a1 NO ${password.toString()}\r\n`,
  'a1 BAD what\r\n',
  '+OK\r\n',
  '+OK [XCLIENT] up\r\n',
  '-ERR no\r\n',
  '220 up\r\n',
  '220-up\r\n',
  '250-XCLIENT ADDR NAME LOGIN\r\n',
  '250 ok\r\n',
  '235 in\r\n',
  '550 no\r\n',
  '421 bye\r\n',
  '535 5.7.8 no\r\n',
  '\r',
  '\n',
  '25',
] as const

/** What an upstream says that plays along; most words here would end the login at once. */
const friendly: Readonly<Record<Service, readonly string[]>> = {
  imap: [
    '* OK ready\r\n',
    '* CAPABILITY IMAP4 ID\r\npostern OK done\r\n',
    'postern OK id\r\n',
    '+ go\r\n',
    '+ go\r\n',
    'a1 OK in\r\n',
  ],
  pop3: ['+OK [XCLIENT] ready\r\n', '+OK\r\n', '+OK\r\n', '+OK in\r\n'],
  smtp: ['220 up\r\n', '250-XCLIENT ADDR\r\n250 ok\r\n', '250 ok\r\n', '250 ok\r\n', '235 in\r\n'],
}

/** What is only said to a gate that tells who its client is. */
const isOfIdentity = (line: string): boolean => line.includes('postern')

const word = fc.constantFrom(...words).map((text) => Buffer.from(text))
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 20_000 }).map((size) => Buffer.alloc(size, 'x')),
)
const tail = fc
  .array(fc.oneof({ weight: 20, arbitrary: word }, { weight: 1, arbitrary: noise }), {
    maxLength: 12,
  })
  .map((parts) => Buffer.concat(parts))

/** A login, and a dialogue that goes well for a while and then as it likes. */
const dialogue = setting.chain((given) =>
  fc.tuple(fc.constant(given), fc.nat({ max: 6 }), tail).map(([chosen, steps, rest]) => {
    const start = friendly[chosen.service]
      .filter((line) => chosen.isFull || !isOfIdentity(line))
      .slice(0, steps)
    return { setting: chosen, bytes: Buffer.concat([Buffer.from(start.join('')), rest]) }
  }),
)

interface Transcript {
  toUpstream: string
  toClient: string
  rest: string
  isDone: boolean
  failed: LoginFailure | undefined
}

function play(login: UpstreamLogin, chunks: readonly Buffer[]): Transcript {
  const seen: Transcript = {
    toUpstream: '',
    toClient: '',
    rest: '',
    isDone: false,
    failed: undefined,
  }
  const note = (actions: LoginActions): void => {
    if (seen.isDone || seen.failed !== undefined) expect(actions).toEqual({})
    seen.toUpstream += Buffer.concat(actions.toUpstream ?? []).toString('latin1')
    seen.toClient += Buffer.concat(actions.toClient ?? []).toString('latin1')
    seen.rest += actions.done?.rest.toString('latin1') ?? ''
    seen.isDone ||= actions.done !== undefined
    seen.failed ??= actions.failed
    expect(login.bufferedBytes).toBeLessThanOrEqual(loginMaxBytes)
  }
  note(login.start())
  for (const chunk of chunks) {
    // Once logged in, the gateway relays without asking.
    if (seen.isDone) seen.rest += chunk.toString('latin1')
    else note(login.fromUpstream(chunk))
  }
  if (!seen.isDone) note(login.upstreamEnded())
  return seen
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (left, right) => left - right,
  )
  return ends.map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end))
}

describe('a login at an upstream under noise', () => {
  it('ends in one way, holds no more than its bound and never throws', () => {
    fc.assert(
      fc.property(setting, fc.array(tail, { maxLength: 10 }), (given, chunks) => {
        const seen = play(makeLogin(given), chunks)
        expect(seen.isDone).toBe(seen.failed === undefined)
        expect(seen.isDone || seen.toClient === '').toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is the same however the words of the upstream are split', () => {
    fc.assert(
      fc.property(dialogue, fc.array(fc.nat(), { maxLength: 8 }), (given, places) => {
        const whole = play(makeLogin(given.setting), [given.bytes])
        const split = play(makeLogin(given.setting), cutAt(given.bytes, places))
        expect(split).toEqual(whole)
        const bytewise = Array.from(given.bytes.subarray(0, 400), (byte) => Buffer.of(byte))
        const single = play(makeLogin(given.setting), [...bytewise, given.bytes.subarray(400)])
        expect(single).toEqual(whole)
      }),
      { numRuns: 2_000 },
    )
  })

  it('reaches both ends often enough for all this to mean something', () => {
    const ends = new Map<string, number>()
    for (const given of fc.sample(dialogue, { numRuns: 4_000, seed: 1 })) {
      const { failed } = play(makeLogin(given.setting), [given.bytes])
      const end = `${given.setting.service} ${failed?.fault ?? 'done'}`
      ends.set(end, (ends.get(end) ?? 0) + 1)
    }
    for (const service of ['imap', 'pop3', 'smtp']) {
      for (const end of ['done', 'denied', 'refused', 'invalid', 'closed', 'too_long']) {
        expect([service, end, ends.get(`${service} ${end}`) ?? 0]).toSatisfy(
          ([, , count]: [string, string, number]) => count > 2,
        )
      }
    }
  })

  it('password in the log: never stands there, nor goes to a client that does not know it', () => {
    const plain = Buffer.from(`\0u@d\0${password.toString()}`).toString('base64')
    const echoes = fc
      .tuple(dialogue, fc.constantFrom(password.toString(), password.toString('base64'), plain))
      .map(([given, echo]) => ({
        ...given,
        bytes: Buffer.concat([given.bytes, Buffer.from(`\r\na1 NO ${echo}\r\n550 ${echo}\r\n`)]),
      }))
    fc.assert(
      fc.property(echoes, (given) => {
        const { failed } = play(makeLogin(given.setting), [given.bytes])
        if (failed === undefined) return
        for (const secret of [password.toString(), password.toString('base64'), plain]) {
          expect(failed.reason).not.toContain(secret)
          if (given.setting.isForeign) expect(failed.replyToClient.toString()).not.toContain(secret)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('what is sent to an upstream, whoever logs in', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('u\r\nDELE 1', 'u\nx LOGOUT', 'a {5}\r\n', '"', '\\', ' ', '\0', 'ü')
      .map((text) => Buffer.from(text)),
  )
  const anyone = fc.tuple(setting, hostile, hostile).map(([given, user, secret]) => ({
    ...given,
    user,
    password: secret,
    mode: 'always' as const,
  }))

  it('CR LF in login: is the commands it should be and no other', () => {
    fc.assert(
      fc.property(anyone, (given) => {
        const chunks = friendly[given.service]
          .filter((line) => given.isFull || !isOfIdentity(line))
          // Without XCLIENT there is one greeting and one name fewer, or one answer.
          .filter((_, at) => given.isFull || given.service !== 'smtp' || (at !== 2 && at !== 3))
          .filter((_, at) => given.isFull || given.service !== 'pop3' || at !== 1)
          .map((line) => Buffer.from(line))
        const seen = play(makeLogin(given), chunks)
        if (seen.failed !== undefined) {
          expect([seen.failed.fault, seen.toUpstream]).toEqual(['unsendable', ''])
          return
        }
        expect(seen.isDone).toBe(true)
        const { user, password: secret } = given
        const [name, word_] = [user.toString('latin1'), secret.toString('latin1')]
        const lines = seen.toUpstream.split('\r\n').slice(0, -1)
        switch (given.service) {
          case 'imap': {
            const commands = `a1 LOGIN {${user.length}}\r\n${name} {${secret.length}}\r\n${word_}\r\n`
            expect(seen.toUpstream.endsWith(commands)).toBe(true)
            return
          }
          case 'pop3':
            if (given.isFull) expect(lines.shift()).toBe('XCLIENT ADDR=192.0.2.1 PORT=4711')
            expect(lines).toEqual([`USER ${name}`, `PASS ${word_}`])
            return
          case 'smtp':
            expect(lines).toHaveLength(given.isFull ? 4 : 2)
            for (const line of lines) expect(line).toMatch(/^(?:EHLO|HELO|XCLIENT|AUTH) [!-~ ]+$/)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
