// What the engine needs from the store in which nodes count together: scripts that run there.

/** Files in src/adapters/scripts; each says what its keys and arguments are. */
export type ScriptName = 'register-2' | 'heartbeat-n' | 'admit-n' | 'leave-2'

export interface ScriptCall {
  readonly script: ScriptName
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

export interface ScriptStore {
  /** Keys that go into one call must carry one hash tag: the store is spread over several servers. */
  readonly isSharded: boolean
  /**
   * Runs a script, in the order of the calls. Rejects when it cannot be run or nobody knows whether
   * it was; never tries again by itself.
   */
  run(call: ScriptCall): Promise<unknown>
  close(): Promise<void>
}
