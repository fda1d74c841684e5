// Checks of the store, and of the limits that count there over all nodes.

import type { Diagnostic, Severity, Span } from '../base/diagnostic.ts'
import { clusterDefaults } from './cluster.ts'
import type { ClusterCount, ClusterOptions, StoreAddress } from './cluster.ts'
import type { PolicyCode } from './codes.ts'
import type { OptionWord } from './option-word.ts'
import type { Policy, Scope } from './policy.ts'

/** A limit that counts over all nodes, and how a message calls it. */
interface Counted {
  readonly title: string
  readonly count: ClusterCount
  readonly span: Span
  /** Caps that are counted there; the zone of several limits has several. */
  readonly caps: readonly { readonly capMax: number; readonly span: Span }[]
}

export function checkCluster(policy: Policy, word: OptionWord): Diagnostic[] {
  const counted = countedLimits(policy, word)
  const { cluster } = policy
  const blocks = counted.flatMap(checkBlock)
  if (cluster === undefined) return [...checkMissing(policy, counted), ...blocks]
  const words = policy.dialect === 'nginx' ? nginxWords : momentumWords
  return [
    ...checkUsed(cluster, counted),
    ...checkKind(cluster, words),
    ...checkShare(cluster, counted, words),
    ...checkTls(cluster, words),
    ...blocks,
  ]
}

/** What an option of the store is called in a message. */
interface ClusterWords {
  readonly sentinel: string
  readonly redisCluster: string
  readonly database: string
  readonly sentinelLogin: string
  readonly share: string
  readonly local: string
  readonly tls: string
  readonly certificate: string
  readonly key: string
}

const nginxWords: ClusterWords = {
  sentinel: 'sentinel=name',
  redisCluster: 'redis_cluster=on',
  database: 'database=',
  sentinelLogin: 'sentinel_user= or sentinel_password',
  share: 'share=',
  local: 'when_away=local',
  tls: 'ssl_',
  certificate: 'ssl_certificate=',
  key: 'ssl_certificate_key=',
}

const momentumWords: ClusterWords = {
  sentinel: 'Sentinel = "name"',
  redisCluster: 'Redis_Cluster = true',
  database: 'Database',
  sentinelLogin: 'Sentinel_User or Sentinel_Password',
  share: 'Share',
  local: 'When_Away = local',
  tls: 'Server_TLS_',
  certificate: 'Server_TLS_Certificate',
  key: 'Server_TLS_Key',
}

function countedLimits(policy: Policy, word: OptionWord): Counted[] {
  const scopes: Scope[] = [
    ...policy.listeners.flatMap((listener): Scope[] => [
      listener,
      ...listener.peers,
      ...listener.listens.flatMap((listen): Scope[] => [listen, ...listen.peers]),
    ]),
    ...policy.pathways,
    ...policy.pathwayGroups,
  ]
  const caps = scopes.flatMap(({ options, label }) =>
    (['serviceSessions', 'listenerSessions'] as const).flatMap((option): Counted[] => {
      const flag = options[`${option}Cluster`]
      if (flag?.value.isCounted !== true) return []
      const cap = options[option]
      const capMax = cap?.value.capMax
      const own = cap === undefined || capMax === undefined ? [] : [{ capMax, span: cap.span }]
      return [
        { title: `${word(option)} of ${label}`, count: flag.value, span: flag.span, caps: own },
      ]
    }),
  )
  const zones = policy.zones.flatMap(({ name, cluster, span }): Counted[] => {
    if (cluster?.isCounted !== true) return []
    const limits = [...scopes, policy.global].flatMap(
      ({ options }) => options.limitConns?.value.filter(({ zone }) => zone === name) ?? [],
    )
    return [{ title: `zone "${name}"`, count: cluster, span, caps: limits }]
  })
  return [...caps, ...zones]
}

/** Once: the others would be told the same. */
function checkMissing(policy: Policy, [first]: readonly Counted[]): Diagnostic[] {
  if (first === undefined) return []
  return [
    finding({
      severity: 'error',
      code: 'policy.no_cluster',
      message: `${first.title} counts over all nodes, and no store is named`,
      span: first.span,
      hint:
        policy.dialect === 'nginx'
          ? 'name it in the main block: cluster redis://127.0.0.1:6379;'
          : 'name it: Cluster { Server = ( "redis://127.0.0.1:6379" ) }',
    }),
  ]
}

function checkUsed({ span }: ClusterOptions, counted: readonly Counted[]): Diagnostic[] {
  if (counted.length > 0) return []
  return [
    finding({
      severity: 'warning',
      code: 'policy.cluster_unused',
      message: 'a store is named, and no limit counts over all nodes',
      span,
      hint: 'say so of the limits that should, or remove the store',
    }),
  ]
}

function checkKind(cluster: ClusterOptions, words: ClusterWords): Diagnostic[] {
  const { servers, sentinel, isRedisCluster, database, sentinelUser, sentinelPassword } = cluster
  const isSharded = isRedisCluster?.value === true
  const which = (message: string, span: Span): Diagnostic =>
    finding({
      severity: 'error',
      code: 'policy.cluster_which_store',
      message,
      span,
      hint: `write ${words.sentinel} if they are sentinels, ${words.redisCluster} if they are nodes of a Redis Cluster`,
    })
  const found: Diagnostic[] = []
  if (sentinel !== undefined && isSharded) {
    found.push(which('the store cannot be behind sentinels and a Redis Cluster', sentinel.span))
  } else if (sentinel === undefined && !isSharded && servers.value.length > 1) {
    found.push(which('several addresses, and nothing says what they are', servers.span))
  }
  const isDirect = sentinel === undefined && !isSharded
  if (!isDirect && servers.value.some(({ kind }) => kind === 'unix')) {
    found.push(notThere('sentinels and nodes of a Redis Cluster have host and port', servers.span))
  }
  if (new Set(servers.value.filter(isTcp).map(({ isTls }) => isTls)).size > 1) {
    const message = 'some addresses are encrypted and others are not'
    found.push(notThere(message, servers.span))
  }
  if (isSharded && database !== undefined && database.value !== 0) {
    const message = `a Redis Cluster has one database, so ${words.database} cannot be another than 0`
    found.push(notThere(message, database.span))
  }
  const login = sentinelUser ?? sentinelPassword
  if (sentinel === undefined && login !== undefined) {
    const message = `${words.sentinelLogin} is for sentinels, and there are none`
    found.push(notThere(message, login.span))
  }
  return found
}

function isTcp(address: StoreAddress): address is StoreAddress & { readonly kind: 'tcp' } {
  return address.kind === 'tcp'
}

function notThere(message: string, span: Span): Diagnostic {
  const hint = 'remove it, or name another store'
  return finding({ severity: 'error', code: 'policy.cluster_not_there', message, span, hint })
}

/** A share is what a node fills while it counts alone. */
function checkShare(
  { share, whenAway }: ClusterOptions,
  counted: readonly Counted[],
  words: ClusterWords,
): Diagnostic[] {
  if (share === undefined || counted.length === 0) return []
  const usual = whenAway?.value ?? clusterDefaults.whenAway
  if (counted.some(({ count }) => (count.whenAway ?? usual) === 'local')) return []
  return [
    finding({
      severity: 'warning',
      code: 'policy.cluster_not_there',
      message: `nothing goes by ${words.share}: no limit has ${words.local}`,
      span: share.span,
      hint: 'remove it',
    }),
  ]
}

function checkTls(cluster: ClusterOptions, words: ClusterWords): Diagnostic[] {
  const { servers, tlsCa, tlsCertificate, tlsKey, tlsName, tlsVerify, password } = cluster
  const tls = servers.value.filter(isTcp).filter(({ isTls }) => isTls)
  const option = tlsCa ?? tlsCertificate ?? tlsKey ?? tlsName ?? tlsVerify
  const found: Diagnostic[] = []
  if (tls.length === 0 && option !== undefined) {
    found.push(
      finding({
        severity: 'warning',
        code: 'policy.cluster_not_there',
        message: `nothing goes by ${words.tls}…: no address of the store is encrypted`,
        span: option.span,
        hint: 'write rediss:// for TLS',
      }),
    )
  }
  const alone =
    tlsKey === undefined ? tlsCertificate : tlsCertificate === undefined ? tlsKey : undefined
  if (alone !== undefined) {
    found.push(
      finding({
        severity: 'error',
        code: 'policy.cluster_certificate',
        message: `${words.certificate} and ${words.key} go together, and one is missing`,
        span: alone.span,
        hint: 'name both, or neither',
      }),
    )
  }
  const isOpen = servers.value.some((address) => isTcp(address) && !isLoopback(address))
  if (password !== undefined && tls.length === 0 && isOpen) {
    found.push(
      finding({
        severity: 'note',
        code: 'policy.cluster_plain_password',
        message: 'the password of the store goes over the network as it is',
        span: servers.span,
        hint: 'write rediss:// for TLS, unless the network is yours alone',
      }),
    )
  }
  return found
}

function isLoopback({ host }: { readonly host: string }): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function checkBlock({ title, count, caps }: Counted): Diagnostic[] {
  const { block } = count
  if (block === undefined) return []
  return caps.flatMap(({ capMax, span }) => {
    if (block < capMax) return []
    return [
      finding({
        severity: 'error',
        code: 'policy.cluster_block_over_cap',
        message: `${title}: a node would borrow ${block} slots at once, and the cap is ${capMax}`,
        span,
        hint: 'a block of a hundredth of the cap is usual; leave it out where caps are small',
      }),
    ]
  })
}

interface FindingParts {
  readonly severity: Severity
  readonly code: PolicyCode
  readonly message: string
  readonly span: Span
  readonly hint: string
}

/** Only here so that the compiler knows every code by name. */
function finding(parts: FindingParts): Diagnostic {
  return parts
}
