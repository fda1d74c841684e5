// The limit of open files, reached: the daemon goes on serving, says what it lacks, and recovers.

import { describe, expect, it } from 'vitest'
import type { Client } from '../e2e/kit/client.ts'
import { Gate } from '../e2e/kit/gate.ts'
import { until } from '../e2e/kit/until.ts'

/**
 * Node reads the files of a program side by side when it starts, some hundred at a time. A host with
 * two threads has more descriptors of its own.
 */
const cases = [
  { workers: 1, limit: 256 },
  { workers: 2, limit: 400 },
]

/** Answered in some way: by a banner, a refusal, or a close. */
function isAnswered(client: Client): boolean {
  return client.isGreeted || client.isClosed || client.hasEnded
}

describe('without a free descriptor', () => {
  it.each(cases)(
    'a daemon of $workers keeps what it has, says so once, and recovers',
    async (of) => {
      const { workers, limit } = of
      const gate = await Gate.start({
        config: `Workers = ${workers} E{Listen ":25"{}}`,
        shellPrelude: `ulimit -n ${limit}`,
      })
      const [early] = await gate.play('A@25 ok')
      const crowd = Array.from({ length: 2 * limit }, () => gate.connect('B@25'))
      await gate.logs(/\[crit\] .*no free file descriptors \(24: [^)]+\), connections are dropped/)
      await until('an answer for everyone', () => crowd.every(isAnswered))
      // Those whose upstream could not be reached were told; nobody got anything else.
      for (const client of crowd) expect(client.text).toMatch(/^(220 .*|421 4\.4\.5 .*)?(\r\n)?$/)
      const served = crowd.filter((client) => client.isGreeted)
      expect(served.length).toBeGreaterThan(0)
      // A session takes two descriptors.
      expect(served.length * 2).toBeLessThan(limit)
      expect(await early?.command('NOOP')).toMatch(/^250 /)
      for (const client of crowd) client.reset()
      await gate.holds(1)
      expect(gate.log.match(/no free file descriptors/g)).toHaveLength(1)
      expect(await gate.play('C@25 x5 ok')).toHaveLength(5)
      expect(await early?.command('NOOP')).toMatch(/^250 /)
    },
  )
})
