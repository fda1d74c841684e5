// The dialect as a whole: what a loaded policy is like, and how long loading takes.

import { describe, expect, it } from 'vitest'
import { memoryReader } from '../memory-reader.ts'
import { momentum } from './momentum.ts'

function load(text: string) {
  const reader = memoryReader(new Map())
  return momentum.load({ file: '/conf/main.conf', text, reader, searchPath: [] })
}

describe('momentum', () => {
  it('makes a policy that is frozen to its leaves and survives JSON and structuredClone', () => {
    const { policy } = load(
      'ESMTP_Listener { Service_Sessions = 2 Context = [ a = b ] Listen :25 { Peer 10.0.0.1 {} } }',
    )
    const [listener] = policy?.listeners ?? []
    expect(Object.isFrozen(policy)).toBe(true)
    expect(Object.isFrozen(listener?.options.context?.value)).toBe(true)
    expect(Object.isFrozen(listener?.listens[0]?.peers[0]?.block.words)).toBe(true)
    expect(JSON.parse(JSON.stringify(policy))).toEqual(policy)
    expect(structuredClone(policy)).toEqual(policy)
  })

  it('gives no policy when anything is an error, and one when there are warnings only', () => {
    expect(load('Idle_Tme = 5').policy).toBeUndefined()
    const warned = load('SpoolBase = /var/spool/x')
    expect(warned.policy).toBeDefined()
    expect(warned.diagnostics).toHaveLength(1)
  })

  it('orders diagnostics by place, whichever pass found them', () => {
    const { diagnostics } = load('Idle_Tme = 5\n"x"\nIdle_Tme = 5\n)')
    expect(diagnostics.map(({ span }) => span?.line)).toEqual([1, 2, 3, 4])
  })

  it('shows a thousand errors and counts the others', () => {
    const { diagnostics } = load('Idle_Tme = 5\n'.repeat(1500))
    expect(diagnostics).toHaveLength(1001)
    expect(diagnostics.at(-1)).toMatchObject({
      code: 'momentum.too_many_errors',
      message: '500 more errors are not shown',
    })
  })

  it('loads 10,000 Peer blocks in well under a second', () => {
    const peers = Array.from(
      { length: 10_000 },
      (_, index) =>
        `Peer "10.${index >> 8}.${index & 255}.0/24" { Service_Sessions = ${index} Idle_Time = 9 }`,
    )
    const text = `ESMTP_Listener {\n${peers.join('\n')}\n}\n`
    const started = performance.now()
    const { policy } = load(text)
    const elapsedMs = performance.now() - started
    expect(policy?.listeners[0]?.peers).toHaveLength(10_000)
    // It takes 0.2 s; the rest is room for a busy machine. Quadratic work would take minutes.
    expect(elapsedMs).toBeLessThan(3000)
  })
})
