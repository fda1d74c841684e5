// Checks of a policy about logging in: what is asked only of those who do, and what cannot be kept
// for them.

import type { Diagnostic, Severity, Span } from '../base/diagnostic.ts'
import { chainOf } from './chain.ts'
import type { PolicyCode } from './codes.ts'
import { findOption } from './fallback.ts'
import { asksSomebody, takesPasswordsOnly } from './login.ts'
import { loginWords } from './option-word.ts'
import type { OptionWord } from './option-word.ts'
import type { OptionName } from './options.ts'
import { checkCapabilities } from './validate-capabilities.ts'
import type { Listen, Listener, Policy, Scope, ServiceName } from './policy.ts'

/** Do sessions log in here, as far as the Listen alone can tell? */
export function asksForLogin(listener: Listener, scopes: readonly Scope[]): boolean {
  if (listener.service === 'ecstream') return false
  return asksSomebody(findOption(scopes, 'authenticator')?.sourced.value)
}

export function checkLogin(
  policy: Policy,
  listener: Listener,
  listen: Listen,
  word: OptionWord,
): Diagnostic[] {
  const scopes = chainOf(policy, listen.id, undefined)?.scopes ?? []
  const peers = [...listen.peers, ...listener.peers]
  if (asksForLogin(listener, scopes)) {
    return [
      ...checkMethods(listener, scopes, word),
      ...(listener.service === 'smtp' ? checkCapabilities(scopes) : []),
      ...[...peers, ...scopes].flatMap((scope) => [
        ...(scope.options.maxReceptions?.value.capMax === undefined
          ? []
          : notKept(scope, 'maxReceptions', word)),
        ...notKept(scope, 'reconfigMessage', word),
      ]),
    ]
  }
  const isAskedOfSome = peers.some((peer) => asksForLogin(listener, [peer]))
  if (isAskedOfSome) return []
  return [...checkAsked(listen, scopes, word), ...checkIdentity(listener, listen, scopes, word)]
}

/** CRAM-MD5 and APOP need the password itself, a token and a certificate somebody who knows them. */
function checkMethods(
  listener: Listener,
  scopes: readonly Scope[],
  word: OptionWord,
): Diagnostic[] {
  const authenticator = findOption(scopes, 'authenticator')?.sourced.value
  const option = methodsOption[listener.service]
  if (option === undefined || !takesPasswordsOnly(authenticator)) return []
  const found = findOption(scopes, option)
  const unknown = (found?.sourced.value ?? []).filter(
    (method) => method !== 'plain' && method !== 'login',
  )
  if (found === undefined || unknown.length === 0) return []
  const who = authenticator?.kind === 'users' ? 'hashes of passwords' : 'a login at the upstream'
  return [
    finding({
      severity: 'warning',
      code: 'policy.method_not_checkable',
      message: `${unknown.join(', ')} cannot be checked with ${who} and is not offered`,
      span: found.sourced.span,
      hint: `list plain and login only, or ask an auth server with ${word('authenticator', { kind: 'http' })}`,
    }),
  ]
}

const methodsOption: Readonly<Partial<Record<ServiceName, 'imapAuth' | 'pop3Auth' | 'smtpAuth'>>> =
  { imap: 'imapAuth', pop3: 'pop3Auth', smtp: 'smtpAuth' }

/** After a login the session is relayed byte for byte: nobody counts its messages or says more. */
function notKept(scope: Scope, option: OptionName, word: OptionWord): Diagnostic[] {
  const span = scope.options[option]?.span
  if (span === undefined) return []
  return [
    finding({
      severity: 'error',
      code: 'policy.not_after_login',
      message: `${word(option)} in ${scope.label} cannot be kept for sessions that log in here`,
      span,
      hint: `remove it there, or have no ${loginWords(word)} for those sessions`,
    }),
  ]
}

function checkAsked(listen: Listen, scopes: readonly Scope[], word: OptionWord): Diagnostic[] {
  const found = findOption(scopes, 'limitConns')
  if (found === undefined) return []
  return [
    finding({
      severity: 'warning',
      code: 'policy.limit_never_asked',
      message: `the limits in ${found.scope.label} are never asked on ${listen.label}`,
      span: found.sourced.span,
      hint: `they are asked after authentication: set ${loginWords(word)} there`,
    }),
  ]
}

/** A relay says nothing of its own in IMAP and POP3, so it tells no upstream who the client is. */
function checkIdentity(
  { service }: Listener,
  { label }: Listen,
  scopes: readonly Scope[],
  word: OptionWord,
): Diagnostic[] {
  const id = service === 'imap' ? findOption(scopes, 'upstreamImapId')?.sourced : undefined
  const xclient = service === 'pop3' ? findOption(scopes, 'upstreamXclient')?.sourced : undefined
  const found = id?.value === true ? id : xclient?.value === 'no' ? undefined : xclient
  if (found === undefined) return []
  const name = word(found === id ? 'upstreamImapId' : 'upstreamXclient')
  return [
    finding({
      severity: 'warning',
      code: 'policy.only_with_a_login',
      message: `${name} has no effect on ${label}: its sessions are relayed as they are`,
      span: found.span,
      hint: `set ${loginWords(word)} there, or tell the address with ${word('upstreamProxyProtocol')}`,
    }),
  ]
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
