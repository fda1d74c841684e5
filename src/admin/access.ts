// Who may do what: reading and changing are told apart, and so are a Unix socket, this machine and
// everybody else. A browser is never anybody's way in: not by another name for our address, not from
// another site's page.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import type { Endpoint } from '../base/address.ts'
import type { Status } from './answers.ts'
import { problemResponse } from './problem.ts'
import type { Problem } from './problem.ts'

/**
 * `owner`: a Unix socket that only its owner can open, who may do all. `local`: this machine; reading
 * is free. `remote`: everybody, who must all say the token.
 */
export type AccessKind = 'owner' | 'local' | 'remote'

export interface Access {
  readonly kind: AccessKind
  /** SHA-256 of the token; absent: there is none, and nothing can be changed over TCP. */
  readonly tokenDigest?: Uint8Array
}

/** What a token is compared by: of one length whatever the token, so that a comparison tells nothing. */
function digestOf(token: string): Uint8Array {
  return createHash('sha256').update(token).digest()
}

export function accessOf(kind: AccessKind, token: string | undefined): Access {
  return { kind, ...(token === undefined ? {} : { tokenDigest: digestOf(token) }) }
}

const readOnlyWhy =
  'Changes need a token, and none is set: name a file with admin_token_file (Admin_Token_File), or let the API listen on a Unix socket.'

const challenge = 'Bearer realm="postern"'

/** `isChange` says which requests change something; health is asked without a token everywhere. */
export function requireAccess(access: () => Access): MiddlewareHandler {
  const auth = bearerAuth({
    realm: 'postern',
    verifyToken: (token) => isRight(token, access()),
    noAuthenticationHeader: {
      message: () =>
        unauthorized('token_missing', 'This needs the token: Authorization: Bearer TOKEN.'),
    },
    invalidAuthenticationHeader: {
      message: () =>
        unauthorized('token_malformed', 'The Authorization header is not "Bearer TOKEN".'),
    },
    invalidToken: { message: () => unauthorized('token_wrong', 'The token is wrong.') },
  })
  return async (c, next) => {
    const { kind, tokenDigest } = access()
    const isChange = !isRead(c.req.method)
    if (kind === 'owner' || isHealth(c.req.path)) return next()
    if (kind === 'local' && !isChange) return next()
    if (tokenDigest === undefined) return problemResponse(readOnly)
    return auth(c, next)
  }
}

export type CallerAccess = Status['access']

/** Whether this request could change something, and if not, why. */
export function mayChange({ kind, tokenDigest }: Access, header: string | undefined): CallerAccess {
  if (kind === 'owner') return { mayChange: true, takesToken: false }
  if (tokenDigest === undefined) return { mayChange: false, why: readOnlyWhy, takesToken: false }
  const token = /^bearer +(\S+)$/i.exec(header ?? '')?.[1]
  if (token !== undefined && isRight(token, { kind, tokenDigest })) {
    return { mayChange: true, takesToken: true }
  }
  const why = 'Changes need the token: Authorization: Bearer TOKEN.'
  return { mayChange: false, why, takesToken: true }
}

const readOnly: Problem = { status: 403, code: 'read_only', message: readOnlyWhy }

function isRight(token: string, { tokenDigest }: Access): boolean {
  return tokenDigest !== undefined && timingSafeEqual(digestOf(token), tokenDigest)
}

function unauthorized(code: string, message: string): Response {
  const headers = { 'WWW-Authenticate': challenge }
  return problemResponse({ status: 401, code, message, headers })
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function isHealth(path: string): boolean {
  return path === '/healthz' || path === '/readyz'
}

/**
 * On this machine anybody's page can have its own name point to us (DNS rebinding), and then reads as
 * if it were ours; but a browser says which name it was. Beyond this machine the token is needed,
 * which no browser adds by itself.
 */
export function requireOwnHost(access: () => Access, endpoint: Endpoint): MiddlewareHandler {
  const names = new Set(['localhost', '127.0.0.1', '[::1]'])
  if (endpoint.kind === 'tcp') {
    names.add(endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host)
  }
  return async (c, next) => {
    const { kind } = access()
    if (kind === 'remote') return next()
    const host = (c.req.header('host') ?? '').replace(/:[0-9]{1,5}$/, '').toLowerCase()
    // A Unix socket has no name, and its users write any one word for it; `ssh -L` may lead a browser
    // to it, but a name that a stranger can have point to us has a dot.
    if (names.has(host) || (kind === 'owner' && !host.includes('.'))) return next()
    return problemResponse({
      status: 403,
      code: 'wrong_host',
      message: 'The Host header does not name this address: ask for 127.0.0.1 or localhost.',
    })
  }
}

/**
 * What another site's page has a browser send is refused, readings as well: they cost work. Browsers
 * say where a request comes from by these headers, and nobody else needs them.
 */
export function refuseOtherSites(): MiddlewareHandler {
  return async (c, next) => {
    const site = c.req.header('sec-fetch-site')
    const isOwnSite = site === undefined || site === 'same-origin' || site === 'none'
    const origin = c.req.header('origin')
    const isOwnOrigin = origin === undefined || origin === originOf(c.req.url, c.req.header('host'))
    // `none` is what somebody typed or clicked, which never changes anything.
    const isTypedChange = site === 'none' && !isRead(c.req.method)
    if (isOwnSite && isOwnOrigin && !isTypedChange) return next()
    return problemResponse({
      status: 403,
      code: 'cross_site',
      message: "Another site's page asks for this, and is not answered.",
    })
  }
}

function originOf(url: string, host: string | undefined): string {
  return `${new URL(url).protocol}//${host ?? ''}`
}
