// What holds where a policy sets nothing (momentum option tables; momentum.md section 3).

import type { OptionValues } from './options.ts'

/** Options that always have a value. */
export type DefaultedName =
  | 'idle'
  | 'ecstreamIdle'
  | 'upstreamProxyProtocol'
  | 'upstreamXclient'
  | 'proxyProtocol'
  | 'proxyProtocolTimeout'
  | 'useTls'
  | 'tlsVerifyMode'
  | 'tlsAllowRenegotiation'
  | 'enable'
  | 'fileMode'
  | 'listenBacklog'
  | 'disableNagle'
  | 'maxReceptions'

export const defaults: Pick<OptionValues, DefaultedName> = {
  idle: {},
  ecstreamIdle: { ms: 300_000 },
  upstreamProxyProtocol: 'off',
  upstreamXclient: 'no',
  proxyProtocol: false,
  proxyProtocolTimeout: { ms: 60_000 },
  useTls: false,
  tlsVerifyMode: 'optional',
  tlsAllowRenegotiation: true,
  enable: true,
  fileMode: 0o660,
  listenBacklog: 500,
  disableNagle: false,
  maxReceptions: {},
}
