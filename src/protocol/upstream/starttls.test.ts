// Expectations for asking an upstream for TLS.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoginActions, UpstreamLogin } from './login.ts'
import { starttlsUpgrade } from './starttls.ts'
import type { StarttlsOptions } from './starttls.ts'

type Service = StarttlsOptions['service']

function make(service: Service): UpstreamLogin {
  const upgrade = starttlsUpgrade({ service, ehloName: 'gate.test' })
  expect(upgrade.start()).toEqual({})
  return upgrade
}

interface Outcome {
  readonly sent: string
  readonly greeting: string
  readonly rest: string | undefined
  readonly reason: string | undefined
}

function play(service: Service, chunks: readonly Buffer[]): Outcome {
  const upgrade = make(service)
  const all: LoginActions[] = chunks.map((chunk) => upgrade.fromUpstream(chunk))
  const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString('latin1')
  return {
    sent: text(all.flatMap(({ toUpstream = [] }) => toUpstream)),
    greeting: text(all.flatMap(({ toClient = [] }) => toClient)),
    rest: all.find(({ done }) => done !== undefined)?.done?.rest.toString('latin1'),
    reason: all.find(({ failed }) => failed !== undefined)?.failed?.reason,
  }
}

const say = (service: Service, text: string): Outcome => play(service, [Buffer.from(text)])

const dialogues: readonly (readonly [Service, string, string, string])[] = [
  [
    'imap',
    '* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] up\r\n* OK still\r\npostern OK go\r\n',
    'postern STARTTLS\r\n',
    '* OK up\r\n',
  ],
  ['pop3', '+OK up <1@x>\r\n+OK go\r\n', 'STLS\r\n', '+OK up\r\n'],
  [
    'smtp',
    '220-x\r\n220 up\r\n250-x\r\n250-starttls\r\n250 HELP\r\n220 go\r\n',
    'EHLO gate.test\r\nSTARTTLS\r\n',
    '220-x\r\n220 up\r\n',
  ],
]

describe('asking an upstream for TLS', () => {
  it.each(dialogues)(
    'in %s ends in TLS, and nothing learnt before it is kept',
    (service, heard, sent, greeting) => {
      expect(say(service, heard)).toEqual({ sent, greeting, rest: '', reason: undefined })
    },
  )

  it.each(dialogues)(
    'in %s is the same however the upstream splits its words',
    (service, heard) => {
      const whole = say(service, heard)
      fc.assert(
        fc.property(fc.array(fc.nat({ max: heard.length })), (places) => {
          const ends = [...places, heard.length].toSorted((left, right) => left - right)
          const chunks = ends.map((end, at) =>
            Buffer.from(heard.slice(at === 0 ? 0 : ends[at - 1], end)),
          )
          expect(play(service, chunks)).toEqual(whole)
        }),
        { numRuns: 300 },
      )
    },
  )

  it.each([
    ['imap', '* OK [CAPABILITY IMAP4rev1] up\r\n', 'upstream does not offer STARTTLS'],
    ['imap', '* OK up\r\npostern NO no\r\n', 'upstream refused STARTTLS'],
    ['imap', '* OK up\r\npostern BAD what\r\n', 'upstream refused STARTTLS'],
    ['pop3', '+OK up\r\n-ERR what\r\n', 'upstream refused STARTTLS'],
    ['smtp', '220 up\r\n250-x\r\n250 HELP\r\n', 'upstream does not offer STARTTLS'],
    ['smtp', '220 up\r\n502 what\r\n', 'upstream does not offer STARTTLS'],
    ['smtp', '220 up\r\n250 STARTTLS\r\n454 not now\r\n', 'upstream refused STARTTLS'],
  ] as const)('STARTTLS stripped in %s: goes no further (%j)', (service, heard, reason) => {
    expect(say(service, heard)).toMatchObject({ rest: undefined, reason, greeting: '' })
  })

  it.each([
    ['imap', '* PREAUTH up\r\n'],
    ['imap', '* BYE busy\r\n'],
    ['imap', '* OK up\r\n* X {5}\r\n'],
    ['imap', '* OK up\r\na OK hm\r\n'],
    ['pop3', '-ERR busy\r\n'],
    ['pop3', 'hello\r\n'],
    ['smtp', '554 no\r\n'],
    ['smtp', '220-up\r\n250 x\r\n'],
  ] as const)('in %s ends at what is no answer: %j', (service, heard) => {
    expect(say(service, heard).reason).toMatch(/^upstream sent invalid response: /)
  })

  it.each(dialogues)(
    'response injection in %s: what stands behind the reply is shown to the caller, not read',
    (service, heard) => {
      const injected = '250 AUTH PLAIN\r\npostern OK logged in\r\n+OK\r\n'
      expect(say(service, heard + injected)).toMatchObject({ rest: injected })
    },
  )

  it('ends with the upstream', () => {
    const upgrade = make('pop3')
    upgrade.fromUpstream(Buffer.from('+OK up\r\n'))
    expect(upgrade.action).toBe('sending STARTTLS to upstream')
    expect(upgrade.upstreamEnded().failed?.reason).toBe(
      'upstream prematurely closed connection while reading response from upstream',
    )
  })
})
