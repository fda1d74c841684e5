// What holds where a policy sets nothing (momentum option tables; momentum.md section 3).

import type { OptionValues } from './options.ts'

/** Options that always have a value. */
export type DefaultedName =
  | 'idle'
  | 'ecstreamIdle'
  | 'upstreamProxyProtocol'
  | 'upstreamXclient'
  | 'upstreamImapId'
  | 'upstreamTls'
  | 'upstreamTlsVerify'
  | 'upstreamTlsSni'
  | 'proxyProtocol'
  | 'proxyProtocolTimeout'
  | 'useTls'
  | 'tlsVerifyMode'
  | 'tlsAllowRenegotiation'
  | 'enable'
  | 'fileMode'
  | 'listenBacklog'
  | 'disableNagle'
  | 'lingeringClose'
  | 'lingeringTime'
  | 'lingeringTimeout'
  | 'maxReceptions'
  | 'limitRate'
  | 'limitRateAfter'

/** More threads than any machine of today has processors; each costs memory in every zone. */
export const workersMax = 256

/**
 * A client holds its slot while it lingers, so no configuration may stretch this (SEMANTICS S2):
 * freenginx's defaults are the most there is.
 */
export const lingeringTimeMaxMs = 30_000
export const lingeringTimeoutMaxMs = 5000

export const defaults: Pick<OptionValues, DefaultedName> = {
  idle: {},
  ecstreamIdle: { ms: 300_000 },
  upstreamProxyProtocol: 'off',
  upstreamXclient: 'no',
  upstreamImapId: false,
  upstreamTls: 'off',
  upstreamTlsVerify: true,
  upstreamTlsSni: true,
  proxyProtocol: false,
  proxyProtocolTimeout: { ms: 60_000 },
  useTls: false,
  tlsVerifyMode: 'lenient',
  tlsAllowRenegotiation: true,
  enable: true,
  fileMode: 0o660,
  listenBacklog: 500,
  disableNagle: false,
  lingeringClose: true,
  lingeringTime: { waitMs: lingeringTimeMaxMs },
  lingeringTimeout: { waitMs: lingeringTimeoutMaxMs },
  maxReceptions: {},
  limitRate: {},
  limitRateAfter: 0,
}
