// The control socket: private, bounded, and polite to whoever asks wrongly.

import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askDaemon, isAnswering } from './control-client.ts'
import type { ControlRequest, ControlResponse } from './control-protocol.ts'
import { ControlSocket } from './control-socket.ts'

let directory = ''
let path = ''
let control: ControlSocket | undefined
const sockets: Socket[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-control-'))
  path = join(directory, 'postern.sock')
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await control?.close()
  control = undefined
  rmSync(directory, { recursive: true })
})

function echo(request: ControlRequest): ControlResponse {
  return { ok: true, result: request }
}

async function say(text: string): Promise<string> {
  const socket = createConnection(path)
  sockets.push(socket)
  socket.end(text)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

describe('the control socket', () => {
  it('is open to its own user only', async () => {
    control = await ControlSocket.bind(path, echo)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('answers requests in order, one line each', async () => {
    control = await ControlSocket.bind(path, echo)
    const answer = await say('{"request":"status"}\n\n{"request":"sessions","limit":3}\n')
    expect(
      answer
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { ok: true, result: { request: 'status' } },
      { ok: true, result: { request: 'sessions', limit: 3 } },
    ])
  })

  it('says what is wrong with a request and goes on', async () => {
    control = await ControlSocket.bind(path, echo)
    const wrong = ['nonsense', '[]', '{"request":"stop"}', '{"request":"sessions","limit":-1}']
    const answer = await say(
      [...wrong, '{"request":"explain"}', '{"request":"budgets"}', ''].join('\n'),
    )
    const lines = answer
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).ok)
    expect(lines).toEqual([false, false, false, false, false, true])
  })

  it('ends a conversation whose line is too long', async () => {
    control = await ControlSocket.bind(path, echo)
    expect(await say('x'.repeat(70_000))).toContain('at most 65536 characters')
  })

  it('turns away the thirty-third client and serves again when one leaves', async () => {
    control = await ControlSocket.bind(path, echo)
    for (let index = 0; index < 32; index += 1) sockets.push(createConnection(path))
    await Promise.all(sockets.map((socket) => new Promise((done) => socket.on('connect', done))))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await expect(askDaemon(path, { request: 'budgets' })).rejects.toThrow('control socket')
    for (const socket of sockets.splice(0)) socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await askDaemon(path, { request: 'budgets' })).toEqual({ request: 'budgets' })
  })

  it('takes the place of a socket that a dead daemon left', async () => {
    const dead = createServer().listen(path)
    await new Promise((resolve) => dead.on('listening', resolve))
    expect(await isAnswering(path)).toBe(true)
    control = await ControlSocket.bind(path, echo)
    expect(await askDaemon(path, { request: 'status' })).toEqual({ request: 'status' })
    dead.close()
  })

  it('does not touch a file that is no socket', async () => {
    writeFileSync(path, 'precious')
    await expect(ControlSocket.bind(path, echo)).rejects.toThrow('bind() to control socket')
    expect(existsSync(path)).toBe(true)
  })

  it('is gone once closed', async () => {
    const bound = await ControlSocket.bind(path, echo)
    await bound.close()
    expect(existsSync(path)).toBe(false)
    expect(await isAnswering(path)).toBe(false)
  })
})
