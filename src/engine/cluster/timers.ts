// Timers, from outside, so that tests can turn time by hand.

export interface Timers {
  /** Answers how to call it off. */
  after(ms: number, run: () => void): () => void
  /** Once what happens in this turn of the event loop has happened. */
  soon(run: () => void): void
}

/** They keep no process alive: that is for whoever has sessions. */
export const systemTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
  soon(run) {
    setImmediate(run)
  },
}
