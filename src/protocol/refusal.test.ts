// Every byte a client reads from us at the end is pinned here.

import { describe, expect, it } from 'vitest'
import { connectRefusal, idleGoodbye, shutdownGoodbye, upstreamDown } from './refusal.ts'

const spoken = ['smtp', 'imap', 'pop3'] as const

const table = [
  {
    name: 'a refusal at connect',
    say: connectRefusal,
    smtp: '421 4.4.5 Service unavailable, concurrency limit reached.\r\n',
    imap: '* BYE [UNAVAILABLE] Service unavailable, concurrency limit reached.\r\n',
    pop3: '-ERR [SYS/TEMP] Service unavailable, concurrency limit reached.\r\n',
  },
  {
    name: 'an upstream that is down',
    say: upstreamDown,
    smtp: '421 4.4.5 Service unavailable\r\n',
    imap: '* BYE [UNAVAILABLE] Service unavailable\r\n',
    pop3: '-ERR [SYS/TEMP] Service unavailable\r\n',
  },
  {
    name: 'an idle end',
    say: idleGoodbye,
    smtp: '421 4.4.2 Idle timeout, closing connection\r\n',
    imap: '* BYE [UNAVAILABLE] Idle timeout, closing connection\r\n',
    pop3: '-ERR [SYS/TEMP] Idle timeout, closing connection\r\n',
  },
  {
    name: 'a shutdown',
    say: shutdownGoodbye,
    smtp: '421 4.3.2 Service shutting down\r\n',
    imap: '* BYE [UNAVAILABLE] Service shutting down\r\n',
    pop3: '-ERR [SYS/TEMP] Service shutting down\r\n',
  },
] as const

describe('last words', () => {
  for (const row of table) {
    it(`of ${row.name} are exact in every protocol`, () => {
      for (const service of spoken) expect(row.say(service)?.toString()).toBe(row[service])
    })

    it(`of ${row.name} are none for ECStream`, () => {
      expect(row.say('ecstream')).toBeUndefined()
    })

    it(`of ${row.name} are built once`, () => {
      expect(row.say('smtp')).toBe(row.say('smtp'))
    })
  }
})
