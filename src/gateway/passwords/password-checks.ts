// Checks passwords one after the other, a few at a time: each costs a good part of a second of one
// core and some MiB of memory, and strangers decide how many there are.

import type { PasswordHash } from '../../protocol/users-file/password-hash.ts'
import { isPassword } from './verify.ts'

// The work runs in libuv's four threads, which look up host names and read files as well: half of
// them stay free for that.
const runningMax = 2
// At some 150 ms each this is twenty seconds of waiting: no client waits longer, and more in line
// are an attack.
const waitingMax = 256

export type CheckResult = 'right' | 'wrong' | { readonly problem: string }

/** One password to be checked. */
interface Check {
  readonly hash: PasswordHash
  readonly password: Uint8Array
  readonly onResult: (result: CheckResult) => void
}

type Verify = (hash: PasswordHash, password: Uint8Array) => Promise<boolean>

export class PasswordChecks {
  readonly #verify: Verify
  /** In the order in which they came. */
  readonly #waiting = new Set<Check>()
  #runningCount = 0

  constructor(verify: Verify = isPassword) {
    this.#verify = verify
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Undefined: too many wait already. Else a function that takes it back: no result comes then. */
  check(check: Check): (() => void) | undefined {
    if (this.#waiting.size >= waitingMax) return undefined
    let isWanted = true
    const guarded: Check = {
      ...check,
      onResult: (result) => {
        if (isWanted) check.onResult(result)
      },
    }
    this.#waiting.add(guarded)
    this.#startNext()
    return () => {
      isWanted = false
      this.#waiting.delete(guarded)
    }
  }

  #startNext(): void {
    const [next] = this.#waiting
    if (next === undefined || this.#runningCount >= runningMax) return
    this.#waiting.delete(next)
    this.#runningCount += 1
    void this.#run(next).finally(() => {
      this.#runningCount -= 1
      this.#startNext()
    })
  }

  async #run({ hash, password, onResult }: Check): Promise<void> {
    const result = await this.#verify(hash, password).then(
      (isRight): CheckResult => (isRight ? 'right' : 'wrong'),
      (error: unknown): CheckResult => ({
        problem: error instanceof Error ? error.message : String(error),
      }),
    )
    onResult(result)
  }
}
