// Looking up the names of clients, against a name server that answers as each test says.

import { afterEach, describe, expect, it } from 'vitest'
import { FakeDns } from '../../../test/kit/dns-server.ts'
import type { DnsAnswer, DnsRecord, DnsScript } from '../../../test/kit/dns-server.ts'
import {
  atCleanUp,
  cleanUp,
  deadPort,
  pauseMs,
  rigPolicy,
  until,
} from '../../../test/kit/gateway-rig.ts'
import type { Values } from '../../../test/kit/gateway-rig.ts'
import { ManualClock } from '../../../test/kit/manual-clock.ts'
import { parseAddress } from '../../base/address.ts'
import type { Settings } from '../../policy/plan.ts'
import { PlanTable } from '../../policy/plan-table.ts'
import { clientNameText } from '../../protocol/smtp/client-name.ts'
import { ClientNames } from './client-names.ts'
import type { FoundName } from './name-lookup.ts'

afterEach(cleanUp)

const client = '192.0.2.7'
const pointer = 'PTR 7.2.0.192.in-addr.arpa'

async function dns(script: DnsScript): Promise<FakeDns> {
  const server = await FakeDns.start(script)
  atCleanUp(() => server.close())
  return server
}

/** A name that points back, unless the test says otherwise. */
function zone(over: Partial<Record<'PTR' | 'A' | 'AAAA', DnsAnswer | undefined>> = {}): DnsScript {
  const usual: Partial<Record<string, DnsAnswer>> = {
    PTR: { records: [{ type: 'PTR', value: 'mail.example' }] },
    A: { records: [{ type: 'A', value: client }] },
    AAAA: {},
  }
  const answers: Partial<Record<string, DnsAnswer>> = { ...usual, ...over }
  return ({ type }) => answers[type]
}

function settingsOf(values: Values): Settings {
  const policy = rigPolicy({ options: values, listens: { '127.0.0.1:0': {} } })
  return new PlanTable(policy, (plan) => plan).get('127.0.0.1:0', undefined).settings
}

const at = (...ports: number[]): Values => ({
  resolver: ports.map((port) => ({ host: '127.0.0.1', port, text: `127.0.0.1:${port}` })),
})

interface Asked {
  readonly found: Promise<FoundName>
  leave(why?: { readonly isTimeout: boolean }): void
}

function asks(names: ClientNames, values: Values, address = client): Asked {
  const parsed = parseAddress(address)
  if (parsed === undefined) throw new Error(address)
  let leave: Asked['leave'] = () => {}
  const found = new Promise<FoundName>((resolve) => {
    const answer = names.ask(settingsOf(values), parsed, resolve)
    if ('name' in answer) resolve(answer)
    else leave = (why) => answer.leave(why)
  })
  return { found, leave: (why) => leave(why) }
}

/** The name as an auth server reads it, and what the log says. */
async function finds(names: ClientNames, values: Values, address = client): Promise<string[]> {
  const { name, problem } = await asks(names, values, address).found
  return problem === undefined ? [clientNameText(name)] : [clientNameText(name), problem]
}

const quick = (clock = new ManualClock()): ClientNames => new ClientNames({ clock, attemptMs: 300 })

describe('the name of a client', () => {
  it('is that of its PTR record when one of its addresses is the client', async () => {
    const server = await dns(
      zone({ A: { records: ['192.0.2.1', client].map((value) => ({ type: 'A', value })) } }),
    )
    expect(await finds(quick(), at(server.port))).toEqual(['mail.example'])
    expect(server.questions.toSorted()).toEqual(['A mail.example', 'AAAA mail.example', pointer])
  })

  it('may point back by an IPv6 address', async () => {
    const address = '2001:db8::1'
    const value = '20010db8000000000000000000000001'
    const server = await dns(zone({ A: {}, AAAA: { records: [{ type: 'AAAA', value }] } }))
    expect(await finds(quick(), at(server.port), address)).toEqual(['mail.example'])
    expect(server.questions[0]).toMatch(
      /^PTR 1\.0\.0\.(0\.){20}0\.8\.b\.d\.0\.1\.0\.0\.2\.ip6\.arpa$/,
    )
  })

  it('is looked for in one family only where the other is off', async () => {
    const server = await dns(zone())
    await finds(quick(), { ...at(server.port), resolverIpv6: false })
    expect(server.questions).toEqual([pointer, 'A mail.example'])
    await finds(quick(), { ...at(server.port), resolverIpv4: false })
    expect(server.questions.slice(2)).toEqual([pointer, 'AAAA mail.example'])
  })

  it('is followed through a CNAME in the same answer', async () => {
    const alias = '7.0-7.2.0.192.in-addr.arpa'
    const records: DnsRecord[] = [
      { type: 'CNAME', value: alias },
      { type: 'PTR', owner: alias, value: 'mail.example' },
    ]
    const server = await dns(zone({ PTR: { records } }))
    expect(await finds(quick(), at(server.port))).toEqual(['mail.example'])
  })

  it('is the first of many', async () => {
    const records = Array.from({ length: 20 }, (_, index): DnsRecord => {
      return { type: 'PTR', value: `mail${index}.example` }
    })
    const server = await dns(zone({ PTR: { records } }))
    expect(await finds(quick(), at(server.port))).toEqual(['mail0.example'])
    expect(server.asked.length).toBe(3)
  })

  it('is asked for over TCP when the answer is too large for UDP', async () => {
    const records = Array.from({ length: 900 }, (_, index): DnsRecord => {
      return { type: 'PTR', value: `mail${index}.a-rather-long-name-for-a-host.example` }
    })
    const usual = zone({ PTR: { records } })
    const server = await dns((question) =>
      question.type === 'PTR' && !question.isTcp ? { isTruncated: true } : usual(question),
    )
    expect(await finds(quick(), at(server.port))).toEqual([
      'mail0.a-rather-long-name-for-a-host.example',
    ])
    expect(server.asked.map(({ isTcp }) => isTcp).slice(0, 2)).toEqual([false, true])
  })
})

describe('no name', () => {
  const noAddress = `${client} could not be resolved (3: Host not found) while in resolving client address`
  it.each<[string, Parameters<typeof zone>[0], string]>([
    ['without a PTR record', { PTR: {} }, noAddress],
    ['for an address that is not in DNS', { PTR: { code: 3 } }, noAddress],
    [
      'when the name is not in DNS',
      { A: { code: 3 }, AAAA: { code: 3 } },
      '"mail.example" could not be resolved (3: Host not found) while in resolving client hostname',
    ],
    [
      "when the name is somebody else's",
      { A: { records: [{ type: 'A', value: '192.0.2.8' }] } },
      `"mail.example" does not point to ${client} while in resolving client hostname`,
    ],
    [
      'for a CNAME alone',
      { PTR: { records: [{ type: 'CNAME', value: 'elsewhere.example' }] } },
      noAddress,
    ],
  ])('is [UNAVAILABLE] %s', async (_why, over, problem) => {
    const server = await dns(zone(over))
    expect(await finds(quick(), at(server.port))).toEqual(['[UNAVAILABLE]', problem])
  })

  it.each<[string, Parameters<typeof zone>[0], string]>([
    [
      'for its address',
      { PTR: { code: 2 } },
      `${client} could not be resolved (2: Server failure) while in resolving client address`,
    ],
    [
      'for its name',
      { A: { code: 5 } },
      '"mail.example" could not be resolved (5: Operation refused) while in resolving client hostname',
    ],
  ])('is [TEMPUNAVAIL] when the server fails %s', async (_what, over, problem) => {
    const server = await dns(zone(over))
    expect(await finds(quick(), at(server.port))).toEqual(['[TEMPUNAVAIL]', problem])
  })

  it('is [TEMPUNAVAIL] when nobody listens at any server', async () => {
    const [name, problem] = await finds(quick(), at(await deadPort(), await deadPort()))
    expect([name, problem]).toEqual([
      '[TEMPUNAVAIL]',
      `${client} could not be resolved (111: Connection refused) while in resolving client address`,
    ])
  })
})

describe('an attack in a PTR record', () => {
  it.each<[string, readonly string[]]>([
    ['a header injection', ['evil\r\nAuth-User: root', 'example']],
    ['a NUL', ['evil\0', 'example']],
    ['a blank', ['evil host', 'example']],
    ['an escaped dot', ['evil.trusted', 'example']],
    ['a backslash', ['evil\\', 'example']],
    ['bytes beyond ASCII', ['\xff\xfe', 'example']],
    ['a word of XCLIENT', ['x ADDR=127', '0', '0', '1']],
    ['the text that means unknown', ['[UNAVAILABLE]']],
    ['an address', ['10', '0', '0', '1']],
    ['a name that is empty', []],
  ])('%s is no name and is not repeated', async (_what, value) => {
    const server = await dns(zone({ PTR: { records: [{ type: 'PTR', value }] } }))
    const { name, problem = '' } = await asks(quick(), at(server.port)).found
    expect(name.kind).not.toBe('known')
    expect(problem).toMatch(/ while in resolving client address$/)
    expect(problem).toMatch(/^[ -~]*$/)
    expect(problem).not.toMatch(/evil|ADDR|10\.0|UNAVAIL/)
    expect(server.asked.filter(({ type }) => type !== 'PTR')).toEqual([])
  })
})

describe('a name server that is silent', () => {
  it('is asked again', async () => {
    let count = 0
    const usual = zone()
    const server = await dns((question) => {
      count += 1
      return count < 3 ? undefined : usual(question)
    })
    expect(await finds(quick(), at(server.port))).toEqual(['mail.example'])
    expect(server.questions.slice(0, 3)).toEqual([pointer, pointer, pointer])
  })

  it('is one of several: the next one is asked', async () => {
    const silent = await dns(() => undefined)
    const server = await dns(zone())
    expect(await finds(quick(), at(silent.port, server.port))).toEqual(['mail.example'])
  })

  it('keeps nobody longer than he waits, and is not asked after that', async () => {
    const server = await dns(() => undefined)
    const names = quick()
    const asked = asks(names, at(server.port))
    await until(() => server.asked.length > 1)
    asked.leave({ isTimeout: true })
    const count = server.asked.length
    await pauseMs(700)
    expect(server.asked.length).toBe(count)
    // Those who come right behind do not wait in vain as well.
    expect(await finds(names, at(server.port))).toEqual([
      '[TEMPUNAVAIL]',
      `${client} could not be resolved lately while in resolving client address`,
    ])
  })
})

describe('servers', () => {
  it('take turns', async () => {
    const one = await dns(zone())
    const two = await dns(zone())
    const values = { ...at(one.port, two.port), resolverIpv6: false }
    const names = quick()
    for (const host of [1, 2, 3]) await finds(names, values, `192.0.2.${host}`)
    expect([one.asked.length, two.asked.length]).toEqual([3, 3])
  })
})

describe('what was found', () => {
  it('is kept as long as DNS says, five minutes at most', async () => {
    const server = await dns(zone({ A: { records: [{ type: 'A', value: client, ttl: 60 }] } }))
    const long = await dns(zone({ A: { records: [{ type: 'A', value: client, ttl: 86_400 }] } }))
    const clock = new ManualClock()
    const names = quick(clock)
    for (const { port } of [server, long]) await finds(names, at(port))
    clock.advance(59_000)
    for (const { port } of [server, long]) await finds(names, at(port))
    expect([server.asked.length, long.asked.length]).toEqual([3, 3])
    clock.advance(2000)
    for (const { port } of [server, long]) await finds(names, at(port))
    expect([server.asked.length, long.asked.length]).toEqual([6, 3])
    clock.advance(240_000)
    await finds(names, at(long.port))
    expect(long.asked.length).toBe(6)
  })

  it('is kept as long as valid= says, whatever DNS says', async () => {
    const server = await dns(zone({ A: { records: [{ type: 'A', value: client, ttl: 1 }] } }))
    const clock = new ManualClock()
    const names = quick(clock)
    const values = { ...at(server.port), resolverValid: { ms: 600_000 } }
    await finds(names, values)
    clock.advance(599_000)
    await finds(names, values)
    expect(server.asked.length).toBe(3)
    clock.advance(1001)
    await finds(names, values)
    expect(server.asked.length).toBe(6)
  })

  it.each([
    ['not to be there half a minute', { code: 3 }, 29_000, 1500],
    ['to fail five seconds', { code: 2 }, 4500, 1000],
  ])('is known %s', async (_what, answer, lessMs, moreMs) => {
    const server = await dns(zone({ PTR: answer }))
    const clock = new ManualClock()
    const names = quick(clock)
    const first = await finds(names, at(server.port))
    clock.advance(lessMs)
    expect(await finds(names, at(server.port))).toEqual(first)
    expect(server.asked.length).toBe(1)
    clock.advance(moreMs)
    await finds(names, at(server.port))
    expect(server.asked.length).toBe(2)
  })

  it('at one resolver is not what another one says', async () => {
    const one = await dns(zone())
    const two = await dns(zone({ PTR: { records: [{ type: 'PTR', value: 'other.example' }] } }))
    const names = quick()
    expect(await finds(names, at(one.port))).toEqual(['mail.example'])
    expect(await finds(names, at(two.port))).toEqual(['other.example'])
  })
})

describe('those who ask at the same time', () => {
  it('share one lookup for one address', async () => {
    const server = await dns(zone())
    const names = quick()
    const asked = Array.from({ length: 50 }, () => asks(names, at(server.port)))
    const kinds = new Set(
      (await Promise.all(asked.map((one) => one.found))).map(({ name }) => clientNameText(name)),
    )
    expect([...kinds]).toEqual(['mail.example'])
    expect(server.asked.length).toBe(3)
  })

  it('may leave without the others, and the last one ends the lookup', async () => {
    let isAnswering = false
    const usual = zone()
    const server = await dns((question) => (isAnswering ? usual(question) : undefined))
    const names = quick()
    const [one, two] = [asks(names, at(server.port)), asks(names, at(server.port))]
    await until(() => server.asked.length > 0)
    one.leave()
    isAnswering = true
    expect((await two.found).name).toEqual({ kind: 'known', name: 'mail.example' })
    isAnswering = false
    const alone = asks(names, at(server.port), '192.0.2.9')
    await until(() => server.questions.some((text) => text.startsWith('PTR 9.')))
    alone.leave()
    const count = server.asked.length
    await pauseMs(700)
    expect(server.asked.length).toBe(count)
  })

  it('are looked up 64 at once, the others in their turn', async () => {
    const held: string[] = []
    let isAnswering = false
    const server = await dns((question) => {
      if (!isAnswering) held.push(question.name)
      return isAnswering ? { code: 3 } : undefined
    })
    const names = quick()
    const asked = Array.from({ length: 100 }, (_, index) =>
      asks(names, at(server.port), `198.51.100.${index}`),
    )
    await pauseMs(250)
    expect(new Set(held).size).toBe(64)
    isAnswering = true
    const all = await Promise.all(asked.map((one) => one.found))
    expect(new Set(all.map(({ name }) => name.kind))).toEqual(new Set(['unavailable']))
  })
})
