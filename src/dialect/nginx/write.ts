// A Policy as a text in nginx's language.

import type { Endpoint } from '../../base/address.ts'
import { defaultNetPrefixes } from '../../policy/key.ts'
import type { LimitZone } from '../../policy/limit-zone.ts'
import type { DaemonOptions, Policy } from '../../policy/policy.ts'
import { layOutNodes } from '../written.ts'
import type { NotSaid, TextNode, WrittenPolicy } from '../written.ts'
import { printWord } from './print.ts'
import { clusterNodes, countWords } from './write-cluster.ts'
import { sharedPeerNodes, serversOf } from './write-servers.ts'
import { commonOfServers, serverNode } from './write-server.ts'
import { errorLogWords, sizeText, timeText } from './write-options.ts'

/** The policy in nginx's language, and what of it that language cannot say. */
export function writeNginx(policy: Policy): WrittenPolicy {
  const notSaid: NotSaid[] = []
  const servers = serversOf(policy, notSaid)
  const common = commonOfServers(servers, notSaid)
  const mail: TextNode = {
    head: 'mail',
    body: [
      ...policy.zones.map((zone) => zoneNode(zone)),
      ...common.nodes,
      ...sharedPeerNodes(servers, notSaid),
      ...servers.map((server) => serverNode(server, common.options, notSaid)),
    ],
  }
  const nodes = [
    ...daemonNodes(policy.daemon),
    ...clusterNodes(policy),
    { head: 'events', body: [] },
    mail,
  ]
  return { text: layOutNodes(nodes, style), notSaid }
}

const style = { indent: '    ', end: ';', emptyBlock: '{ }' } as const

function daemonNodes(daemon: DaemonOptions): TextNode[] {
  const { pidFile, errorLogs, logFormat, workers, isDetached, openFiles, shutdownTimeout } = daemon
  const { admin, adminTokenFile, adminCertificate, adminKey } = daemon
  const said: readonly (readonly (string | undefined)[])[] = [
    ['daemon', isDetached === undefined ? undefined : isDetached.value ? 'on' : 'off'],
    ['pid', pidFile?.value],
    ...(errorLogs?.value ?? []).map((log) => ['error_log', ...errorLogWords(log)]),
    ['log_format', logFormat?.value],
    ['worker_processes', workers === undefined ? undefined : String(workers.value)],
    ['worker_rlimit_nofile', openFiles === undefined ? undefined : String(openFiles.value)],
    [
      'worker_shutdown_timeout',
      shutdownTimeout === undefined ? undefined : timeText(shutdownTimeout.value.ms ?? 0),
    ],
    ['admin', admin === undefined ? undefined : endpointText(admin.value)],
    ['admin_token_file', adminTokenFile?.value],
    ['admin_certificate', adminCertificate?.value],
    ['admin_certificate_key', adminKey?.value],
  ]
  return said.flatMap((args) =>
    args.some((arg) => arg === undefined)
      ? []
      : [{ head: args.map((arg) => printWord(arg ?? '')).join(' ') }],
  )
}

/** As nginx writes them: a path has `unix:` before it. */
function endpointText(endpoint: Endpoint): string {
  return endpoint.kind === 'unix' ? `unix:${endpoint.path}` : endpoint.text
}

function zoneNode({ name, sizeBytes, key, cluster }: LimitZone): TextNode {
  const { ipv4PrefixLength, ipv6PrefixLength } = key
  const isDefaultNet =
    ipv4PrefixLength === defaultNetPrefixes.ipv4PrefixLength &&
    ipv6PrefixLength === defaultNetPrefixes.ipv6PrefixLength
  const args = [
    'limit_conn_zone',
    key.text,
    `zone=${name}:${sizeText(sizeBytes)}`,
    ...(key.foldsCase ? ['case=fold'] : []),
    ...(isDefaultNet ? [] : [`net=${ipv4PrefixLength}/${ipv6PrefixLength}`]),
    ...countWords(cluster),
  ]
  return { head: args.map((arg) => printWord(arg)).join(' ') }
}
