// The store in which several nodes count together, as a policy says it: plain data, and of a secret
// the place where it is found, never the secret.

import type { Sourced, Span } from '../base/diagnostic.ts'

/** What a limit that counts over all nodes does while the store cannot be asked. */
export const whenAwayModes = ['local', 'refuse', 'admit'] as const
export type WhenAway = (typeof whenAwayModes)[number]

/** One address of the store, or of a sentinel; absent `port`: the usual one. */
export type StoreAddress =
  | {
      readonly kind: 'tcp'
      readonly host: string
      readonly port?: number
      readonly isTls: boolean
    }
  | { readonly kind: 'unix'; readonly path: string }

/** Where a password is found when it is needed. */
export type SecretPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string }

/** The part of each cap that a node may fill while it counts alone: `part` of `whole`. */
export interface NodeShare {
  readonly part: number
  readonly whole: number
}

/** What is written about the store; `clusterStoreOf` has the defaults. */
export interface ClusterOptions {
  readonly servers: Sourced<readonly StoreAddress[]>
  /** The servers are sentinels, and this is what they call the store. */
  readonly sentinel?: Sourced<string>
  /** The servers are nodes of a Redis Cluster. */
  readonly isRedisCluster?: Sourced<boolean>
  /** Nodes of one name count together; what is kept in the store begins with it. */
  readonly name?: Sourced<string>
  /** What this node is called among the others. */
  readonly node?: Sourced<string>
  readonly leaseMs?: Sourced<number>
  readonly whenAway?: Sourced<WhenAway>
  readonly share?: Sourced<NodeShare>
  readonly database?: Sourced<number>
  readonly user?: Sourced<string>
  readonly password?: Sourced<SecretPlace>
  readonly sentinelUser?: Sourced<string>
  readonly sentinelPassword?: Sourced<SecretPlace>
  /** The authorities trusted for the store's certificate; absent: those that Node.js knows. */
  readonly tlsCa?: Sourced<string>
  readonly tlsCertificate?: Sourced<string>
  readonly tlsKey?: Sourced<string>
  /** The name in the store's certificate; absent: the host of its address. */
  readonly tlsName?: Sourced<string>
  readonly tlsVerify?: Sourced<boolean>
  /** The statement as a whole. */
  readonly span: Span
}

/** What a cap or a zone says about counting over all nodes. */
export interface ClusterCount {
  readonly isCounted: boolean
  /** Absent: as the store's own `whenAway` says. */
  readonly whenAway?: WhenAway
  /** A node borrows so many slots at once; absent: each slot by itself. */
  readonly block?: number
}

/** How a limit counts over all nodes. */
export interface LimitCluster {
  readonly whenAway: WhenAway
  readonly block?: number
}

// A second is some twenty times what a heartbeat takes to a store in another town; below it, one
// lost packet would take a node out. Ten minutes is as long as anybody would wait for the slots of
// a machine that died.
export const leaseMinMs = 1000
export const leaseMaxMs = 600_000

export const clusterDefaults = {
  name: 'postern',
  leaseMs: 5000,
  whenAway: 'local',
  database: 0,
  tlsVerify: true,
} as const

const defaultPort = 6379
const defaultSentinelPort = 26_379

/** An address with its port. */
export type StoreEndpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly isTls: boolean }
  | { readonly kind: 'unix'; readonly path: string }

/** The store with every default in place. */
export interface ClusterStore {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  readonly servers: readonly StoreEndpoint[]
  /** What sentinels call the store. */
  readonly sentinel?: string
  readonly name: string
  readonly node: string
  readonly leaseMs: number
  readonly database: number
  /** Absent: one part for each node that was alive when the store was last asked. */
  readonly share?: NodeShare
  readonly user?: string
  readonly password?: SecretPlace
  readonly sentinelUser?: string
  readonly sentinelPassword?: SecretPlace
  readonly tls: {
    readonly ca?: string
    readonly certificate?: string
    readonly key?: string
    readonly name?: string
    readonly isVerified: boolean
  }
}

/** `hostName`: the machine's, which a node is called by when nothing else is said. */
export function clusterStoreOf(options: ClusterOptions, hostName: string): ClusterStore {
  const { sentinel, servers, isRedisCluster } = options
  const usualPort = sentinel === undefined ? defaultPort : defaultSentinelPort
  const kind = isRedisCluster?.value === true ? 'cluster' : sentinel ? 'sentinel' : 'single'
  return {
    kind,
    servers: servers.value.map((server) =>
      server.kind === 'unix' ? server : { ...server, port: server.port ?? usualPort },
    ),
    name: options.name?.value ?? clusterDefaults.name,
    node: options.node?.value ?? nodeNameOf(hostName),
    leaseMs: options.leaseMs?.value ?? clusterDefaults.leaseMs,
    database: options.database?.value ?? clusterDefaults.database,
    ...present('sentinel', sentinel),
    ...present('share', options.share),
    ...present('user', options.user),
    ...present('password', options.password),
    ...present('sentinelUser', options.sentinelUser),
    ...present('sentinelPassword', options.sentinelPassword),
    tls: {
      isVerified: options.tlsVerify?.value ?? clusterDefaults.tlsVerify,
      ...present('ca', options.tlsCa),
      ...present('certificate', options.tlsCertificate),
      ...present('key', options.tlsKey),
      ...present('name', options.tlsName),
    },
  }
}

function present<K extends string, T>(
  name: K,
  sourced: Sourced<T> | undefined,
): { readonly [P in K]?: T } {
  // One property, under the name of the type.
  return sourced === undefined ? {} : ({ [name]: sourced.value } as { [P in K]: T })
}

/** A machine may be called anything; what no node may be called is left out. */
function nodeNameOf(hostName: string): string {
  const name = hostName.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, nameMaxLength)
  return isClusterName(name) ? name : `node-${name}`.slice(0, nameMaxLength)
}

// A label of a host name has 63, and so has a name that is part of a key.
const nameMaxLength = 63

/** Names of nodes and clusters: part of keys in the store, of log lines and of metrics. */
export function isClusterName(text: string): boolean {
  return text.length <= nameMaxLength && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text)
}

/** What a dialect says of a name that is none. */
export const clusterNameHint =
  'a name has letters, digits, "-", "_" and ".", begins with a letter or digit, and has 63 at most'

// More nodes than anybody has gates.
const wholeMax = 1000

/** `1/3`. */
export function parseShare(text: string): NodeShare | undefined {
  const [, part = '', whole = ''] = /^([0-9]{1,4})\/([0-9]{1,4})$/.exec(text) ?? []
  const share = { part: Number(part), whole: Number(whole) }
  if (part === '' || share.part < 1 || share.part > share.whole) return undefined
  return share.whole > wholeMax ? undefined : share
}

export function isVariableName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(text)
}

/** Slots a node may borrow at once: more would leave most of any cap idle. */
export const blockMax = 65_535
/** Redis can be built for more databases than this; nobody has them. */
export const databaseMax = 65_535
