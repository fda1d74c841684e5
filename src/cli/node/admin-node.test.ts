// Another node over HTTP: what is asked of it, and what its failures are called.

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { adminNode } from './admin-node.ts'
import { parseNodeAddress } from './node-address.ts'

async function nodeOf(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  token?: string,
) {
  const directory = mkdtempSync(join(tmpdir(), 'postern-node-'))
  const path = join(directory, 'admin.sock')
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => {
    server.close()
    rmSync(directory, { recursive: true })
  })
  const address = parseNodeAddress(path)
  const node = adminNode({ name: 'gate2', address, ...(token === undefined ? {} : { token }) })
  return { node, asked }
}

describe('another node', () => {
  it('is asked in the words of its API, with the token', async () => {
    let said: string | undefined
    const { node, asked } = await nodeOf((request, response) => {
      said = request.headers.authorization
      response.end('{"matchingCount":0,"kickedIds":[]}')
    }, 'secret')
    await node.ask({ request: 'kick', limit: 5, user: 'a b&c', from: '10.0.0.0/8', olderMs: 9 })
    await node.ask({ request: 'kick', ids: [12] })
    expect(asked).toEqual([
      'DELETE /v1/sessions?user=a%20b%26c&cidr=10.0.0.0%2F8&older=9ms&count=5',
      'DELETE /v1/sessions/12',
    ])
    expect(said).toBe('Bearer secret')
  })

  it('is asked page by page', async () => {
    const { node, asked } = await nodeOf((request, response) => {
      const isFirst = request.url?.includes('after=0') === true
      const sessions = [{ id: isFirst ? 1 : 2 }]
      const next = isFirst ? { nextAfter: 1 } : {}
      response.end(JSON.stringify({ sessionsActive: 2, matchingCount: 2, sessions, ...next }))
    })
    const { sessions } = await node.ask({ request: 'sessions', limit: 5000 })
    expect(sessions.map(({ id }) => id)).toEqual([1, 2])
    expect(asked).toEqual([
      'GET /v1/sessions?count=1000&after=0',
      'GET /v1/sessions?count=1000&after=1',
    ])
  })

  it('has a session no more', async () => {
    const { node } = await nodeOf((_, response) => {
      response.writeHead(404).end('{"error":{"code":"not_found","message":"x"}}')
    })
    expect(await node.ask({ request: 'kick', ids: [1] })).toEqual({
      matchingCount: 0,
      kickedIds: [],
    })
  })

  it.each([
    [
      '{"error":{"code":"x","message":"The token is\\u001b[1m wrong."}}',
      'The token is\\x1B[1m wrong.',
    ],
    ['<html>', 'it answered with HTTP status 401'],
    ['{"error":"no"}', 'it answered with HTTP status 401'],
  ])('says why it does not answer: %s', async (body, message) => {
    const { node } = await nodeOf((_, response) => {
      response.writeHead(401).end(body)
    })
    await expect(node.ask({ request: 'status' })).rejects.toThrow(`node gate2: ${message}`)
  })

  it('is not there', async () => {
    const node = adminNode({ name: 'gate3', address: parseNodeAddress('/nowhere/admin.sock') })
    await expect(node.ask({ request: 'status' })).rejects.toThrow('node gate3: connect ENOENT')
  })
})

describe('the address of a node', () => {
  it.each([
    ['/run/admin.sock', { kind: 'unix', path: '/run/admin.sock' }],
    ['127.0.0.1:8025', { kind: 'url', url: new URL('http://127.0.0.1:8025/') }],
    ['https://gate2.example:8025', { kind: 'url', url: new URL('https://gate2.example:8025/') }],
  ])('%s', (text, address) => {
    expect(parseNodeAddress(text)).toEqual(address)
  })

  it.each(['ftp://gate2', 'http://gate2/v1', 'http://me:secret@gate2', 'http://', 'a b'])(
    'is not %s',
    (text) => {
      expect(() => parseNodeAddress(text)).toThrow(/^--node takes/)
    },
  )
})
