// Paths of TLS files from a policy of another language: there they are seen from the prefix, and in
// nginx's from the directory of the configuration file.

import { resolve } from 'node:path'
import type { Sourced } from '../base/diagnostic.ts'
import type { ClusterOptions, SecretPlace } from './cluster.ts'
import type { FileListValue, Options, PathValue } from './options.ts'
import type { Policy } from './policy.ts'

/** The policy with every such path whole, so that it means one file wherever the text lies. */
export function withAbsolutePaths(policy: Policy, prefix: string): Policy {
  const inside = <T extends { readonly options: Options }>(scope: T): T => ({
    ...scope,
    options: optionsWith(scope.options, prefix),
  })
  return {
    ...policy,
    ...(policy.cluster === undefined
      ? {}
      : { cluster: clusterWithAbsolutePaths(policy.cluster, prefix) }),
    global: inside(policy.global),
    listeners: policy.listeners.map((listener) => ({
      ...inside(listener),
      peers: listener.peers.map(inside),
      listens: listener.listens.map((listen) => ({
        ...inside(listen),
        peers: listen.peers.map(inside),
      })),
    })),
    pathways: policy.pathways.map(inside),
    pathwayGroups: policy.pathwayGroups.map(inside),
  }
}

/** The files of a store, passwords included. */
export function clusterWithAbsolutePaths(cluster: ClusterOptions, prefix: string): ClusterOptions {
  const { password, sentinelPassword, tlsCa, tlsCertificate, tlsKey } = cluster
  const whole = ({ value, span }: Sourced<string>): Sourced<string> => ({
    value: resolve(prefix, value),
    span,
  })
  const secret = ({ value, span }: Sourced<SecretPlace>): Sourced<SecretPlace> =>
    value.kind === 'file'
      ? { value: { kind: 'file', path: resolve(prefix, value.path) }, span }
      : { value, span }
  return {
    ...cluster,
    ...(password === undefined ? {} : { password: secret(password) }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword: secret(sentinelPassword) }),
    ...(tlsCa === undefined ? {} : { tlsCa: whole(tlsCa) }),
    ...(tlsCertificate === undefined ? {} : { tlsCertificate: whole(tlsCertificate) }),
    ...(tlsKey === undefined ? {} : { tlsKey: whole(tlsKey) }),
  }
}

const lists = ['tlsCertificate', 'tlsKey', 'tlsTicketKey'] as const
const paths = [
  'tlsPasswordFile',
  'tlsClientCa',
  'tlsTrustedCa',
  'tlsCrl',
  'upstreamTlsCa',
  'upstreamTlsCertificate',
  'upstreamTlsKey',
] as const

function optionsWith(options: Options, prefix: string): Options {
  const found: Record<string, unknown> = {}
  for (const name of lists) {
    const sourced = options[name]
    if (sourced === undefined) continue
    const value: FileListValue = {
      files: sourced.value.files.map((file) => ({ ...file, value: resolve(prefix, file.value) })),
    }
    found[name] = { ...sourced, value }
  }
  for (const name of paths) {
    const sourced = options[name]
    if (sourced?.value.path === undefined) continue
    const value: PathValue = { path: resolve(prefix, sourced.value.path) }
    found[name] = { ...sourced, value }
  }
  const { tlsDhParams } = options
  if (tlsDhParams !== undefined && tlsDhParams.value !== 'auto') {
    found['tlsDhParams'] = { ...tlsDhParams, value: resolve(prefix, tlsDhParams.value) }
  }
  return { ...options, ...(found as Options) } // each under its own name
}
