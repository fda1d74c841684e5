// The store of a policy, and what its limits say about counting there, in nginx's language.

import type { ClusterCount, SecretPlace } from '../../policy/cluster.ts'
import type { Policy } from '../../policy/policy.ts'
import { storeUrlText } from '../../policy/store-url.ts'
import type { TextNode } from '../written.ts'
import { printWord } from './print.ts'
import { timeText } from './write-options.ts'

export function clusterNodes({ cluster }: Policy): TextNode[] {
  if (cluster === undefined) return []
  const { leaseMs, share, database, isRedisCluster, tlsVerify } = cluster
  const parameters: readonly (readonly [name: string, value: string | undefined])[] = [
    ['sentinel', cluster.sentinel?.value],
    ['redis_cluster', onOff(isRedisCluster?.value)],
    ['name', cluster.name?.value],
    ['node', cluster.node?.value],
    ['lease', leaseMs === undefined ? undefined : timeText(leaseMs.value)],
    ['when_away', cluster.whenAway?.value],
    ['share', share === undefined ? undefined : `${share.value.part}/${share.value.whole}`],
    ['database', database === undefined ? undefined : String(database.value)],
    ['user', cluster.user?.value],
    secretPart('password', cluster.password?.value),
    ['sentinel_user', cluster.sentinelUser?.value],
    secretPart('sentinel_password', cluster.sentinelPassword?.value),
    ['ssl_trusted_certificate', cluster.tlsCa?.value],
    ['ssl_certificate', cluster.tlsCertificate?.value],
    ['ssl_certificate_key', cluster.tlsKey?.value],
    ['ssl_name', cluster.tlsName?.value],
    ['ssl_verify', onOff(tlsVerify?.value)],
  ]
  const words = [
    'cluster',
    ...cluster.servers.value.map(storeUrlText),
    ...parameters.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
  ]
  return [{ head: words.map((word) => printWord(word)).join(' ') }]
}

function onOff(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : value ? 'on' : 'off'
}

function secretPart(name: string, place: SecretPlace | undefined): [string, string | undefined] {
  return place?.kind === 'environment' ? [`${name}_env`, place.name] : [`${name}_file`, place?.path]
}

/** The last words of a limit. One that each node counts for itself has none. */
export function countWords(count: ClusterCount | undefined): readonly string[] {
  if (count?.isCounted !== true) return []
  const { whenAway, block } = count
  return [
    'cluster',
    ...(whenAway === undefined ? [] : [`when_away=${whenAway}`]),
    ...(block === undefined ? [] : [`block=${block}`]),
  ]
}
