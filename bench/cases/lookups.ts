// The longest-prefix table with few and with many blocks: runs the micro benchmark as its own
// process, so that nothing else of the run disturbs its compiled code.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export interface LookupRatio {
  readonly family: 4 | 6
  /** Where the looked-up addresses are drawn from: anywhere, or inside the blocks. */
  readonly addresses: string
  /** Time of a lookup among 10,000 blocks over that among 10. */
  readonly ratio: number
}

/** The aim of the issue: 10,000 blocks cost at most half as much again as 10. */
export const lookupRatioMax = 1.5

export function measureLookups(root: string): readonly LookupRatio[] {
  const file = join(root, 'bench', 'micro', 'prefix-table.bench.ts')
  const args = ['--import', 'tsx', file, '--json']
  const done = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 120_000 })
  if (done.status !== 0) throw new Error(`the prefix table benchmark failed: ${done.stderr}`)
  const { ratios } = JSON.parse(done.stdout) as { ratios: LookupRatio[] } // as that script prints it
  return ratios
}
