// The authenticators that need no auth server, through the built program: a file of users made by
// `postern users`, and the mail server itself.

import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { strictImap, strictSmtp } from '../kit/strict-servers.ts'
import type { Client } from './kit/client.ts'
import { Gate } from './kit/gate.ts'
import { mainFile } from './kit/process.ts'
import { until } from './kit/until.ts'

const zone = 'Limit_Conn_Zone "user" { Key = "$remote_user" Size = "1m" }\n'

/** A mail server that looks at passwords, and how many it is connected to. */
async function startServer(serve: (socket: Socket) => void): Promise<{
  readonly port: number
  readonly sockets: Set<Socket>
}> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  return { port: address.port, sockets }
}

/** Runs `postern users` in the folder of a gate. */
function users(gate: Gate, args: string, password = ''): void {
  const { status, stderr } = spawnSync(process.execPath, [mainFile, 'users', ...args.split(' ')], {
    cwd: gate.place.directory,
    input: password,
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([0, ''])
}

async function tries(gate: Gate, user: string, password: string): Promise<Client> {
  const client = gate.connect('A@143')
  await client.receives('* OK IMAP4 ready\r\n')
  client.send(`t LOGIN ${user} ${password}\r\n`)
  return client
}

describe('a users file', () => {
  const configOf = (port: number): string =>
    `${zone}IMAP_Listener { Auth_Users = "users" Auth_Fail_Delay = 1 Upstream = "127.0.0.1:${port}"\n` +
    'Limit_Conn "user" { Sessions = 1 } Listen ":143" {} }\n'

  it('lets in who stands in it, holds them to their limit, and is read again at a reload', async () => {
    const server = await startServer(strictImap)
    const config = configOf(server.port)
    const gate = await Gate.start({ config, files: { users: '# nobody yet\n' } })
    users(gate, 'add users ann --stdin', 'right')
    const early = await tries(gate, 'ann', 'right')
    await early.receives('t NO Invalid login or password\r\n')
    await gate.reload(config)

    const held = await tries(gate, 'ann', 'right')
    await held.receives('t OK upstream login\r\n')
    const second = await tries(gate, 'ann', 'right')
    await second.receives('t NO [UNAVAILABLE] Too many connections\r\n')
    const stranger = await tries(gate, 'ann', 'wrong')
    await stranger.receives('t NO Invalid login or password\r\n')

    // A wrong file is told with its line, and the users there were stay.
    const path = join(gate.place.directory, 'users')
    const text = readFileSync(path, 'utf8')
    gate.place.writeText('users', `${text}eve:nohash\n`)
    gate.program.signal('SIGHUP')
    await gate.logs(/\[emerg\] .*user "eve": the hash is neither .* in \S+users:4/)
    await gate.logs(/reload failed, revision 2 stays in force/)
    await held.close()
    await until('the end of the first session', () => server.sockets.size === 0)
    const again = await tries(gate, 'ann', 'right')
    await again.receives('t OK upstream login\r\n')
    await again.close()

    gate.place.writeText('users', text)
    users(gate, 'remove users ann')
    await gate.reload(config)
    const gone = await tries(gate, 'ann', 'right')
    await gone.receives('t NO Invalid login or password\r\n')
    expect(gate.log).not.toMatch(/right|\$scrypt/)
  })

  it('is looked at by check, which names who decides', async () => {
    const gate = await Gate.start({ config: configOf(1), files: { users: '' } })
    const checked = await gate.runs('check')
    expect(checked.stdout).toContain('logins by users')
    expect(checked.stderr).toContain('has no user, so nobody can log in')
    const explained = await gate.runs(
      'explain',
      '--listen',
      `:${gate.place.portFor(143)}`,
      '--from',
      '192.0.2.1',
    )
    expect(explained.stdout).toMatch(/Auth_Users +=/)
  })
})

describe('the mail server as authenticator', () => {
  it('decides, at the first of its addresses that answers', async () => {
    const server = await startServer(strictImap)
    const gate = await Gate.start({
      config:
        `${zone}IMAP_Listener { Auth_Upstream = true Auth_Fail_Delay = 0.1\n` +
        `Upstream = ( "127.0.0.1:1" "127.0.0.1:${server.port}" )\n` +
        'Limit_Conn "user" { Sessions = 1 } Listen ":143" {} }\n',
    })
    const client = await tries(gate, 'ann', 'wrong')
    await client.receives('t NO [AUTHENTICATIONFAILED] who?\r\n')
    client.send('t LOGIN ann right\r\n')
    await client.receives('t OK upstream login\r\n')
    const second = await tries(gate, 'ann', 'right')
    await second.receives('t NO [UNAVAILABLE] Too many connections\r\n')
    await until('one connection to the mail server', () => server.sockets.size === 1)
    client.send('a NOOP\r\n')
    await client.receives('a OK upstream did NOOP\r\n')
    await client.close()
    await second.close()
    await gate.counts(0)
    await gate.auditsClean()
    expect(gate.log).toMatch(/client login failed: .* while logging in at the upstream/)
    expect(gate.log).not.toMatch(/ right| wrong/)
  })

  it('gets AUTH PLAIN from submission clients without being told to', async () => {
    const server = await startServer(strictSmtp)
    const gate = await Gate.start({
      config:
        `ESMTP_Listener { Auth_Upstream = true Upstream = "127.0.0.1:${server.port}"\n` +
        'Listen ":25" {} }\n',
    })
    const client = gate.connect('A@25')
    await client.receives('ready\r\n')
    client.send(`AUTH PLAIN ${Buffer.from('\0ann\0right').toString('base64')}\r\n`)
    await client.receives('235 2.0.0 OK\r\n')
    client.send('MAIL FROM:<a@b>\r\n')
    await client.receives('250 2.0.0 upstream did MAIL\r\n')
  })
})
