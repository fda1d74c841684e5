// The tree of scopes while it is being read: stanzas of the same name merge into one draft.

import type { Block, Endpoint } from '../../base/address.ts'
import type { Sourced, Span } from '../../base/diagnostic.ts'
import type { ServiceName } from '../../policy/policy.ts'
import type { ClusterDraft } from './cluster-values.ts'
import type { LimitDraft, ZoneDraft } from './limit-values.ts'
import type { OptionsDraft } from './option-spec.ts'
import { listenerServices, scopeTitles } from './scope-table.ts'
import type { ScopeKind } from './scope-table.ts'

/** How a Listen is bound, beside its address. */
export interface BindingDraft {
  isIpv6Only?: Sourced<boolean>
}

/** One scope. Its children stand in the order of first appearance. */
export interface ScopeDraft {
  readonly kind: ScopeKind
  /** Normalised instance name; empty for the scopes that have none. */
  readonly name: string
  readonly label: string
  readonly span: Span
  /** The service it belongs to; pathways and the global scope belong to none. */
  readonly service: ServiceName | undefined
  readonly endpoint: Endpoint | undefined
  readonly block: Block | undefined
  readonly options: OptionsDraft
  /** Of a Listen. */
  readonly binding: BindingDraft
  /** Of a Limit_Conn_Zone. */
  readonly zone: ZoneDraft
  /** Of a Limit_Conn. */
  readonly limit: LimitDraft
  /** Of a Cluster. */
  readonly cluster: ClusterDraft
  readonly children: Map<string, ScopeDraft>
}

/** What tells a new scope from its siblings. */
export interface ScopeIdentity {
  readonly kind: ScopeKind
  readonly name: string
  readonly span: Span
  readonly endpoint?: Endpoint
  readonly block?: Block
}

/** The outermost scope of a file. */
export function globalDraft(file: string): ScopeDraft {
  const span = { file, line: 1, column: 1 }
  return {
    kind: 'global',
    name: '',
    label: 'global',
    span,
    service: undefined,
    endpoint: undefined,
    block: undefined,
    options: {},
    binding: {},
    zone: {},
    limit: {},
    cluster: {},
    children: new Map(),
  }
}

/** The scope inside `parent` with this identity: the one there is, or a new one. */
export function openScope(parent: ScopeDraft, identity: ScopeIdentity): ScopeDraft {
  const key = `${identity.kind} ${identity.name}`
  const known = parent.children.get(key)
  if (known !== undefined) return known
  const opened = detachedScope(parent, identity)
  parent.children.set(key, opened)
  return opened
}

/** A scope that belongs to no policy: its mistakes are found, its meaning is dropped. */
export function detachedScope(parent: ScopeDraft, identity: ScopeIdentity): ScopeDraft {
  const { kind, name, span } = identity
  return {
    kind,
    name,
    label: labelOf(parent, kind, name),
    span,
    service: listenerServices.get(kind) ?? parent.service,
    endpoint: identity.endpoint,
    block: identity.block,
    options: {},
    binding: {},
    zone: {},
    limit: {},
    cluster: {},
    children: new Map(),
  }
}

/** `ESMTP_Listener Listen *:25 Peer 10.0.0.0/8`; names with blanks are quoted to stay unique. */
function labelOf(parent: ScopeDraft, kind: ScopeKind, name: string): string {
  const outer = parent.kind === 'global' ? '' : `${parent.label} `
  if (name === '') return `${outer}${scopeTitles[kind]}`
  return `${outer}${scopeTitles[kind]} ${/[\s"]/.test(name) ? JSON.stringify(name) : name}`
}
