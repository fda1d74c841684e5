// Random choices that can be repeated: every run prints the seed when it fails, and
// POSTERN_TEST_SEED=number runs the same choices again.

import { onTestFailed } from 'vitest'

export interface Random {
  readonly seed: number
  /** From 0 up to, and without, `bound`. */
  below(bound: number): number
  pick<T>(choices: readonly T[]): T
}

/** A generator for one test; says its seed when the test fails. */
export function seededRandom(): Random {
  const given = process.env['POSTERN_TEST_SEED']
  const seed = given === undefined ? Math.trunc(Math.random() * 0x1_0000_0000) : Number(given)
  onTestFailed(() => {
    process.stderr.write(`random choices of this test: POSTERN_TEST_SEED=${seed}\n`)
  })
  return makeRandom(seed)
}

/** mulberry32: small, and good enough to choose who closes when. */
function makeRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    seed,
    below,
    pick: (choices) => {
      const choice = choices[below(choices.length)]
      if (choice === undefined) throw new Error('nothing to pick from')
      return choice
    },
  }
}
