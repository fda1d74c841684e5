// TLS contexts from a policy: made when the policy is loaded, kept by the sessions that use them.

import type { Socket } from 'node:net'
import { createSecureContext, DEFAULT_CIPHERS, TLSSocket } from 'node:tls'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { constants, createHash } from 'node:crypto'
import type { Block } from '../base/address.ts'
import { addressOfWords } from '../base/address.ts'
import type { Address } from '../base/address.ts'
import { needsLogin } from '../policy/login.ts'
import { PlanTable } from '../policy/plan-table.ts'
import type { PathValue } from '../policy/options.ts'
import type { Effective, Plan } from '../policy/plan.ts'
import type { Policy } from '../policy/policy.ts'
import { starttlsOf } from './login/login-settings.ts'
import { tlsError, TlsFiles } from './tls/tls-files.ts'

/** What a handshake needs to know. */
export interface TlsProfile {
  readonly context: SecureContext
  readonly asksForCertificate: boolean
  /** Without a certificate that passes, the session ends. */
  readonly demandsCertificate: boolean
  readonly allowsRenegotiation: boolean
}

/** The contexts of one policy. */
export class TlsContexts {
  readonly #files: TlsFiles
  readonly #profiles = new Map<string, TlsProfile>()
  readonly #byPlan = new WeakMap<Plan, TlsProfile>()

  constructor(prefix: string) {
    this.#files = new TlsFiles(prefix)
  }

  /** The profile of a session's plan; throws a PosternError that names file and line. */
  profileOf(plan: Plan): TlsProfile {
    let profile = this.#byPlan.get(plan)
    if (profile === undefined) {
      const key = keyOf(plan)
      profile = this.#profiles.get(key) ?? this.#create(plan, key)
      this.#profiles.set(key, profile)
      this.#byPlan.set(plan, profile)
    }
    return profile
  }

  #create(plan: Plan, key: string): TlsProfile {
    const { settings } = plan
    const mode = settings.tlsVerifyMode.value
    const demandsCertificate = mode === 'require'
    const hasCa = settings.tlsClientCa?.value.path !== undefined
    return {
      context: this.#createContext(plan, key),
      // Without a CA there is nothing to check an optional certificate against, and some clients
      // ask their user for one as soon as they are asked.
      asksForCertificate: demandsCertificate || (mode === 'optional' && hasCa),
      demandsCertificate,
      allowsRenegotiation: settings.tlsAllowRenegotiation.value,
    }
  }

  #createContext(plan: Plan, key: string): SecureContext {
    const { tlsCertificate, tlsKey, tlsClientCa, tlsProtocols, tlsVerifyMode } = plan.settings
    if (tlsCertificate?.value.path === undefined) {
      const text = `${plan.listen.label}: Use_SSL is on and no TLS_Certificate is set`
      throw tlsError('gateway.tls_missing', text, plan.settings.useTls)
    }
    const hasKey = tlsKey?.value.path !== undefined
    const options: SecureContextOptions = {
      cert: this.#read(tlsCertificate, 'TLS_Certificate'),
      // The certificate's file may hold the key as well (momentum TLS_Certificate).
      key: hasKey ? this.#read(tlsKey, 'TLS_Key') : this.#read(tlsCertificate, 'TLS_Certificate'),
      ...(tlsClientCa?.value.path === undefined
        ? {}
        : { ca: this.#read(tlsClientCa, 'TLS_Client_CA') }),
      ...ciphersOf(plan),
      ...(tlsProtocols === undefined
        ? {}
        : { minVersion: tlsProtocols.value.min, maxVersion: tlsProtocols.value.max }),
      // A session may be resumed only where it began: under the same certificate and the same CA.
      sessionIdContext: createHash('sha256').update(key).digest('hex').slice(0, 32),
      // A resumed session shows no certificate, so where one is demanded nothing is resumed.
      ...(tlsVerifyMode.value === 'require' ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
    }
    try {
      return createSecureContext(options)
    } catch (error) {
      const file = tlsCertificate.value.path
      const why = error instanceof Error ? error.message : String(error)
      const text = `${plan.listen.label}: no TLS context can be made of "${file}" and what goes with it: ${why}`
      throw tlsError('gateway.tls_invalid', text, { origin: tlsCertificate.origin, cause: error })
    }
  }

  #read(option: Effective<PathValue>, name: string): Buffer {
    return this.#files.read(option.value.path ?? '', { name, origin: option.origin })
  }
}

/** Makes every context that the policy's sessions will need; throws before anything is swapped. */
export function loadTls(policy: Policy, prefix: string): TlsContexts {
  const contexts = new TlsContexts(prefix)
  const plans = new PlanTable(policy, (plan) => plan)
  for (const listener of policy.listeners) {
    for (const listen of listener.listens) {
      if (!plans.get(listen.id, undefined).settings.enable.value) continue
      for (const address of samples([...listen.peers, ...listener.peers])) {
        const plan = plans.get(listen.id, address)
        if (usesTls(plan)) contexts.profileOf(plan)
      }
    }
  }
  return contexts
}

function usesTls(plan: Plan): boolean {
  return plan.settings.useTls.value || (needsLogin(plan) && starttlsOf(plan) !== 'off')
}

/** Wraps an accepted socket. What was unshifted into the socket is read first. */
export function startTls(raw: Socket, profile: TlsProfile): TLSSocket {
  const secured = new TLSSocket(raw, {
    isServer: true,
    secureContext: profile.context,
    requestCert: profile.asksForCertificate,
    // Lets OpenSSL refuse a client without a certificate; one that does not pass, we refuse.
    rejectUnauthorized: profile.demandsCertificate,
  })
  // Node's own TLS server listens for this event, too: without it a broken record, or a forbidden
  // renegotiation, after the handshake would be known and left without consequence.
  secured.on('_tlsError', onTlsError)
  if (!profile.allowsRenegotiation) secured.disableRenegotiation()
  return secured
}

function onTlsError(this: TLSSocket, error: Error): void {
  this.destroy(error)
}

/** Why the client's certificate does not pass where one is demanded. */
export function verifyProblem(secured: Socket, profile: TlsProfile): string | undefined {
  if (!profile.demandsCertificate) return undefined
  // Node tells `authorized` only of sockets that its own TLS server accepted; the handle knows it
  // of all. Should a future Node hide it, nobody passes.
  const handle: unknown = Reflect.get(secured, '_handle')
  if (!hasVerifyError(handle)) return 'it cannot be verified'
  return handle.verifyError()?.message
}

function hasVerifyError(
  handle: unknown,
): handle is { verifyError: () => Error | null | undefined } {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    typeof Reflect.get(handle, 'verifyError') === 'function'
  )
}

/**
 * An address that no Peer needs to match, and both ends of every block: narrower blocks hide one at
 * most.
 */
function samples(peers: readonly { readonly block: Block }[]): (Address | undefined)[] {
  return [
    undefined,
    ...peers.flatMap(({ block }) => [addressOfWords(block.words), lastAddress(block)]),
  ]
}

function lastAddress(block: Block): Address {
  const words = block.words.map((word, index) => {
    const fixed = Math.min(Math.max(block.prefixLength - index * 32, 0), 32)
    // A shift by 32 would be a shift by 0.
    return fixed === 32 ? word : (word | (0xffff_ffff >>> fixed)) >>> 0
  })
  return addressOfWords(words)
}

/**
 * Node takes both lists as one, and an absent kind as "none of these": absent means the default
 * here.
 */
function ciphersOf(plan: Plan): Pick<SecureContextOptions, 'ciphers'> {
  const { tlsCiphers, tlsCiphersuites } = plan.settings
  if (tlsCiphers === undefined && tlsCiphersuites === undefined) return {}
  const all = DEFAULT_CIPHERS.split(':')
  const suites = tlsCiphersuites?.value ?? all.filter(isSuite).join(':')
  const ciphers = tlsCiphers?.value ?? all.filter((name) => !isSuite(name)).join(':')
  return { ciphers: `${suites}:${ciphers}` }
}

function isSuite(name: string): boolean {
  return name.startsWith('TLS_')
}

function keyOf(plan: Plan): string {
  const { settings } = plan
  return JSON.stringify([
    settings.tlsCertificate?.value.path,
    settings.tlsKey?.value.path,
    settings.tlsClientCa?.value.path,
    settings.tlsVerifyMode.value,
    settings.tlsCiphers?.value,
    settings.tlsCiphersuites?.value,
    settings.tlsProtocols?.value,
    settings.tlsAllowRenegotiation.value,
  ])
}
