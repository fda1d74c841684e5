// When a session needs a watch, and when it must not pay for one.

import { describe, expect, it } from 'vitest'
import { needsWatch, watchRules, type WatchSettings } from './watch-rules.ts'

const origin = { file: 'a.conf', line: 1, column: 1 }

const asking: readonly [string, WatchSettings][] = [
  ['Banner_Hostname', { bannerHostname: { value: 'mx.example' } }],
  ['Static_Banner', { staticBanner: { value: '220 mx.example' } }],
  ['SMTP_Extensions, even empty', { smtpExtensions: { value: [] } }],
  ['Max_Receptions_Per_Connection', { maxReceptions: { value: { capMax: 1 } } }],
  ['Starttls_Injection_Policy = reject', { starttlsInjection: { value: 'reject', origin } }],
  ['Starttls_Injection_Policy = ignore', { starttlsInjection: { value: 'ignore', origin } }],
  ['Reconfig_Message', { reconfigMessage: { value: '4.3.2 Reconfiguration in progress' } }],
  ['Upstream_XCLIENT = ifavailable', { upstreamXclient: { value: 'ifavailable' } }],
  ['Upstream_XCLIENT = required', { upstreamXclient: { value: 'required' } }],
]

const silent: readonly [string, WatchSettings][] = [
  ['nothing', {}],
  ['Max_Receptions_Per_Connection = 0', { maxReceptions: { value: {} } }],
  ['the default of Starttls_Injection_Policy', { starttlsInjection: { value: 'reject' } }],
  ['Starttls_Injection_Policy = allow', { starttlsInjection: { value: 'allow', origin } }],
  ['Upstream_XCLIENT = no', { upstreamXclient: { value: 'no', origin } }],
]

describe('needsWatch', () => {
  it.each(asking)('is true with %s', (_name, settings) => {
    expect(needsWatch(settings)).toBe(true)
  })

  it.each(silent)('is false with %s', (_name, settings) => {
    expect(needsWatch(settings)).toBe(false)
  })
})

describe('watchRules', () => {
  it('never sends XCLIENT without looking at what is offered', () => {
    expect(watchRules({ upstreamXclient: { value: 'always' } }).xclient).toBe('ifavailable')
  })

  it('rejects injection in a watch made for another reason', () => {
    expect(watchRules({ maxReceptions: { value: { capMax: 1 } } }).starttlsInjection).toBe('reject')
  })

  it('is done after the greeting when only that is to be changed', () => {
    const rules = watchRules({
      staticBanner: { value: '220 x' },
      upstreamXclient: { value: 'required' },
      starttlsInjection: { value: 'reject' },
    })
    expect(rules.outlastsGreeting).toBe(false)
  })

  it('makes one line of a Reconfig_Message, whatever was written', () => {
    const rules = watchRules({ reconfigMessage: { value: '4.3.2 Back\r\n250 soon\n' } })
    expect(rules.reconfigReply?.toString()).toBe('421 4.3.2 Back 250 soon\r\n')
  })
})
