// Where a log goes, from its text, in nginx's words when it is wrong.

import { describe, expect, it } from 'vitest'
import { parseLogPlace } from './error-log.ts'

describe('the place of a log', () => {
  it('is a path unless it says otherwise', () => {
    for (const text of ['logs/error.log', 'stderr', '/var/log/syslog']) {
      expect(parseLogPlace(text)).toEqual({})
    }
  })

  it('is a syslog server with port 514, facility local7 and our own tag', () => {
    const usual = { host: '127.0.0.1', port: 514, facility: 23, tag: 'postern' }
    expect(parseLogPlace('syslog:server=127.0.0.1')).toEqual({ syslog: usual })
    expect(parseLogPlace('syslog:server=[::1]:5140,facility=kern')).toEqual({
      syslog: { ...usual, host: '::1', port: 5140, facility: 0 },
    })
    expect(parseLogPlace('syslog:nohostname,tag=nginx,server=logs.example')).toEqual({
      syslog: { ...usual, host: 'logs.example', tag: 'nginx', isNameless: true },
    })
  })

  it('tells that a severity has no effect', () => {
    expect(parseLogPlace('syslog:server=127.0.0.1,severity=debug')).toMatchObject({
      remark: expect.stringContaining('has no effect'),
    })
  })

  it.each([
    ['syslog:', 'unknown syslog parameter ""'],
    ['syslog:facility=mail', 'no syslog server specified'],
    ['syslog:server=', 'no syslog server specified'],
    ['syslog:server=a:1,server=b:1', 'duplicate syslog "server"'],
    ['syslog:server=a,facility=nope', 'unknown syslog facility "nope"'],
    ['syslog:server=a,severity=loud', 'unknown syslog severity "loud"'],
    ['syslog:server=a,tag=a-b', 'syslog "tag" only allows alphanumeric characters and underscore'],
    [`syslog:server=a,tag=${'x'.repeat(33)}`, 'syslog tag length exceeds 32'],
    ['syslog:server=a,port=1', 'unknown syslog parameter "port=1"'],
    ['syslog:server=a:b:c', 'invalid address in syslog server "a:b:c"'],
  ])("%s is wrong in nginx's words", (text, problem) => {
    expect(parseLogPlace(text)).toMatchObject({ problem })
  })

  it('is refused where nothing would be read: memory, and Unix datagrams', () => {
    expect(parseLogPlace('memory:32m')).toMatchObject({ isUnsupported: true })
    expect(parseLogPlace('syslog:server=unix:/dev/log')).toMatchObject({ isUnsupported: true })
  })
})
