// Limits after authentication, as freenginx has them (the conformance cases of its limit_conn), on
// the built program. Where a rule of docs/semantics.md differs, the test says its number.

import { describe, expect, it } from 'vitest'
import { accept } from '../kit/login-servers.ts'
import {
  afterGreeting,
  anybody,
  internalErrors,
  limitedReplies,
  LoginGate,
  password,
} from './kit/login-gate.ts'
import type { LoginGateOptions, MailService } from './kit/login-gate.ts'
import { sleep, until } from './kit/until.ts'

const users = 'Limit_Conn_Zone "user" { Key = "$remote_user" Size = "1m" }'
const one: LoginGateOptions = { global: users, all: 'Limit_Conn "user" { Sessions = 1 }' }
const services: readonly MailService[] = ['imap', 'pop3', 'smtp']

describe('one session a user', () => {
  it('freenginx case 01: the second IMAP login reads NO under its tag, and the log says why', async () => {
    const login = await LoginGate.start(one)
    await login.admits('imap', 'u')
    const second = await login.greeted('imap')
    second.send(`tAg.1 LOGIN u ${password}\r\n`)
    await second.over()
    expect(afterGreeting('imap', second)).toBe('tAg.1 NO [UNAVAILABLE] Too many connections\r\n')
    const [line] = await login.gate.logs(/^.*limiting connections.*$/m)
    expect(line).toMatch(
      /\[error\] \d+#\d+: \*\d+ limiting connections by zone "user", client: 127\.0\.0\.65, server: \S+, login: "u"$/,
    )
    expect(login.gate.log).not.toContain(password)
  })

  it.each([
    ['02', 'pop3'],
    ['03', 'smtp'],
  ] as const)(
    'freenginx case %s: the second %s login reads its reply, and the end',
    async (_case, service) => {
      const login = await LoginGate.start(one)
      const held = await login.admits(service, 'u')
      await login.refuses(service, 'u')
      expect(held.isLive).toBe(true)
    },
  )

  it('freenginx case 04: counts over all three protocols', async () => {
    const login = await LoginGate.start(one)
    await login.admits('imap', 'u')
    for (const service of services) await login.refuses(service, 'u')
  })

  it('freenginx case 05: is free again as soon as the session has closed', async () => {
    const login = await LoginGate.start(one)
    const held = await login.admits('imap', 'u')
    await held.close()
    await login.gate.holds(0)
    await login.admits('imap', 'u')
  })

  it('freenginx case 06: tells upper from lower case', async () => {
    const login = await LoginGate.start(one)
    await login.admits('imap', 'u@d')
    await login.admits('imap', 'U@D')
  })

  it.each([
    ['x7 AUTHENTICATE PLAIN\r\n', `${Buffer.from(`\0u\0${password}`).toString('base64')}\r\n`],
    ['x7 AUTHENTICATE LOGIN\r\n', `dQ==\r\n${Buffer.from(password).toString('base64')}\r\n`],
    ['x7 LOGIN {1}\r\n', `u {5}\r\n${password}\r\n`],
  ])('freenginx case 07: answers under the tag that began %j', async (first, then) => {
    const login = await LoginGate.start(one)
    await login.admits('imap', 'u')
    const second = await login.greeted('imap')
    second.send(first)
    await second.receives('\r\n+ ')
    second.send(then)
    await second.over()
    expect(second.text.endsWith('\r\nx7 NO [UNAVAILABLE] Too many connections\r\n')).toBe(true)
  })

  it('freenginx case 08: drops what was pipelined behind the login', async () => {
    const login = await LoginGate.start(one)
    await login.admits('imap', 'u')
    const second = await login.greeted('imap')
    second.send(`y1 LOGIN u ${password}\r\ny2 NOOP\r\ny3 LOGOUT\r\n`)
    await second.over()
    expect(afterGreeting('imap', second)).toBe('y1 NO [UNAVAILABLE] Too many connections\r\n')
  })

  it('freenginx case 11: counts under Auth-User, and logs it', async () => {
    const login = await LoginGate.start({
      ...one,
      answer: ({ headers }, behind) =>
        accept(behind.port(headers.get('auth-protocol')), { 'Auth-User': 'shared' }),
    })
    await login.admits('imap', 'x')
    await login.refuses('imap', 'y')
    await login.gate.logs(/limiting connections by zone "user".*, login: "shared"/)
  })
})

describe('keys', () => {
  it('freenginx case 12: of headers join all of one name, and an empty one counts nobody', async () => {
    const answers = new Map([
      ['a', 'X-Key: a\r\nx-key: b\r\n'],
      ['b', 'X-KEY: a, b\r\n'],
      ['c', 'X-Key:   sp  inner  \r\n'],
      ['d', 'X-Key: \r\n'],
    ])
    const login = await LoginGate.start({
      global: 'Limit_Conn_Zone "k" { Key = "$auth_http_x_key" Size = "1m" }',
      all: 'Limit_Conn "k" { Sessions = 1 }',
      answer: ({ headers }, behind) => {
        const port = behind.port(headers.get('auth-protocol'))
        const more = answers.get(headers.get('auth-user') ?? '') ?? ''
        return `HTTP/1.0 200 OK\r\nAuth-Server: 127.0.0.1\r\nAuth-Port: ${port}\r\n${more}\r\n`
      },
    })
    await login.admits('imap', 'a')
    await login.refuses('imap', 'b')
    await login.admits('imap', 'c')
    for (const user of ['d', 'd', 'e', 'e']) await login.admits('imap', user)
    expect(await login.used('k')).toEqual({ 'a, b': 1, 'sp  inner': 1 })
  })

  it('freenginx case 13: longer than 255 bytes are counted as well (S15)', async () => {
    const login = await LoginGate.start(one)
    for (const length of [255, 256]) {
      const user = 'k'.repeat(length)
      await login.admits('imap', user)
      await login.refuses('imap', user)
    }
  })

  it('freenginx case 26: of addresses are those of the PROXY header', async () => {
    const login = await LoginGate.start({
      global: 'Limit_Conn_Zone "addr" { Key = "$remote_addr" Size = "1m" }',
      all: 'Limit_Conn "addr" { Sessions = 1 }',
      proxy: 'v1',
    })
    await login.admits('imap', 'u', '192.0.2.1')
    await login.admits('imap', 'u', '192.0.2.2')
    await login.refuses('imap', 'u', '192.0.2.1')
    await login.gate.logs(/limiting connections by zone "addr", client: 192\.0\.2\.1, /)
    expect(login.auth.asked[0]?.headers.get('client-ip')).toBe('192.0.2.1')
  })
})

describe('several limits', () => {
  it('freenginx case 14: leave no trace of the one that fitted when the other did not (S17)', async () => {
    const login = await LoginGate.start({
      global: `${users} Limit_Conn_Zone "dom" { Key = "$auth_http_domain" Size = "1m" }`,
      all: 'Limit_Conn "user" { Sessions = 2 } Limit_Conn "dom" { Sessions = 1 }',
      answer: ({ headers }, behind) =>
        accept(behind.port(headers.get('auth-protocol')), {
          Domain: headers.get('auth-pass') ?? '',
          'Auth-Pass': password,
        }),
    })
    const logIn = async (user: string, domain: string): Promise<string> => {
      const client = await login.greeted('imap')
      client.send(`t1 LOGIN ${user} ${domain}\r\n`)
      await client.receives('\r\nt1 ')
      return /^t1 (OK|NO)/m.exec(client.text)?.[1] ?? ''
    }
    expect(await logIn('w', 'full')).toBe('OK')
    expect(await logIn('v', 'full')).toBe('NO')
    await login.gate.logs(/limiting connections by zone "dom".*login: "v"/)
    expect([await logIn('v', 'd1'), await logIn('v', 'd2')]).toEqual(['OK', 'OK'])
    expect(await logIn('v', 'd3')).toBe('NO')
    await login.gate.logs(/limiting connections by zone "user".*login: "v"/)
  })

  it('freenginx case 15: of an inner scope replace the outer ones', async () => {
    const login = await LoginGate.start({
      ...one,
      global: `${users} Limit_Conn_Zone "addr" { Key = "$remote_addr" Size = "1m" }`,
      imap: 'Limit_Conn "addr" { Sessions = 3 }',
    })
    for (let count = 0; count < 3; count += 1) await login.admits('imap', 'u')
    await login.refuses('imap', 'u')
    await login.gate.logs(/limiting connections by zone "addr"/)
    await login.admits('smtp', 'u')
    await login.refuses('smtp', 'u')
  })

  it('freenginx case 16: of one zone compare one count with caps of their own', async () => {
    const login = await LoginGate.start({ ...one, pop3: 'Limit_Conn "user" { Sessions = 2 }' })
    await login.admits('smtp', 'u')
    await login.admits('pop3', 'u')
    await login.refuses('pop3', 'u')
    await login.refuses('smtp', 'u')
  })

  it('freenginx case 17: are as loud as Log_Level says', async () => {
    const quiet = 'Limit_Conn "user" { Sessions = 1 Log_Level = notice }'
    const login = await LoginGate.start({ ...one, all: quiet })
    await login.admits('imap', 'u')
    await login.refuses('imap', 'u')
    await login.gate.logs(/\[notice\] .*limiting connections by zone "user"/)
    const silent = await LoginGate.start({ ...one, all: quiet, errorLog: 'stderr error' })
    await silent.admits('imap', 'u')
    await silent.refuses('imap', 'u')
    expect(silent.gate.log).not.toContain('limiting')
  })

  it('freenginx case 18: in dry run count the excess, too (S18)', async () => {
    const login = await LoginGate.start({
      ...one,
      all: 'Limit_Conn "user" { Sessions = 1 Dry_Run = true }',
    })
    const dry = /limiting connections, dry run, by zone "user"/g
    const a = await login.admits('imap', 'u')
    await login.admits('imap', 'u')
    await login.gate.logs(dry)
    expect(await login.used('user')).toEqual({ u: 2 })
    await a.close()
    await login.gate.holds(1)
    await login.admits('imap', 'u')
    await until('a second line', () => login.gate.log.match(dry)?.length === 2)
  })

  it('freenginx case 19: are in dry run where they say so, and nowhere else', async () => {
    const login = await LoginGate.start({
      ...one,
      imap: 'Limit_Conn "user" { Sessions = 1 Dry_Run = true Log_Level = warn }',
    })
    await login.admits('pop3', 'u')
    await login.admits('imap', 'u')
    await login.gate.logs(/\[warn\] .*limiting connections, dry run, by zone "user"/)
    await login.refuses('smtp', 'u')
  })
})

describe('slots after authentication', () => {
  it('freenginx case 21: are taken by nobody who is not let in, and once after WAIT', async () => {
    let waits = 0
    const login = await LoginGate.start({
      ...one,
      answer: (asked, behind) => {
        const user = asked.headers.get('auth-user')
        if (user === 'wrong') return { 'Auth-Status': 'no' }
        if (user === 'portless') return { 'Auth-Status': 'OK', 'Auth-Server': '127.0.0.1' }
        waits += 1
        return waits === 1 ? { 'Auth-Status': 'WAIT', 'Auth-Wait': '1' } : anybody(asked, behind)
      },
    })
    for (const user of ['wrong', 'portless']) {
      const client = await login.tries('imap', user)
      await client.over()
    }
    expect(await login.used('user')).toEqual({})
    await login.admits('imap', 'u')
    expect([waits, await login.used('user')]).toEqual([2, { u: 1 }])
    await login.gate.logs(/client login failed: "no" while in http auth state/)
    await login.gate.logs(/did not send server or port while in http auth state/)
  })

  it('freenginx case 22: stay taken while a client lingers that its upstream refused', async () => {
    const login = await LoginGate.start({ ...one, serve: (socket) => socket.resetAndDestroy() })
    const client = await login.greeted('imap')
    client.holdsOpen = true
    client.send(`t1 LOGIN u ${password}\r\n`)
    await until('the end', () => client.hasEnded)
    expect(afterGreeting('imap', client)).toBe(internalErrors.imap)
    expect(await login.used('user')).toEqual({ u: 1 })
    await sleep(2000)
    expect(await login.used('user')).toEqual({ u: 1 })
    await until('the slot', async () => Object.keys(await login.used('user')).length === 0)
  })

  it('freenginx case 23: are not held by the refused, who is let talk for 5 s at most', async () => {
    const login = await LoginGate.start(one)
    const held = await login.admits('imap', 'u')
    const second = await login.greeted('imap')
    second.holdsOpen = true
    second.send(`t1 LOGIN u ${password}\r\n`)
    await until('the end', () => second.hasEnded)
    second.send('junk\r\n'.repeat(1000))
    await held.close()
    await login.gate.holds(0)
    const third = await login.admits('imap', 'u')
    await until('nobody lingers', async () => (await login.gate.status()).refusalsLingering === 0)
    expect(afterGreeting('imap', second)).toBe(limitedReplies.imap)
    expect(third.isLive).toBe(true)
  })

  it('freenginx case 24: come back when either side ends', async () => {
    const login = await LoginGate.start(one)
    const endings: readonly ((client: Awaited<ReturnType<typeof login.admits>>) => void)[] = [
      (client) => client.socket.end(),
      (client) => client.reset(),
      () => login.behind.sockets.forEach((socket) => socket.end()),
    ]
    for (const end of endings) {
      const client = await login.admits('imap', 'u')
      end(client)
      await login.gate.holds(0)
      expect(await login.used('user')).toEqual({})
    }
  })

  it('freenginx case 25: are as many states as the zone has room for (S16)', async () => {
    const login = await LoginGate.start({
      global: 'Limit_Conn_Zone "user" { Key = "$remote_user" Size = "32k" }',
      all: 'Limit_Conn "user" { Sessions = 1 }',
    })
    // 32 KiB hold 128 states of 256 bytes, which keys of 93 to 220 bytes take.
    const name = (number: number): string => `${number}-`.padEnd(100, 'x')
    const held = []
    for (let count = 0; count < 128; count += 1) held.push(await login.admits('imap', name(count)))
    for (const service of services) {
      const client = await login.tries(service, name(1000))
      await client.over()
      expect(client.text.endsWith(internalErrors[service])).toBe(true)
    }
    await login.gate.logs(
      /\[crit\] .*ngx_slab_alloc\(\) failed: no memory in limit_conn_zone "user"/,
    )
    await login.refuses('imap', name(1))
    await held[0]?.close()
    await login.gate.holds(127)
    await login.admits('imap', name(1000))
  })

  it('freenginx case 28, 31: survive a reload, and a changed cap holds for the next (S19)', async () => {
    const login = await LoginGate.start(one)
    await login.admits('imap', 'u')
    await login.reload(one)
    await login.refuses('imap', 'u')
    await login.reload({ ...one, all: 'Limit_Conn "user" { Sessions = 3 }' })
    const more = [await login.admits('imap', 'u'), await login.admits('pop3', 'u')]
    await login.refuses('smtp', 'u')
    await login.reload(one)
    await login.refuses('imap', 'u')
    expect(more.every((client) => client.isLive)).toBe(true)
    await login.gate.auditsClean()
  })

  it('freenginx case 30: follow a zone whose key was changed by a reload (S19)', async () => {
    const login = await LoginGate.start(one)
    await login.admits('imap', 'u')
    await login.reload({
      ...one,
      global: 'Limit_Conn_Zone "user" { Key = "$remote_addr" Size = "2m" }',
    })
    expect(await login.used('user')).toEqual({ '127.0.0.65': 1 })
    await login.refuses('imap', 'other')
    await login.admits('imap', 'other', 'B')
  })
})
