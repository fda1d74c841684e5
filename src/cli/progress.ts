// One line on a terminal that says how far something is; nothing anywhere else.

import type { Terminal } from './terminal.ts'

/** Often enough for eyes. */
const everyMs = 200
const barWidth = 30

export class Progress {
  readonly #terminal: Terminal
  #lastMs = -Infinity
  #isShown = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Shows what `build` answers, unless it did so a moment ago. */
  show(build: () => string): void {
    const nowMs = performance.now()
    if (this.#terminal.isTerminalErr !== true || nowMs - this.#lastMs < everyMs) return
    this.#lastMs = nowMs
    this.#isShown = true
    this.#terminal.err(`\r\u001B[K${build()}`)
  }

  bar(share: number, what: string): void {
    this.show(() => {
      const full = Math.round(share * barWidth)
      const line = `${'#'.repeat(full)}${'.'.repeat(barWidth - full)}`
      return `${what} [${line}] ${String(Math.floor(share * 100)).padStart(3)} %`
    })
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown) this.#terminal.err('\r\u001B[K')
    this.#isShown = false
  }
}
