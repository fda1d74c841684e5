// What nginx checks when a mail block ends: that each server has all it needs, its own or inherited.

import type { Span } from '../../base/diagnostic.ts'
import type { Finding } from '../report.ts'
import type { CheckedDirective } from './checked.ts'
import type { NginxCode } from './codes.ts'
import { guessProtocol } from './protocol.ts'

/** The directives of one server, and those of the mail block around it. */
class ServerView {
  readonly directive: CheckedDirective
  readonly #outer: readonly CheckedDirective[]

  constructor(directive: CheckedDirective, outer: readonly CheckedDirective[]) {
    this.directive = directive
    this.#outer = outer
  }

  /** All directives of a name: the server's, or the inherited ones when it has none. */
  all(name: string): readonly CheckedDirective[] {
    const own = this.own(name)
    return own.length > 0 ? own : this.#outer.filter((found) => found.spec.name === name)
  }

  own(name: string): readonly CheckedDirective[] {
    return this.directive.body.filter((found) => found.spec.name === name)
  }

  choice(name: string): string | undefined {
    const value = this.all(name).at(-1)?.value
    return value?.kind === 'choice' ? value.choice : undefined
  }
}

type ServerFinding = Finding<NginxCode> & { readonly span: Span }

/** `mail`: the checked directives of the block. The order of the findings is nginx's. */
export function serverFindings(mail: readonly CheckedDirective[]): readonly ServerFinding[] {
  const servers = mail
    .filter(({ spec }) => spec.name === 'server')
    .map((server) => new ServerView(server, mail))
  return [protocolFinding, certificateFinding, authenticatorFinding].flatMap((check) =>
    servers.flatMap((server) => check(server) ?? []),
  )
}

function protocolFinding(server: ServerView): ServerFinding | undefined {
  if (server.own('protocol').length > 0) return undefined
  const ports = server
    .own('listen')
    .flatMap(({ value }) => (value.kind === 'listen' ? value.addresses.slice(0, 1) : []))
    .flatMap((address) => (address.kind === 'tcp' ? [address.port] : []))
  if (ports.some((port) => guessProtocol(port) !== undefined)) return undefined
  return {
    code: 'nginx.no_protocol',
    message: 'unknown mail protocol for server',
    span: server.directive.end,
    hint: 'write protocol imap, pop3 or smtp: the port does not tell it',
  }
}

function certificateFinding(server: ServerView): ServerFinding | undefined {
  const listen = server
    .own('listen')
    .findLast(({ value }) => value.kind === 'listen' && value.isTls === true)
  const isStarttls = ['on', 'only'].includes(server.choice('starttls') ?? 'off')
  const needing = listen ?? (isStarttls ? server.all('starttls').at(-1) : undefined)
  if (needing === undefined) return undefined
  const mode = `the "${listen === undefined ? 'starttls' : 'listen ... ssl'}" directive`
  const certificates = server.all('ssl_certificate')
  const keys = server.all('ssl_certificate_key')
  const problem = missingPair(certificates, keys, mode)
  if (problem === undefined) return authorityFinding(server)
  const missing = certificates.length === 0 ? 'ssl_certificate' : 'ssl_certificate_key'
  const hint = `name its PEM file in the server or in mail: ${missing} FILE;`
  return { code: 'nginx.no_certificate', message: problem, span: needing.end, hint }
}

function missingPair(
  certificates: readonly CheckedDirective[],
  keys: readonly CheckedDirective[],
  mode: string,
): string | undefined {
  if (certificates.length === 0) return `no "ssl_certificate" is defined for ${mode}`
  if (keys.length === 0) return `no "ssl_certificate_key" is defined for ${mode}`
  if (keys.length >= certificates.length) return undefined
  const last = certificates.at(-1)?.args[0]?.text ?? ''
  return `no "ssl_certificate_key" is defined for certificate "${last}" and ${mode}`
}

/** Clients can only be verified against something. */
function authorityFinding(server: ServerView): ServerFinding | undefined {
  const verify = server.choice('ssl_verify_client')
  if (verify !== 'on' && verify !== 'optional') return undefined
  if (server.all('ssl_client_certificate').length > 0) return undefined
  return {
    code: 'nginx.no_certificate',
    message: 'no ssl_client_certificate for ssl_verify_client',
    span: server.directive.end,
    hint: 'name the file of the authorities with ssl_client_certificate',
  }
}

function authenticatorFinding(server: ServerView): ServerFinding | undefined {
  const names = ['auth_http', 'auth_users', 'proxy_pass']
  if (names.some((name) => server.all(name).length > 0)) return undefined
  // For the clients of those peers, that is.
  const peers = server.all('peer').flatMap(({ body }) => body)
  if (peers.some(({ spec }) => spec.name === 'proxy_pass')) return undefined
  const tried = server.all('auth_upstream').at(-1)
  if (tried?.value.kind === 'flag' && tried.value.isOn) {
    return {
      code: 'nginx.no_authenticator',
      message: 'no "proxy_pass" is defined for "auth_upstream"',
      span: server.directive.end,
      hint: 'name the mail server at which logins are tried: proxy_pass 127.0.0.1:143',
    }
  }
  return {
    code: 'nginx.no_authenticator',
    message: 'no "auth_http" is defined for server',
    span: server.directive.end,
    hint: 'write auth_http, or auth_users for a file of users, or proxy_pass for an upstream',
  }
}
