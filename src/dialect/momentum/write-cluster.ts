// The store of a policy, and what its zones say about counting there, in Momentum's language.

import type { ClusterCount, ClusterOptions, SecretPlace } from '../../policy/cluster.ts'
import type { Policy } from '../../policy/policy.ts'
import { storeUrlText } from '../../policy/store-url.ts'
import type { TextNode } from '../written.ts'
import { quoted, secondsText } from './write-options.ts'

type Part = readonly [name: string, value: string | undefined]

export function clusterNodes({ cluster }: Policy): TextNode[] {
  if (cluster === undefined) return []
  const body = partsOf(cluster).flatMap(([name, value]) =>
    value === undefined ? [] : [{ head: `${name} = ${value}` }],
  )
  return [{ head: 'Cluster', body }]
}

function partsOf(cluster: ClusterOptions): readonly Part[] {
  const { servers, leaseMs, share, database, isRedisCluster, tlsVerify } = cluster
  const text = (sourced: { readonly value: string } | undefined): string | undefined =>
    sourced === undefined ? undefined : quoted(sourced.value)
  return [
    ['Server', `( ${servers.value.map((server) => quoted(storeUrlText(server))).join(' ')} )`],
    ['Sentinel', text(cluster.sentinel)],
    ['Redis_Cluster', isRedisCluster === undefined ? undefined : String(isRedisCluster.value)],
    ['Name', text(cluster.name)],
    ['Node', text(cluster.node)],
    ['Lease', leaseMs === undefined ? undefined : secondsText(leaseMs.value)],
    ['When_Away', cluster.whenAway?.value],
    ['Share', share === undefined ? undefined : quoted(`${share.value.part}/${share.value.whole}`)],
    ['Database', database === undefined ? undefined : String(database.value)],
    ['User', text(cluster.user)],
    secretPart('Password', cluster.password?.value),
    ['Sentinel_User', text(cluster.sentinelUser)],
    secretPart('Sentinel_Password', cluster.sentinelPassword?.value),
    ['Server_TLS_CA', text(cluster.tlsCa)],
    ['Server_TLS_Certificate', text(cluster.tlsCertificate)],
    ['Server_TLS_Key', text(cluster.tlsKey)],
    ['Server_TLS_Name', text(cluster.tlsName)],
    ['Server_TLS_Verify', tlsVerify === undefined ? undefined : String(tlsVerify.value)],
  ]
}

function secretPart(name: string, place: SecretPlace | undefined): Part {
  if (place?.kind === 'environment') return [`${name}_Env`, quoted(place.name)]
  return [`${name}_File`, place === undefined ? undefined : quoted(place.path)]
}

/** What stands in a Limit_Conn_Zone. */
export function countNodes(count: ClusterCount | undefined): TextNode[] {
  if (count === undefined) return []
  const { isCounted, whenAway, block } = count
  return [
    { head: `Cluster = ${isCounted}` },
    ...(whenAway === undefined ? [] : [{ head: `When_Away = ${whenAway}` }]),
    ...(block === undefined ? [] : [{ head: `Block = ${block}` }]),
  ]
}
