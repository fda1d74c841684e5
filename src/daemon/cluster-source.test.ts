import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfiguration } from '../dialect/detect.ts'
import { memoryReader } from '../dialect/memory-reader.ts'
import { diagnoseStore } from './cluster-source.ts'

let prefix: string

beforeEach(() => {
  prefix = mkdtempSync(join(tmpdir(), 'postern-store-'))
})

afterEach(() => {
  rmSync(prefix, { recursive: true, force: true })
})

function found(parameters: string, environment: Readonly<Record<string, string>> = {}) {
  const text = `cluster rediss://127.0.0.1 ${parameters};\nevents { }\nmail { }\n`
  const file = join(prefix, 'postern.conf')
  const reader = memoryReader(new Map())
  const { policy } = loadConfiguration({ file, text, reader, searchPath: [] })
  if (policy === undefined) throw new Error('it does not load')
  return diagnoseStore(policy, { prefix, environment })
}

describe('what keeps a store from being opened', () => {
  it('is nothing when every secret and certificate is there', () => {
    writeFileSync(join(prefix, 'password'), 'hunter2\n')
    writeFileSync(join(prefix, 'ca.pem'), '')
    expect(found('password_file=password ssl_trusted_certificate=ca.pem')).toEqual([])
    expect(found('password_env=STORE', { STORE: 'hunter2' })).toEqual([])
  })

  it('is a file that is not there, with the place where it is named', () => {
    const [missing] = found('password_file=password')
    expect(missing).toMatchObject({
      severity: 'error',
      code: 'cluster.secret',
      message: `"${prefix}/password" cannot be read (ENOENT)`,
      span: { line: 1 },
    })
    expect(found('ssl_trusted_certificate=ca.pem')).toMatchObject([{ code: 'cluster.tls_file' }])
  })

  it('is a file whose first line is empty, or a variable without a value', () => {
    writeFileSync(join(prefix, 'password'), '\nhunter2\n')
    expect(found('password_file=password')).toMatchObject([
      { code: 'cluster.secret', message: `the first line of "${prefix}/password" is empty` },
    ])
    expect(found('password_env=STORE', { STORE: '' })).toMatchObject([
      { code: 'cluster.secret', message: 'the environment has no STORE' },
    ])
  })
})
