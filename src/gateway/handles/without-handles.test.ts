// A gateway on a Node without the handles that we know: everything goes through Sockets.

import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import {
  cleanUp,
  connectClient,
  createRig,
  rigPolicy,
  startUpstream,
  to,
  until,
} from '../../../test/kit/gateway-rig.ts'

afterEach(cleanUp)

describe('a gateway without handles', () => {
  it('relays every byte both ways, and has the slot back at the end', async () => {
    const upstream = await startUpstream((socket) => socket.pipe(socket))
    const options = { ...to(upstream), serviceSessions: { capMax: 1 } }
    const policy = rigPolicy({ options, listens: { '127.0.0.1:0': {} } })
    const rig = createRig(policy, undefined, { usesHandles: false })
    await rig.gateway.start()
    const client = await connectClient(rig.port())
    const sent = randomBytes(2_000_000)
    client.socket.write(sent)
    await until(() => client.received.length >= sent.length, 20_000)
    expect(client.received.equals(sent)).toBe(true)
    expect(rig.gateway.stats().sessionsActive).toBe(1)
    client.socket.destroy()
    await until(() => rig.gateway.stats().sessionsActive === 0)
    const next = await connectClient(rig.port())
    next.socket.write('again')
    await until(() => next.received.toString() === 'again')
    const refused = await connectClient(rig.port())
    await until(() => refused.hasEnded)
    expect(refused.text).toMatch(/^421 /)
  })
})
