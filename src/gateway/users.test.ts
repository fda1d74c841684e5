// Expectations for the users files of a policy.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { cleanUp, rigPolicy, temporaryDirectory } from '../../test/kit/gateway-rig.ts'
import type { Policy } from '../policy/policy.ts'
import { loadUsers, readUsers, UsersTable } from './users.ts'

afterEach(cleanUp)

const bcrypt = `$2b$12$${'a'.repeat(53)}`
const argon2 = `$argon2id$v=19$m=19456,t=2,p=1$${'a'.repeat(22)}$${'b'.repeat(43)}`
const upstream = [{ kind: 'tcp', host: '127.0.0.1', port: 143 }] as const

/** A policy whose file has this text, and where it lies. */
function policyWith(text: string, mode = 0o600): { policy: Policy; prefix: string } {
  const prefix = temporaryDirectory()
  writeFileSync(join(prefix, 'users'), text)
  chmodSync(join(prefix, 'users'), mode)
  return { policy: policyOf('users', { upstream }), prefix }
}

function policyOf(file: string, options = {}): Policy {
  const authenticator = { kind: 'users', file } as const
  return rigPolicy({
    service: 'imap',
    listens: { '127.0.0.1:0': {} },
    options: { authenticator, ...options },
  })
}

function codes({ policy, prefix }: { policy: Policy; prefix: string }): string[] {
  return readUsers(policy, prefix).diagnostics.map(({ code, severity }) => `${severity} ${code}`)
}

describe('the users of a policy', () => {
  it('are those of its files, each read once', () => {
    const { policy, prefix } = policyWith(`u:${bcrypt}\n`)
    const { tables, diagnostics } = readUsers(policy, prefix)
    expect(diagnostics).toEqual([])
    expect(tables.get('users')?.find(Buffer.from('u')).entry?.user).toBe('u')
    expect(loadUsers(policy, prefix).size).toBe(1)
  })

  it('that are written wrong keep the policy from loading, with file and line', () => {
    const { policy, prefix } = policyWith(`u:${bcrypt}\nv:nohash\n`)
    const { diagnostics } = readUsers(policy, prefix)
    expect(diagnostics[0]?.span).toMatchObject({ file: join(prefix, 'users'), line: 2 })
    expect(() => loadUsers(policy, prefix)).toThrow(`in ${join(prefix, 'users')}:2`)
  })

  it('whose file is not there are told where it is named', () => {
    const { diagnostics } = readUsers(policyOf('missing'), '/nowhere')
    expect(diagnostics[0]).toMatchObject({
      code: 'users.unreadable',
      message: 'open() "/nowhere/missing" failed (2: No such file or directory)',
      span: { file: 'rig.conf', line: 7 },
    })
  })

  it('are not read from what is no file', () => {
    const prefix = temporaryDirectory()
    mkdirSync(join(prefix, 'users'))
    expect(codes({ policy: policyOf('users'), prefix })).toEqual(['error users.unreadable'])
  })

  it('are warned about when everybody can read the file, or nobody is in it', () => {
    expect(codes(policyWith(`u:${bcrypt}`, 0o644))).toEqual(['warning users.readable_by_others'])
    expect(codes(policyWith(`u:${bcrypt}`, 0o640))).toEqual([])
    expect(codes(policyWith('# none\n'))).toEqual(['warning users.nobody'])
  })

  it('without an upstream of their own need one beside the file name', () => {
    const text = `u:${bcrypt}:127.0.0.1:143\nv:${bcrypt}\nw:${bcrypt}\n`
    const { prefix } = policyWith(text)
    const bare = policyOf('users')
    expect(codes({ policy: bare, prefix })).toEqual(['warning users.no_upstream'])
    expect(readUsers(bare, prefix).diagnostics[0]?.message).toContain('user "v" and 1 more')
  })
})

describe('a table of users', () => {
  const entry = (user: string, hash: string): string => `${user}:${hash}\n`

  it('checks an unknown name against the hash of somebody who is there, always the same', () => {
    const { policy, prefix } = policyWith(entry('a', bcrypt) + entry('b', argon2))
    const table = loadUsers(policy, prefix).get('users')
    const schemes = Array.from({ length: 64 }, (_, at) => {
      const found = table?.find(Buffer.from(`nobody${at}`))
      expect(found).toEqual(table?.find(Buffer.from(`nobody${at}`)))
      expect(found?.entry).toBeUndefined()
      return found?.hash.scheme
    })
    expect(new Set(schemes)).toEqual(new Set(['bcrypt', 'argon2']))
  })

  it('without users still has something to check', () => {
    expect(new UsersTable(new Map()).find(Buffer.from('u'))).toMatchObject({
      hash: { scheme: 'scrypt' },
    })
  })

  it('knows names by their bytes: what is no UTF-8 is nobody', () => {
    const { policy, prefix } = policyWith(entry('\uFFFD', bcrypt))
    const table = loadUsers(policy, prefix).get('users')
    expect(table?.find(Buffer.from([0xff])).entry).toBeUndefined()
    expect(table?.find(Buffer.from('\uFFFD')).entry).toBeDefined()
  })
})
