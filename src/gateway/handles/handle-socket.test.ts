// A HandleSocket does for a session what a Socket does: both run the same suite. What only one of
// them has comes after it.

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { pauseMs, until } from '../../../test/kit/gateway-rig.ts'
import type { SessionSocket } from '../session-socket.ts'
import { createHandleKit } from './handle-kit.ts'
import type { HandleKit } from './handle-kit.ts'
import { HandleSocket } from './handle-socket.ts'
import { findNodeHandles } from './node-handles.ts'

const servers: Server[] = []
const sockets: (Socket | HandleSocket)[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) server.close()
})

const ignore = (): void => {}

async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', ignore)
    sockets.push(socket)
    onSocket(socket)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server on a TCP port has an AddressInfo.
  return (server.address() as AddressInfo).port
}

const found = createHandleKit()

function kitOf(): HandleKit {
  if (found === undefined) throw new Error('this Node has no handles as they are expected')
  return found
}

interface Made {
  readonly socket: SessionSocket
  /** What happened, in its order. */
  readonly events: string[]
  readonly received: () => Buffer
}

function watch(socket: SessionSocket): Made {
  const events: string[] = []
  const chunks: Buffer[] = []
  socket.on('error', (error) => events.push('code' in error ? String(error.code) : 'error'))
  socket.on('data', (chunk) => chunks.push(chunk))
  for (const event of ['connect', 'end', 'drain', 'finish', 'close'] as const) {
    socket.on(event, () => events.push(event))
  }
  return { socket, events, received: () => Buffer.concat(chunks) }
}

const kinds: readonly { readonly name: string; readonly dial: (port: number) => SessionSocket }[] =
  [
    {
      name: 'Socket',
      dial(port) {
        const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
        socket.pause()
        sockets.push(socket)
        return socket
      },
    },
    { name: 'HandleSocket', dial: dialHandle },
  ]

function dialHandle(port: number): HandleSocket {
  const socket = HandleSocket.connect(kitOf(), { address: '127.0.0.1', port, family: 4 })
  sockets.push(socket)
  return socket
}

describe.each(kinds)('a session socket ($name)', ({ dial }) => {
  it('tells nothing before it is resumed, and then every byte and the end', async () => {
    const port = await listen((far) => far.end('hello'))
    const { socket, events, received } = watch(dial(port))
    await until(() => events.includes('connect'))
    await pauseMs(50)
    expect(received().length).toBe(0)
    socket.resume()
    await until(() => events.includes('end'))
    expect(received().toString()).toBe('hello')
    expect(socket.destroyed).toBe(false)
  })

  it('closes its own half behind the last byte, and still reads the answer', async () => {
    const port = await listen((far) => {
      let text = ''
      far.on('data', (bytes: Buffer) => (text += bytes.toString()))
      far.on('end', () => far.end(`got ${text}`))
    })
    const { socket, events, received } = watch(dial(port))
    await until(() => events.includes('connect'))
    socket.write(Buffer.from('question'))
    socket.end()
    expect(socket.writable).toBe(false)
    socket.resume()
    await until(() => events.includes('close'))
    expect(received().toString()).toBe('got question')
    expect(events).toEqual(['connect', 'finish', 'end', 'close'])
    expect(socket.closed).toBe(true)
  })

  it('says false while the other side takes nothing, and drains when it does', async () => {
    let far: Socket | undefined
    const port = await listen((socket) => {
      socket.pause()
      far = socket
    })
    const { socket, events } = watch(dial(port))
    await until(() => events.includes('connect') && far !== undefined)
    const sent = randomBytes(16_000_000)
    const hash = createHash('sha256')
    let gotBytes = 0
    far?.on('data', (bytes: Buffer) => {
      hash.update(bytes)
      gotBytes += bytes.length
    })
    far?.pause()
    expect(socket.write(sent)).toBe(false)
    expect(socket.writableLength).toBeGreaterThan(0)
    expect(socket.writableNeedDrain).toBe(true)
    far?.resume()
    await until(() => events.includes('drain') && gotBytes === sent.length)
    expect(socket.writableLength).toBe(0)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'))
  })

  it('delivers all that was written when it is to close soon', async () => {
    const sent = randomBytes(4_000_000)
    let gotBytes = 0
    const port = await listen((far) => far.on('data', (bytes) => (gotBytes += bytes.length)))
    const { socket, events } = watch(dial(port))
    await until(() => events.includes('connect'))
    socket.write(sent)
    socket.destroySoon()
    await until(() => events.includes('close') && gotBytes === sent.length)
    expect(events.filter((event) => event === 'close')).toEqual(['close'])
  })

  it('fails of a refused connection once, and closes after that', async () => {
    const port = await listen(ignore)
    servers.pop()?.close()
    const { socket, events } = watch(dial(port))
    await until(() => events.includes('close'))
    expect(events).toEqual(['ECONNREFUSED', 'close'])
    expect(socket.destroyed).toBe(true)
  })

  it('fails of a reset that it reads', async () => {
    let far: Socket | undefined
    const port = await listen((socket) => (far = socket))
    const { socket, events } = watch(dial(port))
    await until(() => events.includes('connect') && far !== undefined)
    socket.resume()
    far?.resetAndDestroy()
    await until(() => events.includes('close'))
    expect(events).toEqual(['connect', 'ECONNRESET', 'close'])
  })

  it('notices a reset by writing nothing, though it is paused', async () => {
    let far: Socket | undefined
    const port = await listen((socket) => (far = socket))
    const { socket, events } = watch(dial(port))
    await until(() => events.includes('connect') && far !== undefined)
    socket.pause()
    far?.resetAndDestroy()
    await until(() => {
      socket.write(new Uint8Array(0))
      return events.includes('close')
    })
    expect(events.at(-1)).toBe('close')
  })

  it('may be destroyed by who reads from it, and tells nothing more', async () => {
    const port = await listen((far) => far.write(Buffer.alloc(1_000_000)))
    const { socket, events } = watch(dial(port))
    let chunkCount = 0
    socket.on('data', () => {
      chunkCount += 1
      socket.destroy()
    })
    socket.resume()
    await until(() => events.includes('close'))
    expect(chunkCount).toBe(1)
    expect(events).toEqual(['connect', 'close'])
  })

  it('is left quietly while it still connects', async () => {
    const port = await listen(ignore)
    const { socket, events } = watch(dial(port))
    socket.destroy()
    await until(() => events.includes('close'))
    expect(events).toEqual(['close'])
  })
})

describe('a HandleSocket with buffers that are used again', () => {
  async function pairOf(
    far: (socket: Socket) => void,
  ): Promise<{ readonly from: HandleSocket; readonly port: number }> {
    const port = await listen(far)
    const from = dialHandle(port)
    from.on('error', ignore)
    await once(from, 'connect')
    from.useBuffers()
    return { from, port }
  }

  it('gives chunks that may be kept', async () => {
    const sent = randomBytes(60_000)
    const { from } = await pairOf((far) => {
      far.setNoDelay(true)
      const step = (at: number): void => {
        if (at >= sent.length) far.end()
        else far.write(sent.subarray(at, at + 6000), () => setImmediate(step, at + 6000))
      }
      step(0)
    })
    const kept: Buffer[] = []
    from.on('data', (chunk: Buffer) => kept.push(chunk))
    from.resume()
    await once(from, 'end')
    expect(Buffer.concat(kept).equals(sent)).toBe(true)
  })

  it('passes every byte to a reader that stops and goes, and has all its buffers back', async () => {
    const kit = kitOf()
    const hashes = [createHash('sha256'), createHash('sha256')] as const
    const sizeBytes = 24_000_000
    const { from } = await pairOf((far) => {
      const sent = randomBytes(sizeBytes)
      hashes[0].update(sent)
      far.end(sent)
    })
    let gotBytes = 0
    let stops = 0
    const port = await listen((far) => {
      far.on('data', (bytes: Buffer) => {
        hashes[1].update(bytes)
        gotBytes += bytes.length
        if (gotBytes < stops * 2_000_000) return
        stops += 1
        far.pause()
        setTimeout(() => far.resume(), 20)
      })
    })
    const to = dialHandle(port)
    to.on('error', ignore)
    await once(to, 'connect')
    let takenMax = 0
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause()
      takenMax = Math.max(takenMax, kit.buffers.takenCount)
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
    from.resume()
    await until(() => gotBytes === sizeBytes, 20_000)
    expect(hashes[1].digest('hex')).toBe(hashes[0].digest('hex'))
    expect(takenMax).toBeGreaterThan(0)
    from.destroy()
    to.destroy()
    await until(() => from.closed && to.closed && kit.buffers.takenCount === 0)
  })

  it('copies what is read while its own buffer is still being written from', async () => {
    const { from } = await pairOf((far) => far.end(Buffer.alloc(12_000_000, 'x')))
    let far: Socket | undefined
    const port = await listen((socket) => {
      socket.pause()
      far = socket
    })
    const to = dialHandle(port)
    to.on('error', ignore)
    await once(to, 'connect')
    // Never stops: what the other side does not take piles up here, and must stay as it was read.
    from.on('data', (chunk: Buffer) => void to.write(chunk))
    from.on('end', () => to.end())
    from.resume()
    await once(from, 'end')
    const hash = createHash('sha256')
    far?.on('data', (bytes: Buffer) => hash.update(bytes))
    far?.resume()
    await once(far ?? to, 'end')
    const expected = createHash('sha256').update(Buffer.alloc(12_000_000, 'x'))
    expect(hash.digest('hex')).toBe(expected.digest('hex'))
    from.destroy()
    await until(() => from.closed && kitOf().buffers.takenCount === 0)
  })
})

describe('a HandleSocket that goes on as a Socket', () => {
  it('loses no byte either way', async () => {
    const port = await listen((far) => {
      far.write('before ')
      far.once('data', () => far.end('after'))
    })
    const first = dialHandle(port)
    let text = ''
    first.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await once(first, 'connect')
    first.resume()
    await until(() => text === 'before ')
    const socket = first.toSocket()
    sockets.push(socket)
    socket.on('error', ignore)
    expect(first.destroyed).toBe(true)
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.write('go on')
    socket.resume()
    await once(socket, 'end')
    expect(text).toBe('before after')
  })
})

describe('handles', () => {
  it.each([
    ['nothing', null],
    ['something that is no function', 7],
    ['a function that refuses', () => Promise.reject(new Error('no such module')).catch(ignore)],
    ['empty bindings', () => ({})],
    ['classes without methods', () => ({ TCP: Map, TCPConnectWrap: Map })],
  ])('are not used where Node has %s in their place', (_what, binding) => {
    expect(findNodeHandles(binding)).toBeUndefined()
  })

  it('are found on this Node', () => {
    expect(findNodeHandles()).toBeDefined()
  })
})
