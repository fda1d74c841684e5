// limit_rate on real sockets: never too early, never lost, and nobody is hurt by the waiting.

import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  cleanUp,
  connectClient,
  pauseMs,
  rigPolicy,
  startRig,
  startUpstream,
  to,
  until,
} from '../../test/kit/gateway-rig.ts'
import type { Client, FakeUpstream, Rig, Values } from '../../test/kit/gateway-rig.ts'
import { setLoginScene } from '../../test/kit/login-scene.ts'
import { serveImap } from '../../test/kit/login-servers.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'

afterEach(cleanUp)

interface Paced {
  readonly rig: Rig
  readonly upstream: FakeUpstream
  readonly client: Client
  readonly clock: ManualClock
}

/** The clock stands still unless a test moves it; the wheel looks at it eight times a second. */
async function paced(options: Values, serve: (socket: Socket) => void): Promise<Paced> {
  const clock = new ManualClock()
  const upstream = await startUpstream(serve)
  const policy = rigPolicy({
    service: 'imap',
    options: { ...to(upstream), limitRate: { bytesPerSecond: 1000 }, ...options },
    listens: { '127.0.0.1:0': {} },
  })
  const rig = await startRig(policy, clock)
  const client = await connectClient(rig.port())
  return { rig, upstream, client, clock }
}

/** Long enough for a few ticks of the wheel, so that what would come has come. */
const fewTicksMs = 400
const says =
  (bytes: number) =>
  (socket: Socket): void => {
    socket.write(Buffer.alloc(bytes, 'x'))
    socket.on('end', () => socket.destroy()).resume()
  }

/** Sends as much as the kernel takes. */
function floods(socket: Socket): void {
  const more = (): void => {
    while (socket.write(Buffer.alloc(65_536))) {
      // Until it is full.
    }
  }
  socket.on('drain', more)
  socket.on('end', () => socket.destroy()).resume()
  more()
}

async function reads(client: Client, bytes: number): Promise<void> {
  await until(() => client.received.length >= bytes)
  expect(client.received.length).toBe(bytes)
}

describe('limit_rate', () => {
  it('sends one second of its rate at once, and then no byte before its time', async () => {
    const { client, clock } = await paced({}, says(3000))
    await reads(client, 1000)
    await pauseMs(fewTicksMs)
    expect(client.received.length).toBe(1000)
    clock.advance(500)
    await reads(client, 1500)
    clock.advance(1000)
    await reads(client, 2500)
    clock.advance(1000)
    await reads(client, 3000)
  })

  it('holds after the first bytes of limit_rate_after', async () => {
    const { client, clock } = await paced({ limitRateAfter: 1500 }, says(3000))
    await reads(client, 2500)
    await pauseMs(fewTicksMs)
    expect(client.received.length).toBe(2500)
    clock.advance(500)
    await reads(client, 3000)
  })

  it('of 0 is none', async () => {
    const { client } = await paced({ limitRate: {} }, says(3000))
    await reads(client, 3000)
  })

  it('does not slow what the client sends', async () => {
    const { client, upstream } = await paced({}, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        upstream.received = Buffer.concat([upstream.received, chunk])
      })
    })
    client.socket.write(Buffer.alloc(200_000))
    await until(() => upstream.received.length === 200_000)
  })

  it('holds for a session that logged in, from its relay on', async () => {
    const clock = new ManualClock()
    const { rig } = await setLoginScene({
      clock,
      options: { limitRate: { bytesPerSecond: 100 } },
      serve: (socket) => {
        serveImap(socket)
        socket.on('data', (chunk: Buffer) => {
          if (chunk.includes('NOOP')) socket.write(Buffer.alloc(300, 'x'))
        })
      },
    })
    const client = await connectClient(rig.port(), 'a LOGIN u p\r\n')
    await until(() => client.text.endsWith('a OK upstream login\r\n'))
    const before = client.received.length
    client.socket.write('b NOOP\r\n')
    await reads(client, before + 100)
    await pauseMs(fewTicksMs)
    expect(client.received.length).toBe(before + 100)
    clock.advance(500)
    await reads(client, before + 150)
  })

  it('reads no more of the upstream than it may pass on', async () => {
    const { rig, client } = await paced({}, floods)
    await reads(client, 1000)
    const before = rig.gateway.stats().bytesFromUpstreams
    await pauseMs(fewTicksMs)
    expect(rig.gateway.stats().bytesFromUpstreams).toBe(before)
    expect(before).toBeLessThanOrEqual(131_072)
  })
})

describe('bytes that wait for their time', () => {
  it('keep the idle limit away, and no longer than they wait', async () => {
    const { client, clock } = await paced({ idle: { ms: 1000 } }, says(2000))
    await reads(client, 1000)
    for (const bytes of [1400, 1800, 2000]) {
      clock.advance(400)
      await reads(client, bytes)
      clock.advance(400)
      await pauseMs(fewTicksMs)
      clock.advance(-400)
    }
    expect(client.hasEnded || client.hasClosed).toBe(false)
    clock.advance(2000)
    await until(() => client.hasEnded || client.hasClosed)
  })

  it('do not keep it away when it is the client that takes nothing', async () => {
    const { rig, client, clock } = await paced(
      { idle: { ms: 5000 }, limitRate: { bytesPerSecond: 1_000_000_000 } },
      floods,
    )
    client.socket.pause()
    let before = -1
    while (before !== rig.gateway.stats().bytesFromUpstreams) {
      before = rig.gateway.stats().bytesFromUpstreams
      await pauseMs(fewTicksMs)
    }
    clock.advance(5200)
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('are all delivered when the upstream closes meanwhile, and then comes the end', async () => {
    const { rig, client, clock } = await paced({}, (socket) => {
      socket.end(Buffer.alloc(2500, 'x'))
    })
    await reads(client, 1000)
    expect(client.hasEnded).toBe(false)
    clock.advance(1000)
    await reads(client, 2000)
    expect(client.hasEnded).toBe(false)
    clock.advance(1000)
    await until(() => client.hasEnded)
    expect(client.received.length).toBe(2500)
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('are delivered to a client that has closed its half', async () => {
    const { rig, client, clock } = await paced({}, (socket) => {
      socket.write(Buffer.alloc(1800, 'x'))
      socket.on('end', () => socket.end('last words'))
    })
    await reads(client, 1000)
    client.socket.end()
    await pauseMs(50)
    clock.advance(810)
    await until(() => client.hasEnded)
    expect(client.text.endsWith('xlast words')).toBe(true)
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('are forgotten with a client that leaves, and its slot comes back', async () => {
    const { rig, client } = await paced({}, says(60_000))
    await reads(client, 1000)
    client.socket.resetAndDestroy()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })

  it('keep no gateway from closing', async () => {
    const { rig, client } = await paced({}, says(60_000))
    await reads(client, 1000)
    await rig.gateway.close()
    await until(() => client.hasEnded || client.hasClosed)
  })

  it('come before what Postern says itself at the end of an SMTP session', async () => {
    const clock = new ManualClock()
    const upstream = await startUpstream((socket) => {
      socket.write('220 ready\r\n')
      const replies = ['250 ok\r\n', '250 ok\r\n', '250 ok\r\n', '354 go\r\n', '250 taken\r\n']
      socket.on('data', () => void socket.write(replies.shift() ?? ''))
      socket.on('end', () => socket.end())
    })
    const options: Values = {
      ...to(upstream),
      limitRate: { bytesPerSecond: 25 },
      maxReceptions: { capMax: 1 },
    }
    const rig = await startRig(rigPolicy({ options, listens: { '127.0.0.1:0': {} } }), clock)
    const client = await connectClient(rig.port())
    const said = [
      'EHLO me',
      'MAIL FROM:<a@b>',
      'RCPT TO:<c@d>',
      'DATA',
      'text\r\n.',
      'MAIL FROM:<a@b>',
    ]
    let answers = 1
    for (const line of said) {
      await pacedUntil(clock, () => client.text.split('\n').length > answers)
      answers += 1
      client.socket.write(`${line}\r\n`)
    }
    await pacedUntil(clock, () => client.hasEnded)
    expect(client.text).toMatch(/^220 .*354 go\r\n250 taken\r\n421 [^\r\n]+\r\n$/s)
    client.socket.end()
    await until(() => rig.engine.snapshot().sessionsActive === 0)
  })
})

/** Lets time pass until something has come. */
async function pacedUntil(clock: ManualClock, claim: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + 10_000
  while (!claim()) {
    if (performance.now() > giveUpMs) throw new Error(`never true: ${claim.toString()}`)
    clock.advance(250)
    await pauseMs(20)
  }
}
