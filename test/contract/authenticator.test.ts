// Every authenticator, the same scenes of logging in, with what the client reads where they differ.

import { scryptSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { OptionValues } from '../../src/policy/options.ts'
import {
  atCleanUp,
  cleanUp,
  connectClient,
  limits,
  rigPolicy,
  startRig,
  startUpstream,
  temporaryDirectory,
  to,
  until,
} from '../kit/gateway-rig.ts'
import type { Client, FakeUpstream, Rig } from '../kit/gateway-rig.ts'
import { authAt } from '../kit/login-scene.ts'
import { accept, FakeAuth } from '../kit/login-servers.ts'
import { rightPassword, strictImap, strictPop3, strictSmtp } from '../kit/strict-servers.ts'

type Service = 'imap' | 'pop3' | 'smtp'
type Kind = 'http' | 'users' | 'upstream'

const kinds: readonly Kind[] = ['http', 'users', 'upstream']
const services: readonly Service[] = ['imap', 'pop3', 'smtp']
const every = kinds.flatMap((kind) => services.map((service) => ({ kind, service })))
const serve = { imap: strictImap, pop3: strictPop3, smtp: strictSmtp } as const

/** As cheap as scrypt can be: how long it takes is not what is tested here. */
const salt = Buffer.alloc(16, 's')
const derived = scryptSync(rightPassword, salt, 32, { cost: 16, blockSize: 1, parallelization: 1 })
const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
const hash = `$scrypt$ln=4,r=1,p=1$${base64(salt)}$${base64(derived)}`
const users = `u:${hash}\nv:${hash}\n`

afterEach(cleanUp)

interface Scene {
  readonly rig: Rig
  readonly upstream: FakeUpstream
}

/** At most one session for each user; a wrong login waits a moment only. */
async function setScene(
  kind: Kind,
  service: Service,
  more: Partial<OptionValues> = {},
): Promise<Scene> {
  const upstream = await startUpstream(serve[service])
  const policy = rigPolicy({
    service,
    listens: { '127.0.0.1:0': {} },
    zones: { users: '$remote_user' },
    options: {
      ...(await authenticatorFor(kind, upstream.port)),
      authFailDelay: { ms: 1 },
      serverName: 'gate.test',
      ...to(upstream),
      ...limits({ users: 1 }),
      ...more,
    },
  })
  return { rig: await startRig(policy), upstream }
}

async function authenticatorFor(kind: Kind, port: number): Promise<Partial<OptionValues>> {
  if (kind === 'upstream') return { authenticator: { kind } }
  if (kind === 'users') {
    const file = join(temporaryDirectory(), 'users')
    writeFileSync(file, users, { mode: 0o600 })
    return { authenticator: { kind, file } }
  }
  const auth = await FakeAuth.start(({ headers }) => {
    const isKnown = headers.get('auth-user') !== 'nobody'
    if (isKnown && headers.get('auth-pass') === rightPassword) return accept(port)
    return { 'Auth-Status': 'who?', 'Auth-Wait': '1' }
  })
  atCleanUp(() => auth.close())
  return authAt(auth.port)
}

function lines(service: Service, user: string, password: string): string {
  switch (service) {
    case 'imap':
      return `t LOGIN ${user} ${password}\r\n`
    case 'pop3':
      return `USER ${user}\r\nPASS ${password}\r\n`
    case 'smtp':
      return `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}\r\n`
  }
}

/** Before the answer to the password. */
const preambles = { imap: '', pop3: '+OK\r\n', smtp: '' } as const

const admitted = {
  imap: 't OK upstream login\r\n',
  pop3: '+OK upstream did PASS\r\n',
  smtp: '235 2.0.0 OK\r\n',
} as const

const limited = {
  imap: 't NO [UNAVAILABLE] Too many connections\r\n',
  pop3: '-ERR [SYS/TEMP] Too many connections\r\n',
  smtp: '454 4.7.0 Too many connections\r\n',
} as const

/** An auth server and an upstream say it in words of their own. */
const failed: Readonly<Record<Kind, Readonly<Record<Service, string>>>> = {
  http: { imap: 't NO who?\r\n', pop3: '-ERR who?\r\n', smtp: '535 5.7.0 who?\r\n' },
  users: {
    imap: 't NO Invalid login or password\r\n',
    pop3: '-ERR Invalid login or password\r\n',
    smtp: '535 5.7.0 Invalid login or password\r\n',
  },
  upstream: {
    imap: 't NO [AUTHENTICATIONFAILED] who?\r\n',
    pop3: '-ERR [AUTH] who?\r\n',
    smtp: '535 5.7.8 who?\r\n',
  },
}

/** Says something, and reads the answer: everything since what it had read. */
async function converse(client: Client, text: string, answer: string): Promise<void> {
  const readBefore = client.text.length
  client.socket.write(text)
  await until(() => client.text.length >= readBefore + answer.length).catch(() => {})
  expect(client.text.slice(readBefore)).toBe(answer)
}

async function greeted(rig: Rig): Promise<Client> {
  const client = await connectClient(rig.port())
  await until(() => client.text.endsWith('\r\n'))
  return client
}

/** What a client that logs in with this password reads. */
function login(
  client: Client,
  service: Service,
  { user, password, answer }: { user: string; password: string; answer: string },
): Promise<void> {
  return converse(client, lines(service, user, password), `${preambles[service]}${answer}`)
}

describe.each(every)('$kind for $service', ({ kind, service }) => {
  const right = { user: 'u', password: rightPassword, answer: admitted[service] }
  const wrong = { user: 'u', password: 'wrong', answer: failed[kind][service] }

  it('lets a wrong password try again, and relays who has the right one', async () => {
    const { rig, upstream } = await setScene(kind, service)
    const client = await greeted(rig)
    await login(client, service, wrong)
    await login(client, service, right)
    const [command, answer] =
      service === 'imap'
        ? ['a NOOP\r\n', 'a OK upstream did NOOP\r\n']
        : ['NOOP\r\n', `${service === 'smtp' ? '250 2.0.0' : '+OK'} upstream did NOOP\r\n`]
    await converse(client, command, answer)
    expect(upstream.openMax).toBe(1)
    // A wrong password is nobody's fault: no stranger can fill the log with errors.
    expect(rig.log.texts.filter((text) => text.startsWith('error'))).toEqual([])
    const log = JSON.stringify([rig.log.lines, rig.events])
    expect(log).not.toContain('wrong')
    expect(log).not.toContain(rightPassword)
    client.socket.destroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0 && upstream.openCount === 0)
  })

  it('answers an unknown user as it answers a wrong password', async () => {
    const { rig } = await setScene(kind, service)
    const client = await greeted(rig)
    await login(client, service, { ...wrong, user: 'nobody', password: rightPassword })
  })

  it('counts who has logged in, and no stranger who tries the name', async () => {
    const { rig, upstream } = await setScene(kind, service)
    const stranger = await greeted(rig)
    await login(stranger, service, wrong)
    expect(rig.engine.snapshot().budgets.filter(({ zone }) => zone === 'users')).toEqual([])
    const held = await greeted(rig)
    await login(held, service, right)
    const second = await greeted(rig)
    await login(second, service, { ...right, answer: limited[service] })
    await until(() => second.hasEnded && upstream.openCount === 1)
    await login(await greeted(rig), service, { ...right, user: 'v' })
    held.socket.destroy()
    await until(() => rig.engine.snapshot().sessionsActive === 2)
    await login(await greeted(rig), service, right)
  })
})

describe.each(kinds)('%s', (kind) => {
  it('ends a session that has tried too often, where nobody else decides that', async () => {
    const { rig } = await setScene(kind, 'imap')
    const client = await greeted(rig)
    const wrong = { user: 'u', password: 'wrong', answer: failed[kind].imap }
    // An auth server decides with each Auth-Wait, a second every time: two show it as well.
    const times = kind === 'http' ? 2 : 5
    for (let time = 0; time < times; time += 1) await login(client, 'imap', wrong)
    if (kind === 'http') await converse(client, 'a NOOP\r\n', 'a OK completed\r\n')
    else await until(() => client.hasEnded)
  })

  it('has nothing left of a client that leaves while it is asked', async () => {
    const { rig, upstream } = await setScene(kind, 'imap')
    const client = await greeted(rig)
    client.socket.write(lines('imap', 'u', rightPassword))
    client.socket.destroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
    await until(() => upstream.openCount === 0)
    expect(rig.engine.audit(new Set()).drift).toBe(0)
  })
})
