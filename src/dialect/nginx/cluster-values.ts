// Readers of `cluster` and of the words with which a limit counts over all nodes.

import type { Sourced } from '../../base/diagnostic.ts'
import {
  blockMax,
  clusterNameHint,
  databaseMax,
  isClusterName,
  isVariableName,
  leaseMaxMs,
  leaseMinMs,
  parseShare,
  whenAwayModes,
} from '../../policy/cluster.ts'
import type { ClusterCount, ClusterOptions, StoreAddress } from '../../policy/cluster.ts'
import { parseStoreUrl } from '../../policy/store-url.ts'
import type { Problem, ValueResult, ValueType } from './directive-spec.ts'
import type { Word } from './syntax.ts'
import { parseMilliseconds, parseNumber } from './units.ts'
import { didYouMean } from './values.ts'

type Parts = Omit<ClusterOptions, 'servers' | 'span'>
type Part = Partial<Parts> | Problem

/** What one parameter means: `text` is what stands behind its `=`. */
type Reader = (text: string, word: Word) => Part

function bad(word: Word, hint: string): Problem {
  return { code: 'nginx.bad_value', message: `invalid parameter "${word.text}"`, word, hint }
}

function sourced<T>(value: T, word: Word): Sourced<T> {
  return { value, span: word.span }
}

/** A parameter whose text is read, or is not what it should be. */
function parameter<K extends keyof Parts>(
  key: K,
  parse: (text: string) => NonNullable<Parts[K]>['value'] | undefined,
  hint: string,
): Reader {
  return (text, word) => {
    const value = parse(text)
    // One property, of the type that its name has.
    return value === undefined ? bad(word, hint) : { [key]: sourced(value, word) }
  }
}

const name = (text: string): string | undefined => (isClusterName(text) ? text : undefined)
const word = (text: string): string | undefined =>
  /^[^\u0000-\u001f\u007f]{1,4096}$/.test(text) ? text : undefined
const onOff = (text: string): boolean | undefined =>
  text === 'on' ? true : text === 'off' ? false : undefined

const shareHint = 'write the part of each cap that this node may fill, as in share=1/3'
const whenAwayHint = `write when_away= and one of ${whenAwayModes.join(', ')}`
const onOffHint = 'write on or off'
const textHint = 'a text must stand behind the "="'
const variableHint = 'write the name of an environment variable, without "$"'

/** What is no name may be the secret itself, so it is not said again. */
function variable(key: 'password' | 'sentinelPassword'): Reader {
  return (text, written) => {
    if (isVariableName(text)) {
      const place = { kind: 'environment', name: text } as const
      return key === 'password'
        ? { password: sourced(place, written) }
        : { sentinelPassword: sourced(place, written) }
    }
    const message = `"${written.text.slice(0, written.text.indexOf('='))}" takes a name`
    return { code: 'nginx.bad_value', message, word: written, hint: variableHint }
  }
}

const file = (text: string) =>
  word(text) === undefined ? undefined : ({ kind: 'file', path: text } as const)

const parameters: ReadonlyMap<string, Reader> = new Map([
  ['node', parameter('node', name, clusterNameHint)],
  ['lease', readLease],
  ['when_away', parameter('whenAway', whenAwayOf, whenAwayHint)],
  ['share', parameter('share', parseShare, shareHint)],
  ['name', parameter('name', name, clusterNameHint)],
  ['sentinel', parameter('sentinel', word, textHint)],
  ['redis_cluster', parameter('isRedisCluster', onOff, onOffHint)],
  ['database', parameter('database', databaseOf, `write 0 to ${databaseMax}`)],
  ['user', parameter('user', word, textHint)],
  ['password_file', parameter('password', file, textHint)],
  ['password_env', variable('password')],
  ['sentinel_user', parameter('sentinelUser', word, textHint)],
  ['sentinel_password_file', parameter('sentinelPassword', file, textHint)],
  ['sentinel_password_env', variable('sentinelPassword')],
  ['ssl_trusted_certificate', parameter('tlsCa', word, textHint)],
  ['ssl_certificate', parameter('tlsCertificate', word, textHint)],
  ['ssl_certificate_key', parameter('tlsKey', word, textHint)],
  ['ssl_name', parameter('tlsName', word, textHint)],
  ['ssl_verify', parameter('tlsVerify', onOff, onOffHint)],
])

/** Parameters that would bring a secret into the configuration, and into whatever shows it. */
const secrets: readonly string[] = ['password', 'pass', 'auth', 'sentinel_password', 'requirepass']

function whenAwayOf(text: string): (typeof whenAwayModes)[number] | undefined {
  return whenAwayModes.find((known) => known === text)
}

function databaseOf(text: string): number | undefined {
  const value = parseNumber(text)
  return value !== undefined && value <= databaseMax ? value : undefined
}

function readLease(text: string, written: Word): Part {
  const leaseMs = parseMilliseconds(text)
  if (leaseMs === undefined) return bad(written, 'write a time, as in lease=5s')
  if (leaseMs >= leaseMinMs && leaseMs <= leaseMaxMs) return { leaseMs: sourced(leaseMs, written) }
  const why =
    leaseMs < leaseMinMs
      ? 'with less, one lost packet would stop a node from admitting'
      : 'the slots of a node that died come back when its lease ends'
  return bad(written, `a lease is ${leaseMinMs / 1000}s to ${leaseMaxMs / 60_000}m: ${why}`)
}

/** Where the store is, and how it is used. */
export const cluster: ValueType = {
  syntax:
    'url ... [node=name] [lease=time] [when_away=local|refuse|admit] [share=part/whole] [name=name] ' +
    '[sentinel=name | redis_cluster=on] [database=number] [user=name] [password_file=file | password_env=variable] ' +
    '[sentinel_user=name] [sentinel_password_file=file | sentinel_password_env=variable] ' +
    '[ssl_trusted_certificate=file] [ssl_certificate=file] [ssl_certificate_key=file] [ssl_name=name] [ssl_verify=on|off]',
  example: 'redis://127.0.0.1:6379 node=a lease=5s',
  read(directive): ValueResult {
    const servers: StoreAddress[] = []
    let first: Word | undefined
    let parts: Partial<Parts> = {}
    for (const written of directive.args) {
      const [key = '', ...rest] = written.text.split('=')
      const reader = parameters.get(key)
      if (reader !== undefined && rest.length > 0) {
        const part = reader(rest.join('='), written)
        if ('code' in part) return { problem: part }
        if (isSaid(part, parts)) return { problem: said(written, key) }
        parts = { ...parts, ...part }
        continue
      }
      if (isParameter(written)) return { problem: unknownParameter(written, key) }
      const store = readServer(written)
      if ('code' in store) return { problem: store }
      if (store.database !== undefined) {
        const known = parts.database?.value
        if (known !== undefined && known !== store.database) {
          return { problem: said(written, 'database') }
        }
        parts = { ...parts, database: sourced(store.database, written) }
      }
      first ??= written
      servers.push(store.address)
    }
    if (first === undefined) {
      const message = `no store in "${directive.name.text}" directive`
      const hint = 'name one, as in cluster redis://127.0.0.1:6379'
      return { problem: { code: 'nginx.bad_value', message, hint } }
    }
    return { value: { kind: 'cluster', cluster: { servers: sourced(servers, first), ...parts } } }
  },
}

/** The database may stand in an address as well, if it is the same. */
function isSaid(part: Partial<Parts>, parts: Partial<Parts>): boolean {
  if (part.database !== undefined) {
    return parts.database !== undefined && parts.database.value !== part.database.value
  }
  return Object.keys(part).some((known) => known in parts)
}

function said(written: Word, key: string): Problem {
  const message = `"${key}" is said twice in "cluster" directive`
  return { code: 'nginx.bad_value', message, word: written, hint: 'leave one of them out' }
}

/** A store's address holds a colon or slash before any equals sign. */
function isParameter({ text }: Word): boolean {
  return /^[A-Za-z_-]*(=|$)/.test(text)
}

function unknownParameter(written: Word, key: string): Problem {
  if (secrets.includes(key.toLowerCase())) return noSecret(written)
  const known = [...parameters.keys()]
  const hint = didYouMean(key, known) ?? `the parameters are ${known.join(', ')}`
  const message = `invalid parameter "${key}" in "cluster" directive`
  return { code: 'nginx.bad_value', message, word: written, hint }
}

function readServer(
  written: Word,
): { readonly address: StoreAddress; readonly database?: number } | Problem {
  const result = parseStoreUrl(written.text)
  if ('address' in result) return result
  if (result.kind === 'secret') return noSecret(written)
  const message = `"${written.text}" ${result.problem}`
  return { code: 'nginx.bad_value', message, word: written, hint: result.hint }
}

/** The text itself is not said again: what is read here may end up in a log. */
function noSecret(written: Word): Problem {
  return {
    code: 'nginx.secret_in_text',
    message:
      'a user or password may not stand in the address of a store, nor a password in a parameter',
    word: written,
    hint: 'write user=name, and password_file=file or password_env=variable',
  }
}

export const countSyntax = '[cluster [when_away=local|refuse|admit] [block=number]]'

/** `cluster [when_away=...] [block=...]`, the last words of a limit; no words: undefined. */
export function readCount(words: readonly Word[]): ClusterCount | undefined | Problem {
  const [first, ...rest] = words
  if (first === undefined) return undefined
  if (first.text !== 'cluster') {
    const hint = didYouMean(first.text, ['cluster']) ?? 'only cluster may stand here'
    return bad(first, isCountParameter(first.text) ? 'write cluster before it' : hint)
  }
  let count: ClusterCount = { isCounted: true }
  for (const written of rest) {
    const [key, text = '', ...more] = written.text.split('=')
    const whenAway = whenAwayOf(text)
    const block = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : blockMax + 1
    const known = more.length === 0
    if (known && key === 'when_away' && whenAway !== undefined) count = { ...count, whenAway }
    else if (known && key === 'block' && block <= blockMax) count = { ...count, block }
    else if (key === 'when_away') return bad(written, whenAwayHint)
    else if (key === 'block') return bad(written, `write block= and 1 to ${blockMax}`)
    else return bad(written, didYouMean(key ?? '', countWords) ?? 'it takes when_away= and block=')
  }
  return count
}

const countWords = ['when_away', 'block']

function isCountParameter(text: string): boolean {
  return countWords.some((known) => text.startsWith(`${known}=`))
}
