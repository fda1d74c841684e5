// A verdict that was reached before its client had a Socket, on its way to that Socket.

import type { Engine } from '../engine/engine.ts'
import type { Verdict } from '../engine/verdict.ts'

/** Holds one verdict, for the length of one accept. */
export class ForegoneVerdict {
  readonly #engine: Engine
  #verdict: Verdict | undefined

  constructor(engine: Engine) {
    this.#engine = engine
  }

  put(verdict: Verdict): void {
    this.#verdict = verdict
  }

  take(): Verdict | undefined {
    const verdict = this.#verdict
    this.#verdict = undefined
    return verdict
  }

  /** No Socket came for it (Node dropped the connection): its slots go back (SEMANTICS S2). */
  discard(): void {
    const verdict = this.take()
    if (verdict?.kind === 'admit') this.#engine.close(verdict.session)
  }
}
