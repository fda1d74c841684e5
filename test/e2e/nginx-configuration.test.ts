// nginx's configuration language through the built program: tested, run, reloaded.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { Client, refusalLine } from './kit/client.ts'
import { anybody, limitedReplies, loginLines, MailServers } from './kit/login-gate.ts'
import { freePort } from './kit/ports.ts'
import { Program, runProgram } from './kit/process.ts'
import type { Output } from './kit/process.ts'
import { until } from './kit/until.ts'
import { FakeUpstream } from './kit/upstream.ts'
import { FakeAuth } from '../kit/login-servers.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-nginx-'))
  return () => rmSync(folder, { recursive: true, force: true })
})

function write(text: string, name = 'postern.conf'): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

function postern(...args: readonly string[]): Promise<Output> {
  return runProgram(args, { cwd: folder })
}

/** A running daemon with this configuration and an error log at info. */
async function start(text: string): Promise<Program> {
  write(`error_log error.log info;\nevents { }\n${text}`)
  const daemon = new Program(['-p', folder], { cwd: folder })
  onTestFinished(async () => {
    daemon.signal('SIGKILL')
    await daemon.ended()
  })
  await logged('ready, revision 1')
  return daemon
}

function logged(text: string): Promise<string> {
  const read = (): string => {
    try {
      return readFileSync(join(folder, 'error.log'), 'utf8')
    } catch {
      return '' // not opened yet
    }
  }
  const find = (): string | undefined =>
    read()
      .split('\n')
      .find((line) => line.includes(text))
  return until(() => `"${text}" in ${read()}`, find)
}

function connectTo(port: number): Client {
  const client = new Client({ target: { host: '127.0.0.1', port } })
  onTestFinished(() => client.reset())
  return client
}

async function upstreamBehind(): Promise<FakeUpstream> {
  const upstream = await FakeUpstream.start()
  onTestFinished(() => upstream.close())
  return upstream
}

describe('-t with a text in the language of nginx', () => {
  const right =
    'events { }\nmail {\n  auth_http 127.0.0.1:9000;\n  server { listen 1143; protocol imap; }\n}\n'

  it('says that a right one is right, and what of it does nothing', async () => {
    const file = write(`user mail;\n${right}`)
    const { code, stderr } = await postern('-t')
    expect(stderr).toContain(`${file}:1:1: warning: Postern does not act on "user"`)
    expect(stderr).toContain(`postern: the configuration file ${file} syntax is ok\n`)
    expect(stderr).toContain(`postern: configuration file ${file} test is successful\n`)
    expect(code).toBe(0)
    expect(await postern('-t', '-q')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it.each([
    ['limit_con user 5;', 'unknown directive "limit_con"', 4],
    ['limit_conn_zone $remote_user zone=z:31k;', 'zone "zone=z:31k" is too small', 4],
    [
      'limit_conn_zone $remote_user zone=z:1m cluster;',
      'zone "z" counts over all nodes, and no store is named',
      4,
    ],
    ['server { listen 143; listen 143; }', 'duplicate "0.0.0.0:143" address and port pair', 4],
    [
      'ssl_conf_command KTLS on;',
      '"ssl_conf_command KTLS" cannot be passed on to the TLS library of Node.js',
      4,
    ],
  ])('answers %s in the words of nginx, and with the place', async (line, text, at) => {
    const file = write(right.replace('  server', `${line}\n  server`))
    const { code, stderr } = await postern('-t')
    expect(stderr.split('\n')[0]).toBe(`postern: [emerg] ${text} in ${file}:${at}`)
    expect(stderr).toContain('test failed')
    expect(code).toBe(1)
  })

  it('-T prints every file, included ones too', async () => {
    write('server { listen 1143; protocol imap; }\n', 'server.conf')
    write('events { }\nmail { auth_http 127.0.0.1:9000; include *er.conf; }\n')
    const { code, stdout } = await postern('-T')
    expect(code).toBe(0)
    expect(stdout).toContain(`# configuration file ${join(folder, 'server.conf')}:\nserver {`)
  })

  it.each([
    ['pid a.pid;', 'pid b.pid;', '"pid" directive is duplicate'],
    ['daemon off;', 'daemon on;', '"daemon" directive is duplicate'],
  ])('-g "%s" does not go with %s', async (global, line, text) => {
    write(`${line}\n${right}`)
    const { code, stderr } = await postern('-t', '-g', global)
    expect(stderr).toContain(text)
    expect(code).toBe(1)
  })
})

describe('a mail block', () => {
  it('relays for proxy_pass, and caps each listen and the whole service', async () => {
    const upstream = await upstreamBehind()
    const [one, other] = [await freePort(), await freePort()]
    await start(`mail {
      proxy_pass ${upstream.address};
      service_sessions 2;
      server { listen 127.0.0.1:${one}; protocol smtp; listener_sessions 1; }
      server { listen 127.0.0.1:${other}; protocol smtp; }
    }`)
    const first = connectTo(one)
    expect(await first.isAdmitted()).toBe(true)
    expect(await first.command('EHLO a.test')).toMatch(/^250/)
    const second = connectTo(one)
    await second.over()
    expect(second.text).toBe(refusalLine)
    const server = `127.0.0.1:${one}`
    expect(await logged('limiting sessions by listener_sessions')).toMatch(
      new RegExp(
        `\\[error\\] \\d+#0: \\*\\d+ limiting sessions by listener_sessions "server ${server}" ` +
          `\\(1/1\\), client: 127\\.0\\.0\\.1\\S*, server: ${server}$`,
      ),
    )
    expect(await connectTo(other).isAdmitted()).toBe(true)
    expect(await connectTo(other).isAdmitted()).toBe(false)
    expect(await logged('limiting sessions by service_sessions')).toContain(
      `"server 127.0.0.1:${other}" (2/2)`,
    )
    await first.close()
    await until('a free slot', () => connectTo(one).isAdmitted())
  })

  it('takes a right reload and lives on through a wrong one', async () => {
    const upstream = await upstreamBehind()
    const port = await freePort()
    const text = (cap: string): string => `mail {
      server { listen 127.0.0.1:${port}; protocol smtp; proxy_pass ${upstream.address}; ${cap} }
    }`
    const daemon = await start(text('service_sessions 1;'))
    const held = connectTo(port)
    expect(await held.isAdmitted()).toBe(true)
    write(`error_log error.log info; events { } ${text('service_sessions many;')}`)
    daemon.signal('SIGHUP')
    const emerg = await logged('[emerg]')
    expect(emerg).toContain(
      `"service_sessions" directive invalid number in ${folder}/postern.conf:2`,
    )
    await logged('reload failed, revision 1 stays in force')
    expect(await connectTo(port).isAdmitted()).toBe(false)
    write(`error_log error.log info; events { } ${text('service_sessions 2;')}`)
    daemon.signal('SIGHUP')
    await logged('reload done, revision 2')
    expect(await connectTo(port).isAdmitted()).toBe(true)
    expect(await connectTo(port).isAdmitted()).toBe(false)
    expect(await held.command('NOOP')).toMatch(/^250/)
  })

  it('limits a user over servers of all protocols, as the example of limit_conn does', async () => {
    const behind = new MailServers()
    await behind.listen()
    const auth = await FakeAuth.start((asked) => anybody(asked, behind))
    onTestFinished(() => {
      auth.close()
      behind.close()
    })
    const [imap, pop3] = [await freePort(), await freePort()]
    await start(`mail {
      limit_conn_zone $remote_user zone=user:10m;
      auth_http 127.0.0.1:${auth.port}/auth;
      auth_http_header X-Key secret;
      limit_conn user 1;
      server { listen 127.0.0.1:${imap}; protocol imap; }
      server { listen 127.0.0.1:${pop3}; protocol pop3; }
    }`)
    const first = connectTo(imap)
    await first.receives('* OK IMAP4 ready')
    first.send(loginLines('imap', 'u@d'))
    await first.receives('t1 OK')
    expect(auth.asked[0]?.headers.get('x-key')).toBe('secret')
    const second = connectTo(pop3)
    await second.receives('+OK POP3 ready')
    second.send(loginLines('pop3', 'u@d'))
    await second.over()
    expect(second.text).toContain(limitedReplies.pop3)
    expect(await logged('limiting connections')).toMatch(
      /limiting connections by zone "user", client: 127\.0\.0\.1, server: 127\.0\.0\.1:\d+, login: "u@d"$/,
    )
  })

  it('binds both families of a port apart, and a Unix socket', async () => {
    const upstream = await upstreamBehind()
    const port = await freePort()
    const path = join(folder, 'in.sock')
    await start(`mail {
      proxy_pass ${upstream.address};
      server {
        protocol smtp;
        listen 127.0.0.1:${port};
        listen [::1]:${port};
        listen unix:${path};
        listener_sessions 1;
      }
      server { protocol smtp; listen ${await freePort()}; }
    }`)
    for (const target of [{ host: '127.0.0.1', port }, { host: '::1', port }, { path }]) {
      const first = new Client({ target })
      const second = new Client({ target })
      const admitted = await Promise.all([first.isAdmitted(), second.isAdmitted()])
      expect(admitted.filter(Boolean)).toHaveLength(1)
      first.socket.destroy()
      second.socket.destroy()
    }
    await logged(`server: unix:${path}`)
  })

  it('binds [::] beside all of IPv4, as nginx does', async () => {
    const upstream = await upstreamBehind()
    const port = await freePort()
    const listens = `listen ${port}; listen [::]:${port};`
    await start(`mail { server { ${listens} protocol smtp; proxy_pass ${upstream.address}; } }`)
    for (const host of ['127.0.0.1', '::1']) {
      const client = new Client({ target: { host, port } })
      expect(await client.isAdmitted()).toBe(true)
      client.reset()
    }
  })

  it('leaves the terminal when the file says daemon on', async () => {
    const upstream = await upstreamBehind()
    const port = await freePort()
    const server = `server { listen 127.0.0.1:${port}; protocol smtp; proxy_pass ${upstream.address}; }`
    write(`daemon on;\nerror_log error.log;\nevents { }\nmail { ${server} }\n`)
    const started = await postern('-p', folder)
    expect(started.code).toBe(0)
    expect(await connectTo(port).isAdmitted()).toBe(true)
    expect((await postern('-p', folder, '-s', 'stop')).code).toBe(0)
    await until('the end of the daemon', () => !isThere(join(folder, 'postern.pid')))
  })
})

function isThere(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
