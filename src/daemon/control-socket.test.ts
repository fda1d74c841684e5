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
import type { ControlAnswers } from './control-socket.ts'
import type { EventListener } from './feed/subscribers.ts'
import { until } from '../../test/e2e/kit/until.ts'

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

const plane = {
  listeners: new Set<EventListener>(),
  subscribe(listener: EventListener) {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  },
}
const echoes: ControlAnswers = { answer: echo, events: { plane, workers: 2 } }

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
    control = await ControlSocket.bind(path, echoes)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('answers requests in order, one line each', async () => {
    control = await ControlSocket.bind(path, echoes)
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
    control = await ControlSocket.bind(path, echoes)
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
    control = await ControlSocket.bind(path, echoes)
    expect(await say('x'.repeat(70_000))).toContain('at most 65536 characters')
  })

  it('turns away the thirty-third client and serves again when one leaves', async () => {
    control = await ControlSocket.bind(path, echoes)
    for (let index = 0; index < 32; index += 1) sockets.push(createConnection(path))
    await Promise.all(sockets.map((socket) => new Promise((done) => socket.on('connect', done))))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await expect(askDaemon(path, { request: 'limits' })).rejects.toThrow('control socket')
    for (const socket of sockets.splice(0)) socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await askDaemon(path, { request: 'limits' })).toEqual({ request: 'limits' })
  })

  it('streams events until the reader leaves, and counts what he does not read', async () => {
    control = await ControlSocket.bind(path, echoes)
    const socket = createConnection(path)
    sockets.push(socket)
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    socket.write('{"request":"events","stream":"trace"}\n')
    await until('a subscription', () => plane.listeners.size === 1)
    const publish = (events: readonly string[], lostCount = 0): void => {
      const batch = { stream: 'trace', worker: 1, upTo: 7, lostCount, events } as const
      for (const listener of plane.listeners) listener(batch)
    }
    publish(['{"event":"one"}'], 2)
    await until('a batch', () => text.includes('sync'))
    expect(text.trim().split('\n')).toEqual([
      '{"ok":true,"result":{"stream":"trace","version":1,"workers":2}}',
      '{"event":"one"}',
      '{"event":"sync","worker":1,"upTo":7,"lost":2}',
    ])
    socket.pause()
    const line = JSON.stringify('x'.repeat(1_000_000))
    for (let round = 0; round < 40; round += 1) publish([line])
    socket.resume()
    await until('all that was kept', () => text.length > 8_000_000)
    publish([])
    await until('what was lost', () => /"lost":[1-9]\d?\}/.test(text.slice(text.lastIndexOf('xx'))))
    socket.end()
    await until('the end', () => plane.listeners.size === 0)
  })

  it('takes the place of a socket that a dead daemon left', async () => {
    const dead = createServer().listen(path)
    await new Promise((resolve) => dead.on('listening', resolve))
    expect(await isAnswering(path)).toBe(true)
    control = await ControlSocket.bind(path, echoes)
    expect(await askDaemon(path, { request: 'status' })).toEqual({ request: 'status' })
    dead.close()
  })

  it('does not touch a file that is no socket', async () => {
    writeFileSync(path, 'precious')
    await expect(ControlSocket.bind(path, echoes)).rejects.toThrow('bind() to control socket')
    expect(existsSync(path)).toBe(true)
  })

  it('is gone once closed', async () => {
    const bound = await ControlSocket.bind(path, echoes)
    await bound.close()
    expect(existsSync(path)).toBe(false)
    expect(await isAnswering(path)).toBe(false)
  })
})
