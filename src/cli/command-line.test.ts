// The command line from flags to output and exit code, without a daemon.

import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommandLine } from './command-line.ts'

const good = `ESMTP_Listener {
  Upstream = "127.0.0.1:26"
  Service_Sessions = 2000
  Peer "10.0.0.0/8" { Service_Sessions = 1500 }
  Peer "0.0.0.0/0" { Service_Sessions = 600 }
  Peer "::/0" { Service_Sessions = 600 }
  Listen ":25" {}
}
`

let directory = ''
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'postern-cli-')))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

async function call(...args: readonly string[]) {
  let out = ''
  let err = ''
  const code = await runCommandLine(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env: {},
    cwd: directory,
    invocation: 'postern',
    isColorOut: false,
    isColorErr: false,
  })
  return { code, out, err }
}

function write(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

describe('a call that is wrong', () => {
  it('is exit code 2 with a suggestion for a mistyped command', async () => {
    const { code, out, err } = await call('chekc')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toBe('postern: unknown command "chekc". Did you mean "check"?\n')
  })

  it('is exit code 2 with a suggestion for a mistyped option', async () => {
    const { code, err } = await call('check', '--jsn')
    expect(code).toBe(2)
    expect(err).toContain("postern: unknown option '--jsn'")
    expect(err).toContain('Did you mean --json?')
  })

  it.each([
    [['-z']],
    [['-c']],
    [['postern.conf']],
    [['-t', 'postern.conf']],
    [['-s', 'hup']],
    [['explain', '--listen', ':25']],
    [['sessions', '-n', 'many']],
    [['check', 'a', '-c', 'b']],
    [['demo', '--port', '0']],
  ])('is exit code 2 for %j', async (args) => {
    const { code, err } = await call(...args)
    expect(code).toBe(2)
    expect(err).toContain('postern: ')
  })

  it('names an unknown signal as nginx does', async () => {
    expect((await call('-s', 'hup')).err).toBe(
      'postern: invalid option: "-s hup"\nThe signals are stop, quit, reload and reopen.\n',
    )
  })
})

describe('help and version', () => {
  it.each([['help'], ['-h'], ['-?'], ['--help']])('%s lists the commands', async (flag) => {
    const { code, out } = await call(flag)
    expect(code).toBe(0)
    for (const name of ['run', 'demo', 'check', 'explain', 'sessions', 'status']) {
      expect(out).toMatch(new RegExp(`^ {2}${name} +\\w`, 'm'))
    }
  })

  it.each([['run'], ['demo'], ['check'], ['explain'], ['sessions'], ['status']])(
    '%s has help with examples',
    async (name) => {
      const { code, out } = await call(name, '--help')
      expect(code).toBe(0)
      expect(out).toContain('Examples:\n  postern ')
      expect(await call('help', name)).toEqual({ code: 0, out, err: '' })
    },
  )

  it('print the version on standard error', async () => {
    expect(await call('-v')).toEqual({
      code: 0,
      out: '',
      err: expect.stringMatching(/^postern version: postern\/\d+\.\d+\.\d+\n$/),
    })
    const long = await call('-V')
    expect(long.err).toContain(`running on Node.js ${process.versions.node}`)
    expect(long.err).toContain('built with OpenSSL')
  })
})

describe('-t', () => {
  it('says what nginx says of a good configuration', async () => {
    const path = write('postern.conf', good)
    expect(await call('-t')).toEqual({
      code: 0,
      out: '',
      err:
        `postern: the configuration file ${path} syntax is ok\n` +
        `postern: configuration file ${path} test is successful\n`,
    })
  })

  it('shows what is wrong, with its place, and fails', async () => {
    const path = write(
      'postern.conf',
      good.replace('Service_Sessions = 2000', 'Servce_Sessions = 2'),
    )
    const { code, err } = await call('-t')
    expect(code).toBe(1)
    expect(err).toContain(`${path}:3`)
    expect(err).toContain('Service_Sessions')
    expect(err).toContain(`postern: configuration file ${path} test failed\n`)
    expect(err).not.toContain('syntax is ok')
  })

  it('is silent with -q when nothing is wrong', async () => {
    write('postern.conf', good)
    expect(await call('-tq')).toEqual({ code: 0, out: '', err: '' })
  })

  it('prints the files with -T', async () => {
    const path = write('postern.conf', good)
    const { code, out } = await call('-T', '-q')
    expect({ code, out }).toEqual({ code: 0, out: `# configuration file ${path}:\n${good}\n` })
  })

  it('finds the file in the prefix and leaves nothing behind', async () => {
    write('other.conf', good)
    expect((await call('-p', directory, '-c', 'other.conf', '-t')).code).toBe(0)
    expect(existsSync(join(directory, 'postern.pid'))).toBe(false)
  })

  it('fails where the pid file could not be written', async () => {
    write('postern.conf', `PIDFile = "no/postern.pid"\n${good}`)
    const { code, err } = await call('-t')
    expect(code).toBe(1)
    expect(err).toContain('(2: No such file or directory)')
    expect(err).toContain('test failed')
  })

  it('fails where a certificate cannot be read', async () => {
    const tls = 'Listen ":465" { Use_SSL = true TLS_Certificate = "no.pem" TLS_Key = "no.pem" }'
    write('postern.conf', good.replace('Listen ":25" {}', tls))
    const { code, err } = await call('-t')
    expect(code).toBe(1)
    expect(err).toContain('no.pem')
  })

  it('says how to begin when there is no configuration', async () => {
    const { code, err } = await call('-t')
    expect(code).toBe(1)
    expect(err).toContain('postern demo')
  })

  it('looks at the files of TLS to upstreams, too', async () => {
    const tls = 'Upstream_TLS = on Upstream_TLS_Name = "a.test" Upstream_TLS_CA = "ca.pem"'
    const path = write('postern.conf', good.replace('Listen ":25" {}', `${tls} Listen ":25" {}`))
    const { code, err } = await call('-t')
    expect(code).toBe(1)
    expect(err).toContain(
      `Upstream_TLS_CA: cannot read "ca.pem" (2: No such file or directory) (${path}:7)`,
    )
  })

  it('says with the words of nginx what is wrong in -g', async () => {
    write('postern.conf', good)
    expect(await call('-t', '-g', 'pidd x;')).toMatchObject({
      code: 1,
      err: 'postern: [emerg] unknown directive "pidd" in command line\n  = did you mean "pid"?\n',
    })
  })
})

describe('-s', () => {
  it('says that the pid file is not there', async () => {
    write('postern.conf', good)
    expect(await call('-s', 'reload')).toMatchObject({
      code: 1,
      err: `postern: [error] open() "${join(directory, 'postern.pid')}" failed (2: No such file or directory)\n`,
    })
  })

  it('says that the pid file holds no pid', async () => {
    write('postern.conf', good)
    const path = write('postern.pid', 'x\n')
    expect((await call('-s', 'stop')).err).toBe(
      `postern: [error] invalid PID number "x" in "${path}"\n`,
    )
  })

  it('says that the process is gone', async () => {
    write('postern.conf', good)
    write('postern.pid', `${2 ** 30}\n`)
    expect(await call('-s', 'quit')).toMatchObject({
      code: 1,
      err: `postern: [alert] kill(${2 ** 30}, 3) failed (3: No such process)\n`,
    })
  })
})

describe('check', () => {
  it('shows Listens and caps with their places', async () => {
    write('postern.conf', good)
    const { code, out } = await call('check')
    expect(code).toBe(0)
    expect(out).toMatch(/\*:25 +smtp +127\.0\.0\.1:26/)
    expect(out).toMatch(
      /1500 +Service_Sessions +ESMTP_Listener Peer 10\.0\.0\.0\/8 +postern\.conf:4/,
    )
  })

  it('prints the policy as JSON with spans', async () => {
    const path = write('a.conf', good)
    const { code, out } = await call('check', 'a.conf', '--json')
    expect(code).toBe(0)
    const { policy, diagnostics } = JSON.parse(out)
    expect(diagnostics).toEqual([])
    expect(policy.listeners[0].options.serviceSessions).toMatchObject({
      value: { capMax: 2000 },
      span: { file: path, line: 3 },
    })
  })

  it('prints the diagnostics of a wrong file as JSON and fails', async () => {
    write('a.conf', 'Service_Sessions = 5')
    const { code, out } = await call('check', 'a.conf', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ diagnostics: [{ severity: 'error' }] })
  })

  it('prints a text that means the same', async () => {
    write('a.conf', good)
    const { out } = await call('check', 'a.conf', '--print')
    write('b.conf', out)
    expect((await call('check', 'b.conf', '--print')).out).toBe(out)
    expect(out).toContain('Service_Sessions = 1500')
  })

  it('prints a text of nginx in the language of nginx', async () => {
    write(
      'n.conf',
      'events{}mail{auth_http 127.0.0.1;server{listen 143;limit_conn u 5;}limit_conn_zone $remote_user zone=u:1m;}',
    )
    const { out } = await call('check', 'n.conf', '--print')
    expect(out).toContain('mail {\n    auth_http 127.0.0.1;\n    server {\n        listen 143;')
    const summary = (await call('check', 'n.conf')).out
    expect(summary).toMatch(/0\.0\.0\.0:143 +imap +as the auth server says/)
    expect(summary).toMatch(/5 +limit_conn u +server 0\.0\.0\.0:143/)
  })
})

describe('explain', () => {
  it('says why each value won and what the answer is', async () => {
    write('postern.conf', good)
    const { code, out } = await call('explain', '--listen', ':25', '--from', '10.1.2.3')
    expect(code).toBe(0)
    expect(out).toContain('service_sessions, block: used 0 of 1500')
    expect(out).toContain('ESMTP_Listener Peer 10.0.0.0/8, postern.conf:4')
    expect(out).toContain('Peer 10.0.0.0/8 beats Peer 0.0.0.0/0: longer prefix')
    expect(out).toContain('Idle_Time')
    expect(out).toContain('Answer: ADMIT')
  })

  it('speaks of an nginx text in the words of nginx', async () => {
    write(
      'n.conf',
      'events{}mail{auth_upstream on;proxy_protocol on;server{listen 587;proxy_pass 127.0.0.1:25;}}',
    )
    const { code, out } = await call('explain', '-c', 'n.conf', '--listen', '587', '--from', '::1')
    expect(code).toBe(0)
    for (const [name, value] of [
      ['auth_upstream', 'on'],
      ['proxy_protocol', 'on'],
      ['xclient', 'on'],
      ['tcp_nodelay', 'off'],
    ]) {
      expect(out).toMatch(new RegExp(`^  ${name} += ${value} `, 'm'))
    }
    expect(out).not.toMatch(/^  listen +=/m)
  })

  it('refuses when the held sessions fill the cap', async () => {
    write('postern.conf', good)
    write('held', ':25 10.0.0.9 1500\n')
    const args = ['explain', '--listen', ':25', '--from', '10.1.2.3', '--held', 'held']
    const { out } = await call(...args)
    expect(out).toContain('service_sessions, block: used 1500 of 1500 (refuses)')
    expect(out).toContain('421 4.4.5 Service unavailable, concurrency limit reached.')
    const { answer, decidedBy, limits } = JSON.parse((await call(...args, '--json')).out)
    expect({ answer, scope: limits[decidedBy].scope }).toEqual({
      answer: 'refuse',
      scope: 'ESMTP_Listener Peer 10.0.0.0/8',
    })
  })

  it('asks for a Listen that the policy has', async () => {
    write('postern.conf', good)
    const { code, err } = await call('explain', '--listen', ':26', '--from', '10.1.2.3')
    expect(code).toBe(2)
    expect(err).toContain('The policy has no Listen :26.')
  })

  it('fails when the daemon it shall ask is not there', async () => {
    write('postern.conf', good)
    const { code, err } = await call('explain', '--listen', ':25', '--from', '::1', '--live')
    expect(code).toBe(1)
    expect(err).toContain('control socket')
  })
})

describe('a call about sessions that is wrong', () => {
  it.each([
    [['kick'], 'say who'],
    [['kick', '5', '--older', '1m'], 'for a user of that name say --user 5'],
    [['kick', 'bob', '--user', 'eve'], '"bob" and --user both say which sessions'],
    [['kick', 'bob', '--older', 'soon'], '--older takes a time, as in 90s, 10m or 24h'],
    [['kick', '--from', 'bob'], '--from takes an address or a block'],
    [['sessions', '--older', '1x'], '--older takes a time'],
    [['refusals', '--follow', '--limit', 'x'], '--follow and --limit do not go together'],
    [['refusals', '-n', '-1'], '-n takes a number'],
    [['top', '--view', 'all'], '--view is one of limits, keys, sessions, refusals'],
    [['top', '--every', '1ms'], '--every takes 100ms or more'],
  ])('%j', async (args, text) => {
    const { code, out, err } = await call(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(text)
  })
})
