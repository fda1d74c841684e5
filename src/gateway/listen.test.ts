// Binding: who may reach a Unix socket and when, what is in the way, and what the error says.

import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fork } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import {
  cleanUp,
  Client,
  connectClient,
  createRig,
  rigPolicy,
  startRig,
  startUpstream,
  temporaryDirectory,
  to,
  until,
} from '../../test/kit/gateway-rig.ts'
import type { Rig, Values } from '../../test/kit/gateway-rig.ts'

afterEach(cleanUp)

async function listening(listens: Readonly<Record<string, Values>>): Promise<Rig> {
  return startRig(rigPolicy({ options: to(await startUpstream()), listens }))
}

/** A socket file whose process was killed. */
async function stalePath(path: string): Promise<void> {
  const script = join(temporaryDirectory(), 'stale.cjs')
  writeFileSync(
    script,
    `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.send('up'))`,
  )
  const child = fork(script, { execArgv: [] })
  await once(child, 'message')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(existsSync(path)).toBe(true)
}

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('a Unix Listen', () => {
  it('has the mode of File_Mode and serves, and leaves nothing else in its directory', async () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'in')
    const rig = await listening({ [path]: { fileMode: 0o620 } })
    expect(modeOf(path)).toBe(0o620)
    expect(readdirSync(directory)).toEqual(['in'])
    const client = await connectClient(path)
    await until(() => client.text === '220 ready\r\n')
    const [session] = rig.engine.sessions()
    expect(session?.address.text).toBe('127.0.0.1')
    expect(rig.gateway.bound()).toEqual([{ listenId: path, path }])
    await rig.gateway.close()
    expect(readdirSync(directory)).toEqual([])
  })

  it('has mode 0660 when nothing is said', async () => {
    const path = join(temporaryDirectory(), 'in')
    await listening({ [path]: {} })
    expect(modeOf(path)).toBe(0o660)
  })

  it('takes the place of a socket file that nobody listens on', async () => {
    const path = join(temporaryDirectory(), 'in')
    await stalePath(path)
    await listening({ [path]: {} })
    const client = await connectClient(path)
    await until(() => client.text === '220 ready\r\n')
  })

  it('never takes the place of a live socket or of a file', async () => {
    const directory = temporaryDirectory()
    const live = join(directory, 'live')
    const file = join(directory, 'file')
    const other = createServer(() => {}).listen(live)
    await once(other, 'listening')
    writeFileSync(file, 'precious')
    const wrong = [
      [live, 'gateway.address_in_use'],
      [file, 'gateway.not_a_socket'],
      [join(directory, 'absent', 'in'), 'gateway.path_missing'],
      [join(directory, 'd'.repeat(98 - directory.length), 'in'), 'gateway.path_too_long'],
    ] as const
    for (const [path, code] of wrong) {
      const rig = createRig(rigPolicy({ listens: { [path]: {} } }))
      await expect(rig.gateway.start()).rejects.toMatchObject({ code })
    }
    expect(readdirSync(directory).toSorted()).toEqual(['file', 'live'])
    other.close()
  })

  it('does not remove a socket that somebody else has put in its place', async () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'in')
    const rig = await listening({ [path]: {} })
    await stalePath(join(directory, 'other'))
    const { renameSync } = await import('node:fs')
    renameSync(join(directory, 'other'), path)
    await rig.gateway.close()
    expect(existsSync(path)).toBe(true)
  })
})

describe('a TCP Listen', () => {
  it('on * takes IPv4 and IPv6, and both count as what they are', async () => {
    const rig = await listening({ '*:0': {} })
    const four = await connectClient(rig.port())
    const six = new Client(connect({ host: '::1', port: rig.port() }))
    await until(() => four.received.length > 0 && six.received.length > 0)
    const addresses = Array.from(rig.engine.sessions(), (session) => session.address.text)
    expect(addresses.toSorted()).toEqual(['127.0.0.1', '::1'])
  })

  it('on [*] takes IPv4 as well', async () => {
    const rig = await listening({ '[*]:0': {} })
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 ready\r\n')
  })

  it('that is not enabled is not bound', async () => {
    const rig = await listening({ '127.0.0.1:0': {}, '127.0.0.2:0': { enable: false } })
    expect(rig.gateway.bound().map((bound) => bound.listenId)).toEqual(['127.0.0.1:0'])
  })

  it('that cannot be bound is named, with what to do, and nothing stays bound', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const taken = `127.0.0.1:${port}`
    const rig = createRig(rigPolicy({ listens: { '127.0.0.1:0': {}, [taken]: {} } }))
    await expect(rig.gateway.start()).rejects.toMatchObject({
      code: 'gateway.address_in_use',
      message: expect.stringMatching(`Listen ${taken}: .*98: Address already in use.*ss -ltnp`),
    })
    expect(rig.gateway.bound()).toEqual([])
    const absent = createRig(rigPolicy({ listens: { '192.0.2.1:0': {} } }))
    await expect(absent.gateway.start()).rejects.toMatchObject({
      code: 'gateway.address_unavailable',
    })
    other.close()
  })
})
