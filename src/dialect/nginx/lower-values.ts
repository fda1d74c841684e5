// From one directive to the value of one option: the directives that mean just that.

import type { Sourced } from '../../base/diagnostic.ts'
import { lingeringTimeMaxMs, lingeringTimeoutMaxMs } from '../../policy/defaults.ts'
import type { ClusterCount } from '../../policy/cluster.ts'
import type {
  AuthHttpHeader,
  CapValue,
  DurationValue,
  LimitConn,
  LimitLogLevel,
  LingerValue,
  LoginMethod,
  OptionName,
  OptionValues,
} from '../../policy/options.ts'
import type { CheckedDirective } from './checked.ts'
import { put, spanOf } from './draft.ts'
import type { Lowering, OptionsDraft } from './draft.ts'
import type { BlockView } from './block-view.ts'

/** The options whose values are exactly of this type. */
type OptionOf<T> = {
  [K in OptionName]: [OptionValues[K], T] extends [T, OptionValues[K]] ? K : never
}[OptionName]

/** Where values are read from and put to. */
export interface Place {
  readonly view: BlockView
  readonly draft: OptionsDraft
  readonly lowering: Lowering
}

export function lowerFlag(place: Place, name: string, option: OptionOf<boolean>): void {
  const found = place.view.last(name)
  if (found?.value.kind === 'flag') put(place.draft, option, found.value.isOn, spanOf(found))
}

export function lowerNumber(place: Place, name: string, option: OptionOf<number>): void {
  const found = place.view.last(name)
  if (found === undefined) return
  const { value } = found
  if (value.kind === 'number') put(place.draft, option, value.number, spanOf(found))
  else if (value.kind === 'size') put(place.draft, option, value.sizeBytes, spanOf(found))
}

export function lowerCap(place: Place, name: string, option: OptionOf<CapValue>): void {
  const found = place.view.last(name)
  if (found?.value.kind !== 'cap') return
  const { capMax } = found.value
  put(place.draft, option, capMax === undefined ? {} : { capMax }, spanOf(found))
}

/** `cluster` stands in the directive of the cap itself. */
function lowerCount(place: Place, name: string, option: OptionOf<ClusterCount>): void {
  const found = place.view.last(name)
  if (found?.value.kind !== 'cap' || found.value.cluster === undefined) return
  put(place.draft, option, found.value.cluster, spanOf(found))
}

/** A time of 0 ends every session at once in nginx; nobody who writes it means that. */
export function durationOf(place: Place, name: string): Sourced<DurationValue> | undefined {
  const found = place.view.last(name)
  if (found?.value.kind !== 'duration') return undefined
  const span = spanOf(found)
  const { ms } = found.value
  if (ms > 0) return { value: { ms }, span }
  place.lowering.report.warn({
    code: 'nginx.zero_time',
    message: `"${name} 0" means no limit of time in Postern`,
    span,
    hint: 'nginx would end every session at once',
  })
  return { value: {}, span }
}

export function lowerDuration(place: Place, name: string, option: OptionOf<DurationValue>): void {
  const found = durationOf(place, name)
  if (found !== undefined) put(place.draft, option, found.value, found.span)
}

/** How long a client may linger: 0 is at once, in nginx too, and S2's bounds are the most. */
export function lowerLinger(place: Place): void {
  lowerFlag(place, 'lingering_close', 'lingeringClose')
  lowerWait(place, 'lingering_time', { option: 'lingeringTime', maxMs: lingeringTimeMaxMs })
  lowerWait(place, 'lingering_timeout', {
    option: 'lingeringTimeout',
    maxMs: lingeringTimeoutMaxMs,
  })
}

function lowerWait(
  { view, draft, lowering }: Place,
  name: string,
  { option, maxMs }: { readonly option: OptionOf<LingerValue>; readonly maxMs: number },
): void {
  const found = view.last(name)
  if (found?.value.kind !== 'duration') return
  const span = spanOf(found)
  const waitMs = Math.min(found.value.ms, maxMs)
  put(draft, option, { waitMs }, span)
  if (waitMs === found.value.ms) return
  lowering.report.warn({
    code: 'nginx.capped',
    message: `"${name}" is ${maxMs / 1000}s in Postern: a client holds its slot while it lingers`,
    span,
    hint: `write ${maxMs / 1000}s or less`,
  })
}

/** No delay is no delay, in nginx too. */
export function lowerGreetingDelay(place: Place): void {
  const found = place.view.last('smtp_greeting_delay')
  if (found?.value.kind !== 'duration') return
  const { ms } = found.value
  put(place.draft, 'smtpGreetingDelay', ms === 0 ? {} : { ms }, spanOf(found))
}

export function lowerText(place: Place, name: string, option: OptionOf<string>): void {
  const found = place.view.last(name)
  if (found?.value.kind === 'text') put(place.draft, option, found.value.text, spanOf(found))
}

/** Words of repeated directives add up, each once. */
function wordsOf(found: readonly CheckedDirective[]): readonly string[] {
  const words = found.flatMap(({ value }) => {
    if (value.kind === 'texts') return value.texts
    return value.kind === 'set' ? value.choices : []
  })
  return [...new Set(words)]
}

export function lowerTexts(
  place: Place,
  name: string,
  option: 'imapCapabilities' | 'pop3Capabilities' | 'smtpCapabilities',
): void {
  const found = place.view.all(name)
  const [first] = found
  if (first !== undefined) put(place.draft, option, wordsOf(found), spanOf(first))
}

const methods: readonly LoginMethod[] = [
  'plain',
  'login',
  'apop',
  'cram-md5',
  'external',
  'xoauth2',
  'oauthbearer',
  'none',
]

export function lowerMethods(
  place: Place,
  name: string,
  option: 'imapAuth' | 'pop3Auth' | 'smtpAuth',
): void {
  const found = place.view.all(name)
  const [first] = found
  if (first === undefined) return
  const words = wordsOf(found)
  put(
    place.draft,
    option,
    methods.filter((method) => words.includes(method)),
    spanOf(first),
  )
}

export function lowerHeaders(place: Place): void {
  const found = place.view.all('auth_http_header')
  const [first] = found
  if (first === undefined) return
  const headers = found.map(({ args }): AuthHttpHeader => {
    const [name, value] = args
    return { name: name?.text ?? '', value: value?.text ?? '' }
  })
  put(place.draft, 'authHttpHeaders', headers, spanOf(first))
}

/** The list as a whole; dry run and log level are inherited each on its own. */
export function lowerLimits(place: Place): void {
  const found = place.view.all('limit_conn')
  const [first] = found
  if (first !== undefined) put(place.draft, 'limitConns', found.flatMap(limitOf), spanOf(first))
  const level = place.view.last('limit_conn_log_level')
  if (level?.value.kind === 'choice') {
    const { choice } = level.value
    const known = limitLevels.find((name) => name === choice)
    if (known !== undefined) put(place.draft, 'limitConnLogLevel', known, spanOf(level))
  }
  lowerFlag(place, 'limit_conn_dry_run', 'limitConnDryRun')
}

const limitLevels: readonly LimitLogLevel[] = ['info', 'notice', 'warn', 'error']

function limitOf(directive: CheckedDirective): LimitConn[] {
  const { value } = directive
  if (value.kind !== 'limit') return []
  const { kind: _kind, ...limit } = value
  return [{ ...limit, span: spanOf(directive) }]
}

/** What is sent to an upstream: nothing, or a header of version 1 or 2. */
export function lowerProxyProtocol(place: Place): void {
  const found = place.view.last('proxy_protocol')
  if (found === undefined) return
  const { value } = found
  if (value.kind === 'flag') {
    put(place.draft, 'upstreamProxyProtocol', value.isOn ? 'v1' : 'off', spanOf(found))
  } else if (value.kind === 'choice') {
    put(place.draft, 'upstreamProxyProtocol', 'v2', spanOf(found))
  }
}

/** Each server has the whole of it: nothing of an outer resolver is left beside an inner one. */
export function lowerResolver(place: Place): void {
  const found = place.view.last('resolver')
  if (found?.value.kind !== 'resolver') return
  const { servers, isIpv4, isIpv6, validMs } = found.value
  const span = spanOf(found)
  put(place.draft, 'resolver', servers, span)
  if (!isIpv4) put(place.draft, 'resolverIpv4', false, span)
  if (!isIpv6) put(place.draft, 'resolverIpv6', false, span)
  if (validMs !== undefined) put(place.draft, 'resolverValid', { ms: validMs }, span)
  lowerDuration(place, 'resolver_timeout', 'resolverTimeout')
}

/** How fast a client is sent to; 0 is no limit. */
export function lowerRate(place: Place): void {
  const found = place.view.last('limit_rate')
  if (found?.value.kind === 'size') {
    const bytesPerSecond = found.value.sizeBytes
    const value = bytesPerSecond === 0 ? {} : { bytesPerSecond }
    put(place.draft, 'limitRate', value, spanOf(found))
  }
  lowerNumber(place, 'limit_rate_after', 'limitRateAfter')
}

/** The caps of the connect stage, and whether they are tried dry. */
export function lowerCaps(place: Place): void {
  lowerCap(place, 'service_sessions', 'serviceSessions')
  lowerCount(place, 'service_sessions', 'serviceSessionsCluster')
  lowerCap(place, 'listener_sessions', 'listenerSessions')
  lowerCount(place, 'listener_sessions', 'listenerSessionsCluster')
  lowerFlag(place, 'service_sessions_dry_run', 'serviceSessionsDryRun')
  lowerFlag(place, 'listener_sessions_dry_run', 'listenerSessionsDryRun')
}
