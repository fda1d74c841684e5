// The syntax tree to scopes and options: merges stanzas, normalises names, builds the Policy.

import { parseBlock } from '../../base/address.ts'
import { parseEndpoint } from '../../base/endpoint.ts'
import { suggest } from '../../base/suggest.ts'
import type { Policy } from '../../policy/policy.ts'
import { buildPolicy } from './build.ts'
import { checkClusterScope } from './build-cluster.ts'
import { checkLimitScope } from './build-limits.ts'
import { detachedScope, globalDraft, openScope } from './draft.ts'
import type { ScopeDraft, ScopeIdentity } from './draft.ts'
import { lowerOption, notInThisVersion } from './lower-option.ts'
import type { Lowering } from './lower-option.ts'
import { optionSpec } from './option-table.ts'
import { listed, quoted } from './report.ts'
import type { Report } from './report.ts'
import {
  scopeKindOf,
  scopeKindOfStatement,
  scopeNames,
  scopeParents,
  scopeTitles,
  skipReason,
} from './scope-table.ts'
import type { ScopeKind } from './scope-table.ts'
import { joinSpans } from './syntax.ts'
import type { ScopeStatement, Statement, Word } from './syntax.ts'
import { didYouMean, plainText } from './values.ts'

/** The policy that statements mean. With errors in the report it is incomplete. */
export function lower(statements: readonly Statement[], file: string, report: Report): Policy {
  const root = globalDraft(file)
  const lowering: Lowering = { report, daemon: {}, listenOwners: new Map() }
  lowerBody(statements, root, lowering)
  checkScopes(root, report)
  return buildPolicy(root, lowering.daemon)
}

function lowerBody(statements: readonly Statement[], scope: ScopeDraft, lowering: Lowering): void {
  for (const statement of statements) {
    // Includes are replaced by what they include; in what nobody reads they may remain.
    if (statement.kind === 'include') continue
    if (statement.kind === 'scope') lowerScope(statement, scope, lowering)
    else lowerOption(statement, scope, lowering)
  }
}

function lowerScope(statement: ScopeStatement, parent: ScopeDraft, lowering: Lowering): void {
  const kind = scopeKindOfStatement(statement)
  if (kind === undefined) {
    lowerForeignScope(statement, parent, lowering)
    return
  }
  const span =
    statement.instance === undefined
      ? statement.name.span
      : joinSpans(statement.name.span, statement.instance.span)
  if (!scopeParents[kind].includes(parent.kind)) {
    lowering.report.error({
      code: 'momentum.wrong_scope',
      message: `${scopeTitles[kind]} is not valid in ${scopeTitles[parent.kind]}`,
      span,
      hint: `it is valid in ${listed(scopeParents[kind].map((valid) => scopeTitles[valid]))}`,
    })
    lowerBody(statement.body, detachedScope(parent, { kind, name: '', span }), lowering)
    return
  }
  const identity = identify(kind, statement, lowering)
  const scope =
    identity === undefined
      ? detachedScope(parent, { kind, name: '', span })
      : ownedScope(parent, { ...identity, span }, lowering)
  lowerBody(statement.body, scope, lowering)
}

/** Scopes Postern does not read: skipped with a warning, or not known at all. */
function lowerForeignScope(
  statement: ScopeStatement,
  parent: ScopeDraft,
  lowering: Lowering,
): void {
  const { report } = lowering
  const { name } = statement
  const reason = skipReason(statement)
  if (reason !== undefined) {
    report.warn({
      code: 'momentum.ignored_scope',
      message: `Postern does not act on ${name.text}: ${reason}`,
      span: name.span,
    })
    return
  }
  const spec = optionSpec(name.text)
  if (spec?.status === 'later') {
    notInThisVersion(name, spec.name, report)
  } else if (spec === undefined) {
    report.error({
      code: 'momentum.unknown_scope',
      message: `unknown scope ${quoted(name.text)}`,
      span: name.span,
      hint: report.isFull ? undefined : didYouMean(name.text, scopeNames),
    })
    lowerMisspelt(statement, parent, lowering)
  } else {
    report.error({
      code: 'momentum.not_a_scope',
      message: `${spec.name} is an option, not a scope`,
      span: name.span,
      hint: `write ${spec.name} = value`,
    })
  }
}

/** What stands in a scope whose name is nearly a known one is judged as if it were that one. */
function lowerMisspelt(statement: ScopeStatement, parent: ScopeDraft, lowering: Lowering): void {
  if (lowering.report.isFull) return
  const meant = suggest(statement.name.text, scopeNames)
  const kind = meant === undefined ? undefined : scopeKindOf(meant)
  if (kind === undefined) return
  const { span } = statement.name
  lowerBody(statement.body, detachedScope(parent, { kind, name: '', span }), lowering)
}

type Identity = Omit<ScopeIdentity, 'span'>

/** Normalises the instance name; undefined after a report. */
function identify(
  kind: ScopeKind,
  statement: ScopeStatement,
  { report }: Lowering,
): Identity | undefined {
  const { name, instance } = statement
  const isNamed =
    kind === 'listen' ||
    kind === 'peer' ||
    kind === 'pathway' ||
    kind === 'pathway_group' ||
    kind === 'limit_conn_zone' ||
    kind === 'limit_conn'
  if (instance === undefined) {
    if (!isNamed) return { kind, name: '' }
    report.error({
      code: 'momentum.bad_name',
      message: `${scopeTitles[kind]} needs a name`,
      span: name.span,
      hint: `write ${name.text} "${exampleNames[kind]}" { ... }`,
    })
    return undefined
  }
  if (kind === 'cluster') {
    const message = `${scopeTitles.cluster} takes no name here`
    const hint =
      'write Name = "name" inside for the name of the cluster, Node = "name" for this node\'s'
    report.error({ code: 'momentum.bad_name', message, span: instance.span, hint })
    return undefined
  }
  const plain = plainText(instance.text)
  if (!('value' in plain)) {
    const message = `the name of a ${scopeTitles[kind]} ${plain.problem}`
    report.error({ code: 'momentum.bad_name', message, span: instance.span })
    return undefined
  }
  if (kind === 'listen') return identifyListen(instance, report)
  if (kind === 'peer') return identifyPeer(instance, report)
  return { kind, name: instance.text }
}

const exampleNames: { readonly [K in ScopeKind]?: string } = {
  listen: ':25',
  peer: '10.0.0.0/8',
  pathway: 'trusted',
  pathway_group: 'group',
  limit_conn_zone: 'users',
  limit_conn: 'users',
}

function identifyListen(instance: Word, report: Report): Identity | undefined {
  const result = parseEndpoint(instance.text)
  if ('endpoint' in result) {
    const { endpoint } = result
    return { kind: 'listen', name: endpoint.text, endpoint }
  }
  report.error({
    code: 'momentum.bad_address',
    message: `Listen cannot be bound to ${quoted(instance.text)}`,
    span: instance.span,
    hint: result.problem,
  })
  return undefined
}

function identifyPeer(instance: Word, report: Report): Identity | undefined {
  const { text, span } = instance
  const result = parseBlock(text)
  if (result === undefined) {
    const hint = text.includes('[')
      ? 'Peer takes IPv6 without brackets'
      : 'write an address or a block, as in 10.0.0.0/8 or 2001:db8::/32'
    const message = `Peer is neither an address nor a block: ${quoted(text)}`
    report.error({ code: 'momentum.bad_block', message, span, hint })
    return undefined
  }
  const { block } = result
  if (result.hadHostBits) {
    const message = `Peer ${quoted(text)} means ${block.text}`
    report.note({ code: 'momentum.host_bits', message, span })
  }
  return { kind: 'peer', name: block.text, block }
}

/** Opens the scope; a Listen that another listener has already is refused. */
function ownedScope(parent: ScopeDraft, identity: ScopeIdentity, lowering: Lowering): ScopeDraft {
  const { endpoint, span } = identity
  if (endpoint === undefined) return openScope(parent, identity)
  const owner = lowering.listenOwners.get(endpoint.text) ?? parent
  lowering.listenOwners.set(endpoint.text, owner)
  if (owner === parent) return openScope(parent, identity)
  lowering.report.error({
    code: 'momentum.duplicate_listen',
    message: `Listen ${endpoint.text} is already in ${owner.label}`,
    span,
    hint: 'a socket belongs to one listener',
  })
  return detachedScope(parent, identity)
}

/** What can be judged only when every stanza of a scope has been read. */
function checkScopes(scope: ScopeDraft, report: Report): void {
  checkLimitScope(scope, report)
  checkClusterScope(scope, report)
  const { useTls, smtpExtensions } = scope.options
  const starttls = smtpExtensions?.value.some((word) => word.toUpperCase() === 'STARTTLS') ?? false
  if (useTls?.value === true && starttls) {
    report.error({
      code: 'momentum.mutually_exclusive',
      message: `${scope.label} has both Use_SSL and STARTTLS in SMTP_Extensions`,
      span: useTls.span,
      hint: 'a socket is encrypted from the first byte or on demand; use two Listens for both',
    })
  }
  for (const child of scope.children.values()) checkScopes(child, report)
}
