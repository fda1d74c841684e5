// The scripts that run in the store: files beside this one, known to the store by their digest.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ScriptName } from '../engine/cluster/script-store.ts'

export interface Script {
  readonly text: string
  /** As SCRIPT LOAD would answer. */
  readonly digest: string
}

const names: readonly ScriptName[] = ['register-2', 'heartbeat-n', 'admit-n', 'leave-2']

/** Reads them all: a file that is missing shows at the start, not at the first refusal. */
export function readScripts(): ReadonlyMap<ScriptName, Script> {
  return new Map(names.map((name) => [name, readScript(name)]))
}

function readScript(name: ScriptName): Script {
  const text = readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8')
  return { text, digest: createHash('sha1').update(text).digest('hex') }
}
