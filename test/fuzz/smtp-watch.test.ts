// A watch under noise and under hostile pipelining, against a naive mail server as its oracle.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { watchMaxBytes } from '../../src/protocol/smtp/bounds.ts'
import { SmtpWatch } from '../../src/protocol/smtp/watch.ts'
import type { WatchActions } from '../../src/protocol/smtp/watch-actions.ts'
import type { WatchSettings } from '../../src/protocol/smtp/watch-rules.ts'

const origin = { file: 'a.conf', line: 1, column: 1 }

function makeWatch(settings: WatchSettings): SmtpWatch {
  const address = { family: 4, words: [0xc0000201], text: '192.0.2.1' } as const
  const watch = new SmtpWatch({ settings, client: { address }, ehloName: 'gate.test' })
  watch.start()
  return watch
}

const settingsArbitrary: fc.Arbitrary<WatchSettings> = fc.record(
  {
    bannerHostname: fc.constant({ value: 'mx.example' }),
    staticBanner: fc.constant({ value: '220-mx\n220 two' }),
    smtpExtensions: fc.constant({ value: ['AUTH LOGIN', 'STARTTLS'] }),
    maxReceptions: fc.integer({ min: 1, max: 3 }).map((capMax) => ({ value: { capMax } })),
    starttlsInjection: fc
      .constantFrom('reject' as const, 'ignore' as const, 'allow' as const)
      .map((value) => ({ value, origin })),
    reconfigMessage: fc.constant({ value: '4.3.2 Reconfiguration in progress' }),
    upstreamXclient: fc
      .constantFrom('ifavailable' as const, 'required' as const)
      .map((value) => ({ value })),
  },
  { requiredKeys: [] },
)

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 70_000 }).map((size) => Buffer.alloc(size, 'x')),
)
const clientWords = [
  'EHLO a\r\n',
  'MAIL FROM:<a@a>\r\n',
  'RCPT TO:<b@b>\r\n',
  'DATA\r\n',
  '\r\n.\r\n',
  '.\r\n',
  '\n.\r\n',
  'BDAT 5\r\n',
  'BDAT 3 LAST\r\n',
  'BDAT x\r\n',
  'AUTH LOGIN\r\n',
  'STARTTLS\r\n',
  'RSET\r\n',
  '\r',
  '\n',
  'MAI',
]
const upstreamWords = [
  '220 up\r\n',
  '250 ok\r\n',
  '250-up\r\n',
  '250-AUTH PLAIN LOGIN\r\n',
  '250-XCLIENT ADDR NAME\r\n',
  '250 CHUNKING\r\n',
  '354 go\r\n',
  '334 go\r\n',
  '421 bye\r\n',
  '550 no\r\n',
  '25',
  '\r',
  '\n',
]
const wordFrom = (words: readonly string[]): fc.Arbitrary<Buffer> =>
  fc.constantFrom(...words).map((word) => Buffer.from(word))

const flightFrom = (words: readonly string[]): fc.Arbitrary<Buffer> =>
  fc
    .array(fc.oneof({ weight: 20, arbitrary: wordFrom(words) }, { weight: 1, arbitrary: noise }), {
      maxLength: 6,
    })
    .map((parts) => Buffer.concat(parts))

interface Turn {
  readonly from: 'client' | 'upstream' | 'reload' | 'client_end' | 'upstream_end'
  readonly bytes: Buffer
}

const turn: fc.Arbitrary<Turn> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ from: fc.constant('client'), bytes: flightFrom(clientWords) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ from: fc.constant('upstream'), bytes: flightFrom(upstreamWords) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      from: fc.constantFrom('reload', 'client_end', 'upstream_end'),
      bytes: fc.constant(Buffer.alloc(0)),
    }),
  },
)

function give(watch: SmtpWatch, { from, bytes }: Turn): WatchActions {
  switch (from) {
    case 'client':
      return watch.fromClient(bytes)
    case 'upstream':
      return watch.fromUpstream(bytes)
    case 'client_end':
      return watch.clientEnded()
    case 'upstream_end':
      return watch.upstreamEnded()
    case 'reload':
      watch.policyReplaced()
      return {}
  }
}

describe('a watch under noise', () => {
  it('never throws, never keeps more than its bound and is silent once closed', () => {
    fc.assert(
      fc.property(settingsArbitrary, fc.array(turn, { maxLength: 30 }), (settings, turns) => {
        const watch = makeWatch(settings)
        let isClosed = false
        for (const next of turns) {
          const actions = give(watch, next)
          if (isClosed) expect(actions).toEqual({})
          isClosed ||= actions.close !== undefined
          expect(watch.bufferedBytes).toBeLessThanOrEqual(watchMaxBytes)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('neither loses, adds nor reorders a byte while it has nothing to say', () => {
    const counting: WatchSettings = { maxReceptions: { value: { capMax: 1_000 } } }
    const allow: WatchSettings = { starttlsInjection: { value: 'allow', origin } }
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 30 }), (turns) => {
        const watch = makeWatch({ ...counting, ...allow })
        const sent = { client: '', upstream: '' }
        const passed = { client: '', upstream: '' }
        for (const next of turns) {
          const actions = give(watch, next)
          passed.client += Buffer.concat(actions.toUpstream ?? []).toString('latin1')
          passed.upstream += Buffer.concat(actions.toClient ?? []).toString('latin1')
          if (actions.close !== undefined) return
          if (next.from === 'client') sent.client += next.bytes.toString('latin1')
          if (next.from === 'upstream') sent.upstream += next.bytes.toString('latin1')
          expect(sent.client.startsWith(passed.client)).toBe(true)
          expect(sent.upstream.startsWith(passed.upstream)).toBe(true)
          const missing = sent.client.length + sent.upstream.length
          expect(missing - passed.client.length - passed.upstream.length).toBe(watch.bufferedBytes)
        }
      }),
      { numRuns: 3_000 },
    )
  })
})

/** A mail server as plain as can be: it reads what has come, answers it, and keeps count. */
class NaiveServer {
  acceptedCount = 0
  #input = ''
  #mode: 'command' | 'body' | 'auth' = 'command'

  take(text: string): string {
    this.#input += text
    let replies = ''
    for (let reply = this.#next(); reply !== undefined; reply = this.#next()) replies += reply
    return replies
  }

  /** The answer to what stands first in the input, or undefined when it is not complete. */
  #next(): string | undefined {
    if (this.#mode === 'body') {
      const end = `\r\n${this.#input}`.indexOf('\r\n.\r\n')
      if (end < 0) return undefined
      this.#input = this.#input.slice(end + 3)
      this.#mode = 'command'
      this.acceptedCount += 1
      return '250 taken\r\n'
    }
    const end = this.#input.indexOf('\n') + 1
    if (end === 0) return undefined
    const line = this.#input.slice(0, end).trim().toUpperCase()
    const chunk = /^BDAT (\d+)( LAST)?$/.exec(line)
    const size = chunk === null ? 0 : Number(chunk[1])
    if (this.#input.length < end + size) return undefined
    this.#input = this.#input.slice(end + size)
    if (chunk?.[2] !== undefined) this.acceptedCount += 1
    return this.#answer(line)
  }

  #answer(line: string): string {
    if (this.#mode === 'auth') {
      this.#mode = 'command'
      return '535 no\r\n'
    }
    if (line === 'DATA') this.#mode = 'body'
    if (line === 'AUTH LOGIN') this.#mode = 'auth'
    if (line === 'DATA') return '354 go\r\n'
    if (line === 'AUTH LOGIN') return '334 user\r\n'
    return line.startsWith('EHLO') ? '250-up\r\n250-SIZE\r\n250 CHUNKING\r\n' : '250 ok\r\n'
  }
}

const body = fc
  .array(
    fc.constantFrom('MAIL FROM:<a@a>\r\n', '..\r\n', '\n.\r\n', '.\n', 'x', '\r\n', 'DATA\r\n'),
    {
      maxLength: 5,
    },
  )
  .map((parts) => `${parts.join('')}\r\n.\r\n`)
  .map((text) => text.slice(0, `\r\n${text}`.indexOf('\r\n.\r\n') + 3))
const chunk = fc
  .tuple(fc.constantFrom('MAIL FROM:<a@a>\r\n', 'RSET\r\n', ''), fc.boolean())
  .map(([text, isLast]) => `BDAT ${text.length}${isLast ? ' LAST' : ''}\r\n${text}`)
const deed = fc.oneof(
  body.map((text) => `MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nDATA\r\n${text}`),
  chunk.map((text) => `MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\n${text}`),
  fc.constantFrom('MAIL FROM:<a@a>', 'x').map((blob) => `AUTH LOGIN\r\n${blob}\r\n`),
  fc.constantFrom('NOOP\r\n', 'RSET\r\n', 'EHLO a\r\n', '  noop\n'),
)

describe('a watch before a naive server', () => {
  it('admits exactly the allowed messages of a client that pipelines everything', () => {
    const plays = fc.record({
      capMax: fc.integer({ min: 1, max: 3 }),
      deeds: fc.array(deed, { maxLength: 8 }),
      clientSizes: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 }),
      serverSizes: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 }),
    })
    fc.assert(
      fc.property(plays, ({ capMax, deeds, clientSizes, serverSizes }) => {
        const script = `EHLO a\r\n${deeds.join('')}`
        const free = relay({ script, capMax: 1_000, clientSizes, serverSizes })
        const capped = relay({ script, capMax, clientSizes, serverSizes })
        const alone = new NaiveServer()
        const direct = `220 up\r\n${alone.take(script)}`
        expect(free).toEqual({ heard: direct, acceptedCount: alone.acceptedCount, isOver: false })
        expect(capped.acceptedCount).toBe(Math.min(capMax, alone.acceptedCount))
        if (!capped.isOver) expect(capped.heard).toBe(direct)
        const words = '421 4.5.3 Service unavailable, batch limit reached\r\n'
        expect(capped.isOver).toBe(capped.heard.endsWith(words))
        const before = capped.isOver ? capped.heard.slice(0, -words.length) : capped.heard
        expect(direct.startsWith(before)).toBe(true)
        const isMailLeft = messagesTried(deeds) > capMax && alone.acceptedCount >= capMax
        if (capped.isOver) expect(isMailLeft).toBe(true)
      }),
      { numRuns: 1_500 },
    )
  })
})

function messagesTried(deeds: readonly string[]): number {
  return deeds.filter((text) => text.startsWith('MAIL')).length
}

interface Play {
  readonly script: string
  readonly capMax: number
  readonly clientSizes: readonly number[]
  readonly serverSizes: readonly number[]
}

/** Plays the script through a watch, client and server taking turns with pieces of these sizes. */
function relay(play: Play): { heard: string; acceptedCount: number; isOver: boolean } {
  const watch = makeWatch({ maxReceptions: { value: { capMax: play.capMax } } })
  const server = new NaiveServer()
  const state = { unsent: play.script, unheard: '220 up\r\n', heard: '', isOver: false }
  const apply = (actions: WatchActions): void => {
    state.heard += Buffer.concat(actions.toClient ?? []).toString('latin1')
    state.isOver ||= actions.close !== undefined
    const forwarded = Buffer.concat(actions.toUpstream ?? []).toString('latin1')
    if (!state.isOver) state.unheard += server.take(forwarded)
  }
  for (let round = 0; state.unsent.length + state.unheard.length > 0; round += 1) {
    const size = play.clientSizes[round % play.clientSizes.length] ?? 1
    apply(watch.fromClient(Buffer.from(state.unsent.slice(0, size))))
    state.unsent = state.unsent.slice(size)
    const portion = play.serverSizes[round % play.serverSizes.length] ?? 1
    const said = state.unheard.slice(0, portion)
    state.unheard = state.unheard.slice(portion)
    if (!state.isOver) apply(watch.fromUpstream(Buffer.from(said)))
  }
  return { heard: state.heard, acceptedCount: server.acceptedCount, isOver: state.isOver }
}
