// The engine's store over any client that can send commands: scripts go by their digest, and by
// their text where the store does not know them (any more).

import type { ScriptCall, ScriptStore } from '../engine/cluster/script-store.ts'
import type { CommandClient } from './command-client.ts'
import { readScripts } from './script-files.ts'

export class ClientStore implements ScriptStore {
  readonly isSharded: boolean
  readonly #scripts = readScripts()
  readonly #client: CommandClient

  constructor(client: CommandClient, isSharded: boolean) {
    this.#client = client
    this.isSharded = isSharded
  }

  async run({ script, keys, args }: ScriptCall): Promise<unknown> {
    const found = this.#scripts.get(script)
    if (found === undefined) throw new Error(`postern: no script ${script}`)
    const rest = [`${keys.length}`, ...keys, ...args]
    try {
      return await this.#client.send('evalsha', [found.digest, ...rest])
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      // The text teaches it to the server that has just said so.
      if (message.startsWith('NOSCRIPT')) return this.#client.send('eval', [found.text, ...rest])
      throw new Error(this.#client.trouble ?? message, { cause: error })
    }
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}
