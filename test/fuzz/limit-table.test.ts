// The table of limits against what random policies say to every kind of client.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/dialect/detect.ts'
import { memoryReader } from '../../src/dialect/memory-reader.ts'
import { chainOf } from '../../src/policy/chain.ts'
import { keyedLimitsOf, limitsOf } from '../../src/policy/fallback.ts'
import { limitId, limitTable } from '../../src/policy/limit-table.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { probesOf } from '../../src/policy/probes.ts'
import { policyText } from '../kit/policy-text.ts'

/** Every limit that any client may meet, asked one by one. */
function limitsMet(policy: Policy) {
  return policy.listeners.flatMap((listener) =>
    listener.listens.flatMap((listen) => {
      const peers = [...listener.peers, ...listen.peers]
      const addresses = [undefined, ...probesOf(peers.map(({ block }) => block))]
      return addresses.flatMap((address) => {
        const chain = chainOf(policy, listen.id, address)
        return chain === undefined ? [] : [{ at: limitsOf(chain), after: keyedLimitsOf(chain) }]
      })
    }),
  )
}

describe('the table of limits', () => {
  it('has every limit that a client can meet, with its cap and its key', () => {
    fc.assert(
      fc.property(policyText, (text) => {
        const reader = memoryReader(new Map([['/main.conf', text]]))
        const loaded = loadConfiguration({ file: '/main.conf', reader, searchPath: [] }).policy
        if (loaded === undefined) return
        const rows = new Map(limitTable(loaded).map((row) => [row.id, row]))
        for (const { at, after } of limitsMet(loaded)) {
          for (const limit of at.filter(({ origin }) => origin !== undefined)) {
            const row = rows.get(limitId(limit))
            expect([row?.capMax, row?.tier]).toEqual([limit.capMax, limit.tier])
            expect(row?.keys).toContain(limit.key)
          }
          for (const { zone, scope, capMax } of after) {
            expect(rows.get(limitId({ option: 'limit_conn', zone, scope }))?.capMax).toBe(capMax)
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})
