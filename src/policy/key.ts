// What a zone counts by: parses the key of limit_conn_zone into an expression, as plain data.

import type { Diagnostic, Sourced, Span } from '../base/diagnostic.ts'
import { parseDecimal } from '../base/address.ts'
import { suggest } from '../base/suggest.ts'

/** Variables without a name of their own; a session has one value for each, perhaps an empty one. */
const plainVariables = [
  'remote_addr',
  'remote_user',
  'remote_net',
  'remote_domain',
  'service',
  'listener',
  'pathway',
] as const

export type PlainVariable = (typeof plainVariables)[number]

export type KeyVariable =
  | { readonly kind: PlainVariable }
  /** A header of the auth server, its name in lower case and with `_` for `-`. */
  | { readonly kind: 'auth_http'; readonly name: string }

/** How much of an address `$remote_net` keeps. */
export interface NetPrefixes {
  readonly ipv4PrefixLength: number
  readonly ipv6PrefixLength: number
}

/** One key: the values of all variables together. Behaviour is in the engine. */
export interface KeyExpression extends NetPrefixes {
  readonly kind: 'key'
  /** As an operator would write it: `$remote_user $remote_net`. */
  readonly text: string
  readonly variables: readonly KeyVariable[]
  /** `case=fold`: upper and lower case are one (SEMANTICS S15). */
  readonly foldsCase: boolean
}

/** What a zone says about its key beside the key itself. */
export interface KeyOptions extends Partial<NetPrefixes> {
  readonly foldsCase?: boolean
}

/** Without `key` the diagnostics hold an error. */
export interface ParsedKey {
  readonly key?: KeyExpression
  readonly diagnostics: readonly Diagnostic[]
}

/** Diagnostics of this file: code and what it means, for docs/errors.md. */
export const keyCodes = {
  'policy.bad_key': 'The key of a zone is not made of variables that a mail session has.',
  'policy.key_never_matches':
    'A `$auth_http_` variable is spelled so that no header can match it; it counts nothing.',
} as const

type KeyCode = keyof typeof keyCodes

/**
 * IPv4: the smallest block that is routed on its own, so one site or one access provider's pool.
 * IPv6: what one household or host gets at least; its owner picks addresses in it at will, so a
 * longer prefix would let him have as many keys as he likes.
 */
export const defaultNetPrefixes: NetPrefixes = { ipv4PrefixLength: 24, ipv6PrefixLength: 64 }

/** There are seven plain variables; one more leaves room for a header beside all of them. */
const variableMaxCount = 8

const headerPrefix = '$auth_http_'
// A header's name begins with a letter or digit and has `-` elsewhere (freenginx auth_http).
const headerNamePattern = /^[a-z0-9][a-z0-9_]*$/
// What an operator may bring from the http limits of nginx.
const elsewhere: Readonly<Record<string, string>> = {
  $binary_remote_addr: '$remote_addr',
  $proxy_protocol_addr: '$remote_addr',
  $server_name: '$listener',
  $protocol: '$service',
}

/**
 * Parses one variable, or several between spaces: then the sessions are counted that agree in all
 * of them. Text between variables is refused, so that no two combinations can read the same.
 *
 * @example
 * parseKey({ value: '$remote_user $remote_net', span }).key?.variables // both
 */
export function parseKey(written: Sourced<string>, options: KeyOptions = {}): ParsedKey {
  const words = wordsOf(written)
  if (words.length === 0 || words.length > variableMaxCount) return { diagnostics: [bad(written)] }
  const variables: KeyVariable[] = []
  const diagnostics: Diagnostic[] = []
  for (const word of words) {
    const variable = variableOf(word.text)
    if (variable === undefined) diagnostics.push(bad(written, word))
    else variables.push(variable)
    if (variable?.kind === 'auth_http' && !headerNamePattern.test(variable.name)) {
      diagnostics.push(neverMatches(word))
    }
  }
  if (variables.length < words.length) return { diagnostics }
  const { foldsCase = false, ipv4PrefixLength, ipv6PrefixLength } = options
  const key: KeyExpression = {
    kind: 'key',
    text: words.map((word) => word.text).join(' '),
    variables,
    foldsCase,
    ipv4PrefixLength: ipv4PrefixLength ?? defaultNetPrefixes.ipv4PrefixLength,
    ipv6PrefixLength: ipv6PrefixLength ?? defaultNetPrefixes.ipv6PrefixLength,
  }
  return { key, diagnostics }
}

/**
 * Parses the two prefix lengths of `$remote_net`, IPv4 first. 0 is refused: all clients would be
 * one network, which is what `$service` counts.
 *
 * @example
 * parseNetPrefixes('20/56') // { ipv4PrefixLength: 20, ipv6PrefixLength: 56 }
 */
export function parseNetPrefixes(text: string): NetPrefixes | undefined {
  const [ipv4, ipv6, ...more] = text.split('/')
  if (ipv4 === undefined || ipv6 === undefined || more.length > 0) return undefined
  const ipv4PrefixLength = parseDecimal(ipv4, 32)
  const ipv6PrefixLength = parseDecimal(ipv6, 128)
  if (ipv4PrefixLength === undefined || ipv6PrefixLength === undefined) return undefined
  if (ipv4PrefixLength === 0 || ipv6PrefixLength === 0) return undefined
  return { ipv4PrefixLength, ipv6PrefixLength }
}

interface Word {
  readonly text: string
  readonly span: Span
}

function wordsOf({ value, span }: Sourced<string>): Word[] {
  return [...value.matchAll(/[^ ]+/g)].map((match) => ({
    text: match[0],
    span: narrow({ value, span }, match.index, match[0].length),
  }))
}

/** Points at a part of a value; at all of it when escapes make the columns uncertain. */
function narrow({ value, span }: Sourced<string>, at: number, length: number): Span {
  const { endColumn, column } = span
  if (endColumn === undefined) return span
  const quoteLength = (endColumn - column - value.length) / 2
  if (quoteLength !== 0 && quoteLength !== 1) return span
  const start = column + quoteLength + at
  return { ...span, column: start, endColumn: start + length }
}

function variableOf(text: string): KeyVariable | undefined {
  if (text.startsWith(headerPrefix)) {
    return { kind: 'auth_http', name: text.slice(headerPrefix.length) }
  }
  const kind = plainVariables.find((name) => text === `$${name}`)
  return kind === undefined ? undefined : { kind }
}

/** nginx's text, which quotes the whole argument. */
function bad(written: Sourced<string>, word?: Word): Diagnostic {
  return finding('error', 'policy.bad_key', {
    message: `invalid parameter "${written.value}"`,
    span: word?.span ?? written.span,
    hint: hintFor(word?.text),
  })
}

function hintFor(text: string | undefined): string {
  const names = [...plainVariables.map((name) => `$${name}`), `${headerPrefix}NAME`]
  const known = `a key is one of ${names.join(', ')}, or up to ${variableMaxCount} of them with spaces between`
  if (text === undefined) return known
  const bare = text.replace(/^\$\{(.*)\}$/, '$$$1')
  const meant = elsewhere[bare] ?? suggest(bare, names.slice(0, -1))
  return meant === undefined ? known : `did you mean "${meant}"?`
}

function neverMatches({ text, span }: Word): Diagnostic {
  const folded = text.toLowerCase().replaceAll('-', '_')
  const isCurable = headerNamePattern.test(folded.slice(headerPrefix.length))
  return finding('warning', 'policy.key_never_matches', {
    message: `no header can match "${text}", so this key counts nothing`,
    span,
    hint: isCurable
      ? `did you mean "${folded}"?`
      : 'write the name of a header in lower case, with "_" for "-": $auth_http_x_key',
  })
}

function finding(
  severity: Diagnostic['severity'],
  code: KeyCode,
  rest: Required<Pick<Diagnostic, 'message' | 'span' | 'hint'>>,
): Diagnostic {
  return { severity, code, ...rest }
}
