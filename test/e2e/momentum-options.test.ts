// Conformance cases of momentum section 9 about which scope an option's value comes from, shown with
// Idle_Time. The running daemon is asked for the value with the table's numbers; where waiting for
// them would take minutes, the same configuration with smaller ones shows on sockets who goes first.

import { describe, expect, it } from 'vitest'
import type { Client } from './kit/client.ts'
import { Gate } from './kit/gate.ts'

/** Resolves with the names in the order in which the sessions were ended for silence. */
async function orderOfEnd(clients: Readonly<Record<string, Client>>): Promise<string[]> {
  const order: string[] = []
  await Promise.all(
    Object.entries(clients).map(async ([name, client]) => {
      await client.over()
      order.push(name)
    }),
  )
  return order
}

describe('Momentum conformance, fallback of options', () => {
  it('case 24: a Peer without the cap is transparent for it and has its own Idle_Time (S8)', async () => {
    const gate = await Gate.start({
      config: 'E{Peer "10.0.0.0/8"{SS=2} Peer "10.0.0.1"{IT=5} Listen ":25"{}}',
      proxy: 'v1',
    })
    const [silent, other] = await gate.play('10.0.0.1@25 ok, 10.9.9.9@25 ok, 10.0.0.1@25 421')
    expect(await gate.optionOf('10.0.0.1@25', 'idle')).toEqual({ ms: 5000 })
    expect(await gate.optionOf('10.9.9.9@25', 'idle')).toEqual({})
    await silent?.over()
    expect(other?.isLive).toBe(true)
  })

  it('case 26: the Peer of the Listen beats the Peer of the listener', async () => {
    const gate = await Gate.start({
      config: 'E{Peer "10.0.0.0/16"{IT=60} Listen ":25"{Peer "10.0.0.1"{IT=5}}}',
      proxy: 'v2',
    })
    expect(await gate.optionOf('10.0.0.1@25', 'idle')).toEqual({ ms: 5000 })
    expect(await gate.optionOf('10.0.0.2@25', 'idle')).toEqual({ ms: 60_000 })
    const [silent, other] = await gate.play('10.0.0.1@25 ok, 10.0.0.2@25 ok')
    await silent?.over()
    expect(other?.isLive).toBe(true)
  })

  it('case 27: a Peer of the listener beats the Listen', async () => {
    const config = 'E{IT=300 Listen ":25"{IT=10} Peer "10.0.0.0/8"{IT=30}}'
    const gate = await Gate.start({ config, proxy: 'v1' })
    expect(await gate.optionOf('192.0.2.1@25', 'idle')).toEqual({ ms: 10_000 })
    expect(await gate.optionOf('10.0.0.1@25', 'idle')).toEqual({ ms: 30_000 })
    await gate.reload('E{IT=300 Listen ":25"{IT=1} Peer "10.0.0.0/8"{IT=3}}')
    const peer = await gate.admits('10.0.0.1@25')
    const listen = await gate.admits('192.0.2.1@25')
    expect(await orderOfEnd({ peer, listen })).toEqual(['listen', 'peer'])
  })

  it('case 33: a pathway beats everything outside the scope that names it (S7)', async () => {
    const gate = await Gate.start({
      config: 'Pathway "p"{IT=400} E{IT=300 Listen ":25"{Pathway="p"} Listen ":587"{}}',
    })
    expect(await gate.optionOf('A@25', 'idle')).toEqual({ ms: 400_000 })
    await gate.reload('Pathway "p"{IT=3} E{IT=1 Listen ":25"{Pathway="p"} Listen ":587"{}}')
    const pathway = await gate.admits('A@25')
    const listener = await gate.admits('A@587')
    expect(await orderOfEnd({ pathway, listener })).toEqual(['listener', 'pathway'])
  })

  it('case 34: a value in the scope itself beats the pathway it names (S7)', async () => {
    const gate = await Gate.start({
      config: 'Pathway "p"{IT=400} E{Listen ":25"{Pathway="p" IT=300} Listen ":587"{Pathway="p"}}',
    })
    expect(await gate.optionOf('A@25', 'idle')).toEqual({ ms: 300_000 })
    await gate.reload(
      'Pathway "p"{IT=3} E{Listen ":25"{Pathway="p" IT=1} Listen ":587"{Pathway="p"}}',
    )
    const pathway = await gate.admits('A@587')
    const listen = await gate.admits('A@25')
    expect(await orderOfEnd({ pathway, listen })).toEqual(['listen', 'pathway'])
  })

  it('case 35: options of a pathway group apply, with a note that Momentum ignores them', async () => {
    const gate = await Gate.start({
      config:
        'Pathway_Group "g"{IT=400 Pathway "p"{Banner_Hostname="x"}} E{Listen ":25"{Pathway="p"}}',
    })
    expect(await gate.optionOf('A@25', 'idle')).toEqual({ ms: 400_000 })
    expect((await gate.admits('A@25')).text).toMatch(/^220 x /)
    expect(gate.log).toMatch(/Pathway_Group.*Momentum/)
  })
})
