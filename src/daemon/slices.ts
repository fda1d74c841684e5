// Long walks in slices: between two of them the event loop turns, so that nobody whose session is
// carried by this thread waits for somebody who looks at it.

import { setImmediate as nextTurn } from 'node:timers/promises'

/** Looking at so many takes some hundred microseconds: less than accepting ten clients. */
const sliceLength = 256

/** Calls `each` for every item, as often as it answers true. */
export async function inSlices<T>(
  items: Iterable<T>,
  each: (item: T) => boolean | void,
): Promise<void> {
  let count = 0
  for (const item of items) {
    if (each(item) === false) return
    count += 1
    if (count % sliceLength === 0) await nextTurn()
  }
}
