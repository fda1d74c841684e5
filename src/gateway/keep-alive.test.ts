import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import {
  cleanUp,
  connectClient,
  rigPolicy,
  startRig,
  startUpstream,
  to,
  until,
} from '../../test/kit/gateway-rig.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'

afterEach(cleanUp)

/** What the kernel waits with for the connection between two ports, from the first one's end. */
function timerOf(ownPort: number, farPort: number): string {
  const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, own = '', far = '', , , timer = ''] = line.trim().split(/\s+/)
    if (own.endsWith(hex(ownPort)) && far.endsWith(hex(farPort))) {
      return timer.startsWith('02:') ? 'keepalive' : 'none'
    }
  }
  return 'no such connection'
}

describe('keepalive', () => {
  it('is set on both connections of a session that stays', async () => {
    const clock = new ManualClock()
    const upstream = await startUpstream()
    const policy = rigPolicy({ options: to(upstream), listens: { '127.0.0.1:0': {} } })
    const rig = await startRig(policy, clock)
    const client = await connectClient(rig.port())
    await until(() => client.text === '220 ready\r\n')
    const near = client.socket.localPort ?? 0
    const far = upstream.sockets[0]?.remotePort ?? 0
    // What was written is acknowledged first: only then there is no other timer.
    await until(() => timerOf(rig.port(), near) === 'none')
    clock.advance(11_000)
    await until(() => timerOf(rig.port(), near) === 'keepalive')
    expect(timerOf(far, upstream.port)).toBe('keepalive')
  })
})
