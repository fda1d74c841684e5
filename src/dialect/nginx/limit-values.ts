// Readers of limit_conn_zone and limit_conn, in nginx's order of checks (freenginx 1.2).

import { parseNetPrefixes } from '../../policy/key.ts'
import type { NetPrefixes } from '../../policy/key.ts'
import type { LimitConn, LimitLogLevel } from '../../policy/options.ts'
import type { Problem, ValueResult, ValueType, ZoneValue } from './directive-spec.ts'
import type { Directive, Word } from './syntax.ts'
import { countSyntax, readCount } from './cluster-values.ts'
import { parseNumber, parseSize } from './units.ts'
import { didYouMean } from './values.ts'

/** Eight pages of 4 KiB: nginx's smallest zone. */
const minZoneBytes = 32_768

/** nginx counts in 16 bits. */
const maxConnections = 65_535

/** Variables a key is made of: nginx's two, and Postern's. */
const keyVariables = [
  '$remote_user',
  '$remote_addr',
  '$remote_net',
  '$remote_domain',
  '$service',
  '$listener',
  '$pathway',
] as const

const headerPrefix = '$auth_http_'

/** `KEY zone=NAME:SIZE [case=fold] [net=IPV4/IPV6]`, and whether it counts over all nodes. */
export const limitZone: ValueType = {
  syntax: `key zone=name:size [case=fold] [net=ipv4/ipv6] ${countSyntax}`,
  example: '$remote_user zone=users:10m',
  read(directive, { zones }) {
    const [key, zone, ...rest] = directive.args
    if (key === undefined || zone === undefined) return wrongCount(directive)
    const extra = readExtra(directive, rest)
    if ('problem' in extra) return extra
    const keyProblem = checkKey(key)
    if (keyProblem !== undefined) return { problem: keyProblem }
    const parsed = parseZone(zone)
    if ('code' in parsed) return { problem: parsed }
    if (parsed.name === '') {
      const message = `"${directive.name.text}" must have "zone" parameter`
      return { problem: { code: 'nginx.zone_name_missing', message, word: zone } }
    }
    const claim = { use: 'limit_conn', span: zone.span, sizeBytes: parsed.sizeBytes } as const
    const conflict = zones.add(parsed.name, claim)
    if (conflict !== undefined) return { problem: { ...conflict, word: zone } }
    const bound = zones.bind(parsed.name, key.text)
    if (bound !== undefined) {
      const message = `${directive.name.text} "${parsed.name}" is already bound to key "${bound}"`
      return { problem: { code: 'nginx.zone_bound', message, word: zone } }
    }
    const value: ZoneValue = { ...parsed, key: key.text, ...extra }
    return { value: { kind: 'zone', zone: value }, warnings: keyWarnings(key) }
  },
}

function wrongCount({ name }: Directive): { readonly problem: Problem } {
  const message = `invalid number of arguments in "${name.text}" directive`
  return { problem: { code: 'nginx.argument_count', message } }
}

/** A key is one variable, or several with one blank between each two. */
function checkKey(key: Word): Problem | undefined {
  const isKey = key.text
    .split(' ')
    .every((part) => keyVariables.some((known) => known === part) || part.startsWith(headerPrefix))
  if (isKey) return undefined
  const names = [...keyVariables, `${headerPrefix}NAME`]
  const hint = didYouMean(key.text, keyVariables) ?? `a key is made of ${names.join(', ')}`
  const message = `invalid parameter "${key.text}"`
  return { code: 'nginx.bad_value', message, word: key, hint }
}

/** nginx takes any name; only lower-case letters, digits and underscores can ever match. */
function keyWarnings(key: Word): readonly Problem[] {
  return key.text
    .split(' ')
    .filter((part) => part.startsWith(headerPrefix) && !/^\$auth_http_[a-z0-9_]+$/.test(part))
    .map((part) => ({
      code: 'nginx.key_never_matches',
      message: `no header has the name in "${part}", so nothing is counted under it`,
      word: key,
      hint: 'write the name of the header in lower case, with "_" for "-"',
    }))
}

/** `zone=NAME:SIZE`; the first colon ends the name. */
function parseZone(word: Word): { readonly name: string; readonly sizeBytes: number } | Problem {
  if (!word.text.startsWith('zone=')) {
    const message = `invalid parameter "${word.text}"`
    return { code: 'nginx.bad_value', message, word, hint: 'write zone=name:size' }
  }
  const colon = word.text.indexOf(':')
  const sizeBytes = colon === -1 ? undefined : parseSize(word.text.slice(colon + 1))
  if (sizeBytes === undefined) {
    const message = `invalid zone size "${word.text}"`
    const hint = 'write zone=name:size, with a size as in 32k or 10m'
    return { code: 'nginx.zone_size', message, word, hint }
  }
  if (sizeBytes < minZoneBytes) {
    const message = `zone "${word.text}" is too small`
    return { code: 'nginx.zone_too_small', message, word, hint: 'the smallest zone is 32k' }
  }
  return { name: word.text.slice('zone='.length, colon), sizeBytes }
}

function readExtra(
  directive: Directive,
  words: readonly Word[],
): Pick<ZoneValue, 'isCaseFolded' | 'net' | 'cluster'> | { readonly problem: Problem } {
  let net: NetPrefixes | undefined
  const at = words.findIndex(({ text }) => text === 'cluster')
  const own = at === -1 ? words : words.slice(0, at)
  for (const word of own) {
    if (word.text === 'case=fold') continue
    if (word.text.startsWith('net=')) {
      net = parseNetPrefixes(word.text.slice('net='.length))
      if (net !== undefined) continue
      const message = `invalid parameter "${word.text}"`
      const hint = 'write the prefix lengths of IPv4 and IPv6, as in net=24/64'
      return { problem: { code: 'nginx.bad_value', message, word, hint } }
    }
    // nginx takes exactly two arguments, and says so.
    return wrongCount(directive)
  }
  const cluster = readCount(words.slice(own.length))
  if (cluster !== undefined && 'code' in cluster) return { problem: cluster }
  const isCaseFolded = own.some(({ text }) => text === 'case=fold')
  return {
    isCaseFolded,
    ...(net === undefined ? {} : { net }),
    ...(cluster === undefined ? {} : { cluster }),
  }
}

/** `ZONE NUMBER`, and Postern's own parameters for this limit alone; the zone may be declared later in the text. */
export const limit: ValueType = {
  syntax: 'zone number [dry_run=on|off] [log_level=level]',
  example: 'users 10',
  read(directive, { zones, limitedZones }): ValueResult {
    const [zone, count, ...rest] = directive.args
    if (zone === undefined || count === undefined) return wrongCount(directive)
    const extra = readLimitExtra(rest)
    if ('code' in extra) return { problem: extra }
    const conflict = zones.add(zone.text, { use: 'limit_conn', span: zone.span })
    if (conflict !== undefined) return { problem: { ...conflict, word: zone } }
    if (limitedZones.has(zone.text)) {
      const message = `"${directive.name.text}" directive is duplicate`
      return { problem: { code: 'nginx.duplicate', message, word: zone } }
    }
    const capMax = parseNumber(count.text)
    if (capMax === undefined || capMax === 0) {
      const message = `invalid number of connections "${count.text}"`
      return { problem: { code: 'nginx.limit_number', message, word: count } }
    }
    if (capMax > maxConnections) {
      const message = 'connection limit must be less 65536'
      return { problem: { code: 'nginx.limit_number', message, word: count } }
    }
    limitedZones.add(zone.text)
    return { value: { kind: 'limit', zone: zone.text, capMax, ...extra } }
  },
}

type LimitExtra = Pick<LimitConn, 'isDryRun' | 'logLevel'>

function readLimitExtra(words: readonly Word[]): LimitExtra | Problem {
  let extra: LimitExtra = {}
  for (const word of words) {
    const [name, value = ''] = word.text.split('=', 2)
    const logLevel = limitLevels.find((level) => level === value)
    if (name === 'dry_run' && (value === 'on' || value === 'off')) {
      extra = { ...extra, isDryRun: value === 'on' }
    } else if (name === 'log_level' && logLevel !== undefined) extra = { ...extra, logLevel }
    else {
      const message = `invalid parameter "${word.text}"`
      const hint = `write dry_run=on or off, or log_level= and one of ${limitLevels.join(', ')}`
      return { code: 'nginx.bad_value', message, word, hint }
    }
  }
  return extra
}

const limitLevels: readonly LimitLogLevel[] = ['info', 'notice', 'warn', 'error']
