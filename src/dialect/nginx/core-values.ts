// Readers of what the core, events and ssl modules have of their own, and of Postern's caps.

import type { Problem, ValueResult, ValueType } from './directive-spec.ts'
import { countSyntax, readCount } from './cluster-values.ts'
import type { Directive, Word } from './syntax.ts'
import { parseNumber, parseSize } from './units.ts'
import { invalid } from './values.ts'

/** Counts are kept in signed 32-bit cells, where a larger cap could never be reached. */
const maxCap = 2_147_483_647

/** Eight pages of 4 KiB: nginx's smallest zone. */
const minCacheBytes = 32_768

function badValue(message: string, word: Word | undefined, hint?: string): ValueResult {
  return { problem: { code: 'nginx.bad_value', message, word, hint } }
}

/** `number | auto` */
export const workerProcesses: ValueType = {
  syntax: 'number | auto',
  example: '1',
  read(directive): ValueResult {
    const text = directive.args[0]?.text ?? ''
    if (text === 'auto') return { value: { kind: 'choice', choice: text } }
    const count = parseNumber(text)
    if (count === undefined) return { problem: invalid(directive, 'value') }
    return { value: { kind: 'number', number: count } }
  },
}

/** The number of sessions of one process. */
export const workerConnections: ValueType = {
  syntax: 'number',
  example: '512',
  read(directive): ValueResult {
    const [word] = directive.args
    const count = parseNumber(word?.text ?? '')
    if (count === undefined) return badValue(`invalid number "${word?.text ?? ''}"`, word)
    return { value: { kind: 'number', number: count } }
  },
}

/** What some build of nginx waits for events with. */
const eventTypes = ['epoll', 'poll', 'select', 'kqueue', 'eventport', '/dev/poll']

/** The way nginx waits for events; Postern checks the name only. */
export const eventType: ValueType = {
  syntax: eventTypes.join(' | '),
  example: 'epoll',
  read(directive): ValueResult {
    const [word] = directive.args
    const choice = eventTypes.find((known) => known === word?.text)
    if (choice !== undefined) return { value: { kind: 'choice', choice } }
    return badValue(`invalid event type "${word?.text ?? ''}"`, word)
  },
}

/** A number, 0 for no limit. */
export const cap: ValueType = { syntax: 'number', example: '20', read: readCap }

/** A number of sessions, 0 for no limit, and whether they are counted over all nodes. */
export const sessionsCap: ValueType = {
  syntax: `number ${countSyntax}`,
  example: '20',
  read(directive): ValueResult {
    const result = readCap(directive)
    if ('problem' in result) return result
    const cluster = readCount(directive.args.slice(1))
    if (cluster === undefined) return result
    if ('code' in cluster) return { problem: cluster }
    return { value: { ...result.value, cluster } }
  },
}

function readCap(
  directive: Directive,
): { readonly value: CapPart } | { readonly problem: Problem } {
  const capMax = parseNumber(directive.args[0]?.text ?? '')
  if (capMax === undefined || capMax > maxCap) {
    const hint = 'write decimal digits; 0 means no limit'
    return { problem: invalid(directive, 'number', hint) }
  }
  return { value: { kind: 'cap', ...(capMax === 0 ? {} : { capMax }) } }
}

interface CapPart {
  readonly kind: 'cap'
  readonly capMax?: number
}

// One for each question that may be asked at once, and then some: a descriptor each.
const keptMax = 1_024

/** A number of connections that are kept, or `off`. */
export const keepalive: ValueType = {
  syntax: 'number | off',
  example: '16',
  read(directive): ValueResult {
    const text = directive.args[0]?.text ?? ''
    if (text === 'off') return { value: { kind: 'cap' } }
    const count = parseNumber(text)
    if (count !== undefined && count >= 1 && count <= keptMax) {
      return { value: { kind: 'cap', capMax: count } }
    }
    return { problem: invalid(directive, 'number', `write 1 to ${keptMax}, or off`) }
  },
}

/** `off | none | builtin[:size] | shared:name:size`, up to two of them. */
export const sessionCache: ValueType = {
  syntax: 'off | none | [builtin[:size]] [shared:name:size]',
  example: 'shared:tls:1m',
  read(directive, { zones }): ValueResult {
    for (const word of directive.args) {
      const cache = readCache(word)
      if ('code' in cache) return { problem: cache }
      if (cache.name === undefined) continue
      const { name, sizeBytes } = cache
      const conflict = zones.add(name, { use: 'ssl', span: word.span, sizeBytes })
      if (conflict !== undefined) return { problem: { ...conflict, word } }
    }
    return { value: { kind: 'texts', texts: directive.args.map((word) => word.text) } }
  },
}

type Cache = { readonly name?: undefined } | { readonly name: string; readonly sizeBytes: number }

function readCache(word: Word): Cache | Problem {
  const { text } = word
  if (/^(off|none|builtin|builtin:[0-9]+)$/.test(text)) return {}
  const [, name, size = ''] = /^shared:([^:]+):(.*)$/s.exec(text) ?? []
  const sizeBytes = parseSize(size)
  if (name === undefined || sizeBytes === undefined) {
    const hint = 'write shared:name:size, with a size as in 1m'
    return { code: 'nginx.bad_value', message: `invalid session cache "${text}"`, word, hint }
  }
  if (sizeBytes >= minCacheBytes) return { name, sizeBytes }
  const message = `session cache "${text}" is too small`
  return { code: 'nginx.zone_too_small', message, word, hint: 'the smallest zone is 32k' }
}
