// The auth server's dialogue under noise: what is sent stays one request, what comes is one outcome.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assert } from '../../src/base/assert.ts'
import type { AuthOutcome } from '../../src/protocol/auth-http/outcome.ts'
import { authRequest } from '../../src/protocol/auth-http/request.ts'
import type { AuthRequest } from '../../src/protocol/auth-http/request.ts'
import {
  authReaderMaxBytes,
  authResponseMaxBytes,
  AuthResponseReader,
} from '../../src/protocol/auth-http/response.ts'

const words = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/',
  'Auth-Status: OK\r\n',
  'Auth-Status: WAIT\r\n',
  'Auth-Status: no such user\r\n',
  'Auth-Wait: 3\r\n',
  'Auth-Server: 127.0.0.1\r\n',
  'Auth-Server: 2001:db8::1\n',
  'Auth-Server: host\r\n',
  'Auth-Port: 143\r\n',
  'Auth-Port: 99999\r\n',
  'Auth-User: someone else\r\n',
  'auth-pass: x\r\n',
  'Auth-Error-Code: 451 4.3.0\r\n',
  'Auth-Error-SASL: eyJ9\r\n',
  'X-Key:  a  b \r\n',
  'X_Key: a\r\n',
  'X-Key\r\n',
  ':',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
] as const

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 10_000 }).map((size) => Buffer.alloc(size, 'x')),
)
const word = fc.constantFrom(...words).map((text) => Buffer.from(text))
const stream = fc
  .array(fc.oneof({ weight: 30, arbitrary: word }, { weight: 1, arbitrary: noise }), {
    maxLength: 20,
  })
  .map((parts) => Buffer.concat(parts))
const options = fc.record({
  serverName: fc.constant('127.0.0.1:80'),
  needsPassword: fc.boolean(),
  takesSaslChallenge: fc.boolean(),
})

/** Pieces of a stream, cut at these places. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (left, right) => left - right,
  )
  return ends.map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end))
}

function hasNoLineEnd(text: string | undefined): boolean {
  return text === undefined || !/[\r\n\0]/.test(text)
}

function isSound(outcome: AuthOutcome): boolean {
  switch (outcome.kind) {
    case 'accept':
      return outcome.port >= 1 && outcome.port <= 65_535 && hasNoLineEnd(outcome.server)
    case 'wait':
      return outcome.waitMs >= 0 && outcome.waitMs <= 86_400_000
    case 'fail':
      return [outcome.text, outcome.errorCode, outcome.saslChallenge].every(hasNoLineEnd)
    case 'broken':
      return outcome.logText.startsWith('auth http server 127.0.0.1:80 ')
  }
}

describe('the answer of an auth server under noise', () => {
  it('gives one sound outcome, holds no more than its bound and never throws', () => {
    fc.assert(
      fc.property(options, fc.array(stream, { maxLength: 10 }), (given, chunks) => {
        const reader = new AuthResponseReader(given)
        let first: AuthOutcome | undefined
        for (const chunk of chunks) {
          const outcome = reader.read(chunk)
          if (first !== undefined) expect(outcome).toBe(first)
          first ??= outcome
          expect(reader.bufferedBytes).toBeLessThanOrEqual(authReaderMaxBytes)
        }
        const last = reader.end()
        expect(first === undefined || first === last).toBe(true)
        expect(isSound(last)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  it('is the same however it is split', () => {
    fc.assert(
      fc.property(options, stream, fc.array(fc.nat(), { maxLength: 8 }), (given, bytes, places) => {
        const whole = new AuthResponseReader(given)
        const split = new AuthResponseReader(given)
        whole.read(bytes)
        for (const piece of cutAt(bytes, places)) split.read(piece)
        expect(split.end()).toEqual(whole.end())
      }),
      { numRuns: 3_000 },
    )
  })

  it('is the same byte by byte, at the bound as well', () => {
    const bytes = fc
      .tuple(fc.integer({ min: -8, max: 8 }), fc.constantFrom('\r\n', '\n'), stream)
      .map(([more, lineEnd, rest]) => {
        const filler = 'x'.repeat(authResponseMaxBytes - 10 - lineEnd.length + more)
        return Buffer.concat([Buffer.from(`X: ${filler}${lineEnd}`), rest])
      })
    fc.assert(
      fc.property(bytes, (given) => {
        const whole = new AuthResponseReader({ serverName: '127.0.0.1:80', needsPassword: false })
        const split = new AuthResponseReader({ serverName: '127.0.0.1:80', needsPassword: false })
        whole.read(given)
        for (const byte of given) split.read(Buffer.of(byte))
        expect(split.end()).toEqual(whole.end())
      }),
      { numRuns: 100 },
    )
  })
})

describe('the request to an auth server under noise', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.constantFrom('\r\n', '\r\n\r\nGET / HTTP/1.0', '%0D%0A', '\n', '\0', ' a\tb% '),
  )
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a\r\nX: y', '\n\n'))
  const request: fc.Arbitrary<AuthRequest> = fc.record({
    method: fc.constantFrom('plain' as const, 'cram-md5' as const, 'none' as const),
    user: hostile,
    password: hostile,
    salt: text,
    protocol: fc.constantFrom('imap' as const, 'smtp' as const),
    attempt: fc.integer({ min: 1, max: 1_000 }),
    clientIp: text,
    clientHost: text,
    envelope: fc.record({ helo: hostile, from: hostile, to: hostile }),
    tls: fc.record({
      protocol: text,
      cipher: text,
      certificate: fc.record({ verify: text, subject: text, issuer: text, pem: text }),
    }),
  })
  const known = /^(?:Host|Auth-[A-Za-z0-9-]+|Client-(?:IP|Host)|X-Extra): /

  it('header injection: is one request of known headers, each once', () => {
    fc.assert(
      fc.property(request, text, (given, extra) => {
        const headers = [{ name: 'X-Extra', value: extra }]
        const bytes = authRequest({ uri: extra, host: extra, headers }, given)
        const all = bytes.toString('latin1')
        expect(all.indexOf('\r\n\r\n')).toBe(all.length - 4)
        const [first, ...lines] = all.slice(0, -4).split('\r\n')
        expect(first).toMatch(/^GET [^ \r\n\0]* HTTP\/1\.0$/)
        for (const line of lines) {
          expect(line).toMatch(known)
          expect(line).not.toMatch(/[\r\n\0]/)
        }
        const names = lines.map((line) => line.slice(0, line.indexOf(':')))
        expect(new Set(names).size).toBe(names.length)
      }),
      { numRuns: 3_000 },
    )
  })

  it('loses nothing of a user name: unescaped, it is the one that was given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (user) => {
        const bytes = authRequest(
          { uri: '/', host: 'a', headers: [] },
          {
            method: 'plain',
            user,
            password: '',
            protocol: 'imap',
            attempt: 1,
            clientIp: '192.0.2.1',
          },
        )
        const line = /\r\nAuth-User: ([^\r]*)\r\n/.exec(bytes.toString('latin1'))?.[1]
        assert(line !== undefined, 'there is such a line')
        const back = line.replaceAll(/%([0-9A-F]{2})/g, (_, digits: string) =>
          String.fromCharCode(Number.parseInt(digits, 16)),
        )
        expect(Buffer.from(back, 'latin1').equals(Buffer.from(user))).toBe(true)
      }),
    )
  })
})
