// The directives that Postern adds for a session, each of which is one option of the policy.

import type { Span } from '../../base/diagnostic.ts'
import type { XclientMode } from '../../policy/options.ts'
import type { CheckedDirective } from './checked.ts'
import { put, spanOf } from './draft.ts'
import type { ServerMode } from './draft.ts'
import { lowerCap, lowerFlag, lowerText } from './lower-values.ts'
import type { Place } from './lower-values.ts'

/** After what nginx's own directives say: these are more exact. */
export function lowerGate(place: Place): void {
  lowerTime(place, 'idle_time', 'idle')
  lowerTime(place, 'proxy_protocol_timeout', 'proxyProtocolTimeout')
  lowerFlag(place, 'tcp_nodelay', 'disableNagle')
  lowerContext(place)
}

/** What is on by default where the upstream is known to expect it has no place to stand in. */
export function lowerXclient({ view, draft }: Place, implied: Span): void {
  const found = view.last('xclient')
  const span = found === undefined ? implied : spanOf(found)
  put(draft, 'upstreamXclient', xclientOf(found), span)
}

function xclientOf(found: CheckedDirective | undefined): XclientMode {
  if (found?.value.kind === 'flag' && !found.value.isOn) return 'no'
  const choice = found?.value.kind === 'choice' ? found.value.choice : 'ifavailable'
  return choice === 'required' || choice === 'always' ? choice : 'ifavailable'
}

/** After a login nobody counts messages or watches commands any more. */
export function lowerSmtpGate(place: Place, mode: ServerMode): void {
  lowerText(place, 'smtp_banner_hostname', 'bannerHostname')
  lowerText(place, 'smtp_static_banner', 'staticBanner')
  const extensions = place.view.last('smtp_extensions')
  if (extensions?.value.kind === 'texts') {
    put(place.draft, 'smtpExtensions', extensions.value.texts, spanOf(extensions))
  }
  if (mode !== 'relay') return
  lowerCap(place, 'smtp_max_receptions', 'maxReceptions')
  lowerText(place, 'reconfig_message', 'reconfigMessage')
  const injection = place.view.last('smtp_starttls_injection')
  if (injection?.value.kind !== 'choice') return
  const { choice } = injection.value
  if (choice === 'reject' || choice === 'ignore' || choice === 'allow') {
    put(place.draft, 'starttlsInjection', choice, spanOf(injection))
  }
}

/** 0 is never, and says so: these are Momentum's. */
export function lowerTime(
  place: Place,
  name: string,
  option: 'idle' | 'ecstreamIdle' | 'proxyProtocolTimeout',
): void {
  const found = place.view.last(name)
  if (found?.value.kind !== 'duration') return
  const { ms } = found.value
  put(place.draft, option, ms === 0 ? {} : { ms }, spanOf(found))
}

function lowerContext(place: Place): void {
  const found = place.view.all('context')
  const [first] = found
  if (first === undefined) return
  const entries = found.map(({ args }) => args.map((word) => word.text))
  const context = Object.fromEntries(entries.map(([name = '', value = '']) => [name, value]))
  put(place.draft, 'context', context, spanOf(first))
}
