// One side offers much more than the other side takes: the memory of the daemon must not pay for it.

import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Client } from '../e2e/kit/client.ts'
import { Gate } from '../e2e/kit/gate.ts'
import { sleep, until } from '../e2e/kit/until.ts'
import { upstreamBanner } from '../e2e/kit/upstream.ts'
import type { UpstreamOptions } from '../e2e/kit/upstream.ts'
import { residentBytes } from '../e2e/kit/witness.ts'

const mebibyte = 1024 * 1024
const offeredBytes = 200 * mebibyte
/** What a session may keep: a tenth of what is offered to it. */
const grownMax = 20 * mebibyte

/** 128 bytes, so that whole lines make a mebibyte. */
const replyLine = `250-${'x'.repeat(122)}\r\n`

/** Writes so many bytes as fast as they are taken, then ends. */
function pour(socket: Socket, sizeBytes: number, unit: string): void {
  const chunk = Buffer.alloc(mebibyte, unit)
  let leftBytes = sizeBytes
  const onDrain = (): void => {
    while (leftBytes > 0) {
      leftBytes -= chunk.length
      if (!socket.write(chunk)) return
    }
    socket.end()
  }
  socket.on('drain', onDrain)
  onDrain()
}

/** What the buffers of the kernel take has been taken when nothing more moves. */
async function standsStill(socket: Socket): Promise<void> {
  let last = -1
  await until('the flow to stand still', async () => {
    const now = socket.bytesWritten - socket.writableLength
    const isStill = now === last && now > 0
    last = now
    await sleep(500)
    return isStill
  })
}

/** The mail server's end of the last session. */
function upstreamSocket(gate: Gate): Socket {
  const connection = gate.upstream.connections.at(-1)
  if (connection === undefined) throw new Error('nothing has connected to the upstream')
  return connection.socket
}

/** Greets, waits for a command, and answers without end. */
const pouring: UpstreamOptions = {
  serve: ({ socket }) => {
    socket.write(upstreamBanner)
    socket.once('data', () => pour(socket, offeredBytes, replyLine))
  },
}

/** A session whose client takes nothing of what is poured over it. */
async function deafSession(gate: Gate): Promise<Client> {
  const deaf = await gate.admits('A@25')
  deaf.socket.pause()
  deaf.send('NOOP\r\n')
  await until('the flow', () => upstreamSocket(gate).bytesWritten > mebibyte)
  await standsStill(upstreamSocket(gate))
  return deaf
}

describe.each([
  { how: 'copied', options: '' },
  {
    how: 'followed',
    options: 'Banner_Hostname = "upstream.test" Max_Receptions_Per_Connection = 100',
  },
])('back-pressure on bytes that are $how', ({ options }) => {
  it('a client that never reads does not fill the memory of the daemon', async () => {
    const gate = await Gate.start({
      config: `E{SS=3 ${options} Listen ":25"{}}`,
      upstream: pouring,
    })
    // The first one makes the process as large as the code it runs and the garbage it leaves.
    await deafSession(gate)
    const beforeBytes = residentBytes(gate.pid)
    const deaf = await deafSession(gate)
    expect(residentBytes(gate.pid) - beforeBytes).toBeLessThan(grownMax)
    expect(upstreamSocket(gate).writableLength).toBeGreaterThan(0)
    // Another session is served as ever.
    expect(await gate.play('B@25 ok, C@25 421')).toHaveLength(1)
    // And when it reads at last, every byte is there.
    deaf.keepsBytes = false
    deaf.socket.resume()
    await deaf.over()
    expect(deaf.byteCount).toBe(upstreamBanner.length + offeredBytes)
    await gate.holds(2)
  })

  it('a client that never reads gives its slot back when it goes away', async () => {
    const gate = await Gate.start({
      config: `E{SS=1 ${options} Listen ":25"{}}`,
      upstream: pouring,
    })
    const deaf = await deafSession(gate)
    deaf.reset()
    await gate.isEmpty()
  })

  it('a mail server that never reads does not fill the memory of the daemon', async () => {
    const gate = await Gate.start({
      config: `E{SS=1 ${options} Listen ":25"{}}`,
      upstream: { serve: ({ socket }) => void socket.pause().write(upstreamBanner) },
    })
    const client = await gate.admits('A@25')
    const beforeBytes = residentBytes(gate.pid)
    pour(client.socket, offeredBytes, 'text of a very long line ')
    await standsStill(client.socket)
    expect(residentBytes(gate.pid) - beforeBytes).toBeLessThan(grownMax)
    let takenBytes = 0
    upstreamSocket(gate).on('data', (chunk: Buffer) => {
      takenBytes += chunk.length
    })
    upstreamSocket(gate).resume()
    await until('every byte', () => takenBytes === offeredBytes)
    upstreamSocket(gate).end()
    await client.over()
    await gate.isEmpty()
  })

  it('a client that goes away is noticed though the mail server reads nothing (S23)', async () => {
    const gate = await Gate.start({
      config: `E{SS=1 ${options} Listen ":25"{}}`,
      upstream: { serve: ({ socket }) => void socket.pause().write(upstreamBanner) },
    })
    const client = await gate.admits('A@25')
    pour(client.socket, offeredBytes, 'NOOP\r\n')
    await standsStill(client.socket)
    client.reset()
    await gate.counts(0)
    expect(await gate.play('B@25 ok, C@25 421')).toHaveLength(1)
  })
})

describe('back-pressure on a dialogue that is followed', () => {
  it('stops a client whose commands are never answered', async () => {
    const gate = await Gate.start({
      config: 'E{SS=1 Max_Receptions_Per_Connection = 100 Listen ":25"{}}',
      upstream: { serve: ({ socket }) => void socket.resume().write(upstreamBanner) },
    })
    const client = await gate.admits('A@25')
    const beforeBytes = residentBytes(gate.pid)
    pour(client.socket, offeredBytes, 'NOOP\r\n')
    await standsStill(client.socket)
    expect(residentBytes(gate.pid) - beforeBytes).toBeLessThan(grownMax)
    expect(client.socket.writableLength).toBeGreaterThan(0)
    expect(client.isClosed).toBe(false)
  })
})
