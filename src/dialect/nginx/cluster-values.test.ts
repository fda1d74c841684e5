// What is said about every way to write `cluster` wrong, and that no secret is said with it.

import { describe, expect, it } from 'vitest'
import { renderDiagnostic } from '../../base/render-diagnostic.ts'
import { memoryReader } from '../memory-reader.ts'
import { nginx } from './nginx.ts'

function load(args: string) {
  const text = `cluster ${args};\nevents { }\nmail { }\n`
  const result = nginx.load({
    file: 'a.conf',
    text,
    reader: memoryReader(new Map()),
    searchPath: [],
  })
  const errors = result.diagnostics.filter(({ severity }) => severity === 'error')
  const shown = errors.map((one) => renderDiagnostic(one, result.sources, { color: false }))
  return { ...result, errors, shown: [...shown, result.emerg ?? ''].join('\n') }
}

const secret =
  'a user or password may not stand in the address of a store, nor a password in a parameter'
const twice = (name: string): string => `"${name}" is said twice in "cluster" directive`

describe('a wrong cluster directive', () => {
  it.each([
    ['redis://:hunter2@10.0.0.5:6379', secret],
    ['redis://hunter2@10.0.0.5', secret],
    ['rediis://:hun/ter2@10.0.0.5', secret],
    ['redis:/hunter2@10.0.0.5', secret],
    ['redis://10.0.0.5 password=hunter2', secret],
    ['redis://10.0.0.5 PASSWORD=hunter2', secret],
    ['redis://10.0.0.5 sentinel_password=hunter2', secret],
    ['redis://10.0.0.5 auth=x', secret],
    ['http://10.0.0.5:80', '"http://10.0.0.5:80" is no address of a store'],
    ['rediis://10.0.0.5', '"rediis://10.0.0.5" is no address of a store'],
    ['10.0.0.5:6379', '"10.0.0.5:6379" is no address of a store'],
    ['redis://', '"redis://" has no host that can be connected to'],
    ['redis://10.0.0.5:0', '"redis://10.0.0.5:0" has no host that can be connected to'],
    ['redis://10.0.0.5/a', '"redis://10.0.0.5/a" has more than a host, a port and a database'],
    ['redis://a/65536', '"redis://a/65536" has more than a host, a port and a database'],
    ['redis://10.0.0.5/1 database=2', twice('database')],
    ['redis://10.0.0.5/1 redis://10.0.0.6/2 sentinel=a', twice('database')],
    ['unix:run/redis.sock', '"unix:run/redis.sock" is a Unix socket without its whole path'],
    ['node=a', 'no store in "cluster" directive'],
    ['redis://a node=gate/1', 'invalid parameter "node=gate/1"'],
    ['redis://a node=-a', 'invalid parameter "node=-a"'],
    ['redis://a node=', 'invalid parameter "node="'],
    ['redis://a nodes=a', 'invalid parameter "nodes" in "cluster" directive'],
    ['redis://a redis_cluster', 'invalid parameter "redis_cluster" in "cluster" directive'],
    ['redis://a redis_cluster=yes', 'invalid parameter "redis_cluster=yes"'],
    ['redis://a lease=0', 'invalid parameter "lease=0"'],
    ['redis://a lease=999ms', 'invalid parameter "lease=999ms"'],
    ['redis://a lease=11m', 'invalid parameter "lease=11m"'],
    ['redis://a lease=soon', 'invalid parameter "lease=soon"'],
    ['redis://a when_away=lokal', 'invalid parameter "when_away=lokal"'],
    ['redis://a share=2/1', 'invalid parameter "share=2/1"'],
    ['redis://a share=33%', 'invalid parameter "share=33%"'],
    ['redis://a node=a node=b', twice('node')],
    ['redis://a password_file=a password_env=B', twice('password_env')],
    ['redis://a password_env=$STORE', '"password_env" takes a name'],
    ['redis://a sentinel_password_env=a-b', '"sentinel_password_env" takes a name'],
    ['redis://a password_file=', 'invalid parameter "password_file="'],
    ['redis://a database=-1', 'invalid parameter "database=-1"'],
  ])('%s', (args, message) => {
    const { policy, errors, shown } = load(args)
    expect(policy).toBeUndefined()
    expect(errors.map((error) => error.message)).toEqual([message])
    expect(shown).not.toMatch(/hun|ter2/)
  })

  it('is told what was probably meant', () => {
    expect(load('rediis://10.0.0.5').errors[0]?.hint).toBe('did you mean redis://?')
    expect(load('redis://a nodes=a').errors[0]?.hint).toBe('did you mean "node"?')
    expect(load('redis://a lease=9ms').errors[0]?.hint).toMatch(/^a lease is 1s to 10m: /)
  })
})

describe('a right cluster directive', () => {
  it.each([
    ['valkeys://store', { kind: 'tcp', host: 'store', isTls: true }],
    ['REDIS://[::1]:7000', { kind: 'tcp', host: '::1', port: 7000, isTls: false }],
    ['/run/redis.sock', { kind: 'unix', path: '/run/redis.sock' }],
    ['unix:/run/redis=1.sock', { kind: 'unix', path: '/run/redis=1.sock' }],
  ])('%s is an address', (args, address) => {
    expect(load(args).policy?.cluster?.servers.value).toEqual([address])
  })

  it('has a number of a database behind an address, or beside it, or both the same', () => {
    for (const args of ['redis://a/3', 'redis://a database=3', 'redis://a/3 database=3']) {
      expect(load(args).policy?.cluster?.database?.value, `of ${args}`).toBe(3)
    }
  })
})
