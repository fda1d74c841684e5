// TLS to upstreams: contexts made when a policy is loaded, the handshake, and what it failed of.

import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import { checkServerIdentity, connect, createSecureContext, DEFAULT_CIPHERS } from 'node:tls'
import type { SecureContext, SecureContextOptions, TLSSocket } from 'node:tls'
import { PlanTable } from '../policy/plan-table.ts'
import type { TlsVersion } from '../policy/options.ts'
import type { Effective, Plan, Settings } from '../policy/plan.ts'
import type { Policy } from '../policy/policy.ts'
import { verifyErrorOf } from '../protocol/tls/verify-error.ts'
import { errnoText } from './errno.ts'
import { otherVersions } from './tls/context-options.ts'
import { handshakeErrorText } from './tls/handshake-error.ts'
import { samples } from './tls/tls-contexts.ts'
import { tlsError, TlsFiles } from './tls/tls-files.ts'
import type { UpstreamTarget } from './upstream-pool.ts'

/** What a handshake with an upstream needs to know. */
export interface UpstreamTlsProfile {
  /** TLS is asked for in the dialogue; else it begins with the first byte. */
  readonly isStarttls: boolean
  readonly context: SecureContext
  readonly isVerified: boolean
  /** The name the certificate must have; absent: the host of the address. */
  readonly name: string | undefined
  readonly isNameSent: boolean
  readonly resumption: TlsResumption
}

// A session with the certificates in it takes about 4 KB, so 256 upstreams take a megabyte; an auth
// server may name more of them, and then those used longest ago shake hands in full again.
const resumableMax = 256

/** The TLS sessions that upstreams would take up again, one for each address. */
export class TlsResumption {
  readonly #sessions = new Map<string, Buffer>()

  get count(): number {
    return this.#sessions.size
  }

  find(target: string): Buffer | undefined {
    return this.#sessions.get(target)
  }

  keep(target: string, session: Buffer): void {
    this.#sessions.delete(target)
    this.#sessions.set(target, session)
    if (this.#sessions.size <= resumableMax) return
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest)
      return
    }
  }

  forget(target: string): void {
    this.#sessions.delete(target)
  }
}

// A list without a suite of TLS 1.3 would switch that off for Node; nginx's list is for 1.2 alone.
const defaultSuites = DEFAULT_CIPHERS.split(':')
  .filter((name) => name.startsWith('TLS_'))
  .join(':')

/** The contexts of one policy. */
export class UpstreamTls {
  readonly #dialect: Policy['dialect']
  readonly #files: TlsFiles
  readonly #profiles = new Map<string, UpstreamTlsProfile>()
  readonly #byPlan = new WeakMap<Plan, UpstreamTlsProfile>()

  constructor(prefix: string, dialect: Policy['dialect'] = 'momentum') {
    this.#dialect = dialect
    this.#files = new TlsFiles(prefix)
  }

  /** Undefined: no TLS. Throws a PosternError that names file and line. */
  profileOf(plan: Plan): UpstreamTlsProfile | undefined {
    if (plan.settings.upstreamTls.value === 'off') return undefined
    let profile = this.#byPlan.get(plan)
    if (profile === undefined) {
      const key = keyOf(plan.settings)
      profile = this.#profiles.get(key) ?? this.#create(plan)
      this.#profiles.set(key, profile)
      this.#byPlan.set(plan, profile)
    }
    return profile
  }

  #create(plan: Plan): UpstreamTlsProfile {
    const { settings } = plan
    return {
      isStarttls: settings.upstreamTls.value === 'starttls',
      context: this.#createContext(plan),
      isVerified: settings.upstreamTlsVerify.value,
      name: settings.upstreamTlsName?.value,
      isNameSent: settings.upstreamTlsSni.value,
      resumption: new TlsResumption(),
    }
  }

  #createContext(plan: Plan): SecureContext {
    const { settings } = plan
    const ca = this.#read(settings, 'upstreamTlsCa')
    const certificate = this.#read(settings, 'upstreamTlsCertificate')
    const key = this.#read(settings, 'upstreamTlsKey')
    const protocols = settings.upstreamTlsProtocols?.value
    const ciphers = settings.upstreamTlsCiphers?.value
    const options: SecureContextOptions = {
      ...(ca === undefined ? {} : { ca }),
      // The certificate's file may hold the key as well, as with TLS_Certificate.
      ...(certificate === undefined ? {} : { cert: certificate, key: key ?? certificate }),
      ...(protocols === undefined ? {} : versionsOf(protocols)),
      ...(ciphers === undefined ? {} : { ciphers: `${defaultSuites}:${ciphers}` }),
    }
    try {
      return createSecureContext(options)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const text = `${plan.listen.label}: no TLS context to the upstream can be made: ${why}`
      const { origin } = originOf(settings)
      throw tlsError('gateway.tls_invalid', text, { origin, cause })
    }
  }

  #read(settings: Settings, option: keyof typeof fileNames): Buffer | undefined {
    const path = settings[option]?.value.path
    if (path === undefined) return undefined
    const [momentum, nginx] = fileNames[option]
    const name = this.#dialect === 'nginx' ? nginx : momentum
    return this.#files.read(path, { name, origin: settings[option]?.origin })
  }
}

/** What the options are called in the two languages. */
const fileNames = {
  upstreamTlsCa: ['Upstream_TLS_CA', 'proxy_ssl_trusted_certificate'],
  upstreamTlsCertificate: ['Upstream_TLS_Certificate', 'proxy_ssl_certificate'],
  upstreamTlsKey: ['Upstream_TLS_Key', 'proxy_ssl_certificate_key'],
} as const

function versionsOf(wanted: readonly TlsVersion[]): SecureContextOptions {
  const minVersion = wanted[0]
  const maxVersion = wanted.at(-1)
  if (minVersion === undefined || maxVersion === undefined) return {}
  return { minVersion, maxVersion, secureOptions: otherVersions(wanted) }
}

/** Makes every context that the policy's sessions will need; throws before anything is swapped. */
export function loadUpstreamTls(policy: Policy, prefix: string): UpstreamTls {
  const contexts = new UpstreamTls(prefix, policy.dialect)
  const plans = new PlanTable(policy, (plan) => plan)
  for (const listener of policy.listeners) {
    for (const listen of listener.listens) {
      if (!plans.get(listen.id, undefined).settings.enable.value) continue
      for (const address of samples([...listen.peers, ...listener.peers])) {
        contexts.profileOf(plans.get(listen.id, address))
      }
    }
  }
  return contexts
}

/** Begins the handshake; `secureConnect` tells that certificate and name are right. */
export function startUpstreamTls(
  raw: Socket,
  profile: UpstreamTlsProfile,
  target: UpstreamTarget,
): TLSSocket {
  const { resumption } = profile
  const name = expectedName(profile, target)
  const session = resumption.find(target.text)
  const secured = connect({
    socket: raw,
    secureContext: profile.context,
    rejectUnauthorized: profile.isVerified,
    // RFC 6066: an address is no server name.
    ...(profile.isNameSent && isIP(name) === 0 && name !== '' ? { servername: name } : {}),
    ...(session === undefined ? {} : { session }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  })
  // Node tells of none before the certificate is verified: what is resumed is not verified again.
  secured.on('session', (fresh: Buffer) => resumption.keep(target.text, fresh))
  return secured
}

/** What went wrong in a handshake, in nginx's words. */
export function handshakeProblem(
  error: Error,
  profile: UpstreamTlsProfile,
  target: UpstreamTarget,
): string {
  // A session that the upstream took badly is not offered to it again.
  profile.resumption.forget(target.text)
  const code: unknown = 'code' in error ? error.code : undefined
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const name = expectedName(profile, target)
    const hint = isIP(name) === 0 ? '' : ' (proxy_ssl_name or Upstream_TLS_Name sets another)'
    return `upstream SSL certificate does not match "${name}"${hint}`
  }
  // Node's own words for an end in the middle of it.
  if (code === 'ECONNRESET' && !('syscall' in error)) {
    return 'peer closed connection in SSL handshake'
  }
  if (isAboutCertificate(error)) {
    const { number, text } = verifyErrorOf(error.message)
    return `upstream SSL certificate verify error: (${number}:${text})`
  }
  const why = 'errno' in error ? errnoText(error) : handshakeErrorText(error)
  return `SSL_do_handshake() failed (${why})`
}

/** Node gives a failed check OpenSSL's name of it for a code, and nothing else. */
function isAboutCertificate(error: Error): boolean {
  const code: unknown = 'code' in error ? error.code : undefined
  return typeof code === 'string' && !code.startsWith('ERR_') && !('errno' in error)
}

/** Empty for a Unix socket without a name, which no certificate can have. */
function expectedName({ name }: UpstreamTlsProfile, { options }: UpstreamTarget): string {
  return name ?? ('host' in options ? (options.host ?? '') : '')
}

function keyOf(settings: Settings): string {
  return JSON.stringify([
    settings.upstreamTls.value,
    settings.upstreamTlsVerify.value,
    settings.upstreamTlsSni.value,
    settings.upstreamTlsName?.value,
    settings.upstreamTlsCa?.value,
    settings.upstreamTlsCertificate?.value,
    settings.upstreamTlsKey?.value,
    settings.upstreamTlsProtocols?.value,
    settings.upstreamTlsCiphers?.value,
  ])
}

/** The option that is most likely to blame. */
function originOf(settings: Settings): Effective<unknown> {
  return (
    settings.upstreamTlsCertificate ??
    settings.upstreamTlsCiphers ??
    settings.upstreamTlsCa ??
    settings.upstreamTls
  )
}
