// Waiting for something to become true, with a bound that is far above what a healthy run needs.

/**
 * A loaded machine may stall a process for seconds. Nothing here measures time, so the bound only
 * keeps a broken run from hanging for ever.
 */
export const patienceMs = 20_000

/** How often a condition is looked at: often enough not to slow a test, rarely enough to be idle. */
const lookEveryMs = 10

/** Resolves after a while. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/** Resolves with the first value that is not undefined or false; rejects when patience ends. */
export async function until<T>(
  what: string | (() => string),
  look: () => T | undefined | false | Promise<T | undefined | false>,
  waitMs: number = patienceMs,
): Promise<T> {
  const endMs = performance.now() + waitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > endMs) throw inVain(what, waitMs)
    await sleep(lookEveryMs)
  }
}

/** Rejects when a promise takes longer than patience allows. */
export async function within<T>(
  what: string | (() => string),
  promise: Promise<T>,
  waitMs: number = patienceMs,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(inVain(what, waitMs)), waitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The description is made at the end, so that it tells what had happened by then. */
function inVain(what: string | (() => string), waitMs: number): Error {
  return new Error(`waited ${waitMs} ms in vain: ${typeof what === 'string' ? what : what()}`)
}
