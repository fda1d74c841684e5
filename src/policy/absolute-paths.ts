// Paths of TLS files from a policy of another language: there they are seen from the prefix, and in
// nginx's from the directory of the configuration file.

import { resolve } from 'node:path'
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
