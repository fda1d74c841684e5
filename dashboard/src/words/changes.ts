// A difference between two policies, in words: the gate gives values as JSON.

import type { Change } from '../wire/shapes.ts'

export interface ToldChange {
  /** What it is about. */
  readonly title: string
  readonly before?: string
  readonly after?: string
}

export function tellChange({ kind, what, name, scope, before, after }: Change): ToldChange {
  const told = {
    ...(before === undefined ? {} : { before: tellValue(before) }),
    ...(after === undefined ? {} : { after: tellValue(after) }),
  }
  // An id of a limit begins with its option; the scope says the rest better.
  if (kind === 'limit') {
    return { title: `${optionOf(name)} of ${scope ?? 'the policy'} ${what}`, ...told }
  }
  const where = scope === undefined ? '' : ` of ${scope}`
  return {
    title: `${kind === 'option' ? '' : `${kind} `}${wordsOf(name)}${where} ${what}`,
    ...told,
  }
}

function optionOf(id: string): string {
  return /^[a-z_]+/.exec(id)?.[0] ?? id
}

/** `relayMs: 600` for an object; what is no JSON is said as it is. */
function tellValue(text: string): string {
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return typeof value === 'string' ? value : text
  }
  return Object.entries(value)
    .filter(([, one]) => one !== false)
    .map(([name, one]) => tellField(name, one))
    .join(', ')
}

function tellField(name: string, value: unknown): string {
  if (name === 'capMax') return value === 0 ? 'no cap' : `cap ${String(value)}`
  const said = typeof value === 'string' ? value : JSON.stringify(value)
  return value === true ? wordsOf(name) : `${wordsOf(name)} ${said}`
}

/** `isDryRun`: dry run; `idleTime`: idle time. Names of Listens and zones are no such words. */
function wordsOf(name: string): string {
  if (!/^[a-z]+([A-Z][a-z]*)*$/.test(name)) return name
  return name
    .replace(/^is(?=[A-Z])/, '')
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
