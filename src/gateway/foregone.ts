// A verdict that was reached before its client had a Socket, on its way to that Socket.

import type { Engine } from '../engine/engine.ts'
import type { FirstVerdict } from '../engine/verdict.ts'

/** Holds one verdict, for the length of one accept. */
export class ForegoneVerdict {
  readonly #engine: Engine
  #verdict: FirstVerdict | undefined

  constructor(engine: Engine) {
    this.#engine = engine
  }

  put(verdict: FirstVerdict): void {
    this.#verdict = verdict
  }

  take(): FirstVerdict | undefined {
    const verdict = this.#verdict
    this.#verdict = undefined
    return verdict
  }

  /** No Socket came for it (Node dropped the connection): its slots go back (SEMANTICS S2). */
  discard(): void {
    const verdict = this.take()
    if (verdict === undefined || verdict.kind === 'refuse') return
    this.#engine.close(verdict.session)
  }
}
