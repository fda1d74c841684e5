// What a handshake needs to know: which certificate for which name, and what is asked of the client.

import { createHash } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { TlsVerifyMode } from '../../policy/options.ts'
import type { Plan } from '../../policy/plan.ts'
import { loginServiceOf } from '../../policy/login.ts'
import { readCertificates, reasonOf } from './certificate.ts'
import type { CertificateSource, ServerCertificate } from './certificate.ts'
import { certificatesFor, representativeNames } from './choose-certificate.ts'
import { contextParts, secureOptionsOf } from './context-options.ts'
import type { ContextPart } from './context-options.ts'
import { tlsOptionName } from './option-names.ts'
import { tlsError } from './tls-files.ts'

export interface TlsProfile {
  readonly certificates: readonly ServerCertificate[]
  /** A client's first message is looked into before its certificate is chosen. */
  readonly choosesByName: boolean
  readonly verifyMode: TlsVerifyMode
  readonly asksForCertificate: boolean
  /** Authorities between a client's certificate and the root. */
  readonly verifyDepth: number | undefined
  readonly allowsRenegotiation: boolean
  /** The protocol ids that are accepted of a client that offers any (ALPN). */
  readonly protocolIds: readonly string[] | undefined
  contextFor(serverName: string | undefined): SecureContext
}

/** Reads all that one kind of session needs; throws a PosternError that names file and line. */
export function createTlsProfile(plan: Plan, source: CertificateSource, key: string): TlsProfile {
  const { settings } = plan
  const certificates = readCertificates(source)
  if (certificates.length === 0) {
    const name = tlsOptionName('tlsCertificate', source.dialect)
    const text = `${plan.listen.label}: TLS is on and no ${name} is set`
    throw tlsError('gateway.tls_missing', text, { origin: settings.useTls.origin })
  }
  const verifyMode = settings.tlsVerifyMode.value
  const hasCa =
    settings.tlsClientCa?.value.path !== undefined ||
    settings.tlsTrustedCa?.value.path !== undefined
  const asksForCertificate =
    // Without a CA there is nothing to check a certificate against that nobody must have, and some
    // clients ask their user for one as soon as they are asked.
    verifyMode === 'lenient' ? hasCa : verifyMode !== 'none'
  const maker = new ContextMaker(source, { key, asksForCertificate })
  const contexts = new Map<string, SecureContext>()
  const contextFor = (serverName: string | undefined): SecureContext => {
    const chosen = certificatesFor(certificates, serverName)
    const id = chosen.map((certificate) => certificates.indexOf(certificate)).join(' ')
    const context = contexts.get(id) ?? maker.make(chosen, id)
    contexts.set(id, context)
    return context
  }
  // All of them now: what is wrong with one must show before the policy is in force.
  for (const name of [undefined, ...representativeNames(certificates)]) contextFor(name)
  const service = loginServiceOf(plan)
  return {
    certificates,
    choosesByName: contexts.size > 1,
    verifyMode,
    asksForCertificate,
    verifyDepth: settings.tlsVerifyDepth?.value,
    allowsRenegotiation: settings.tlsAllowRenegotiation.value,
    protocolIds: service === undefined ? undefined : [service],
    contextFor,
  }
}

/** Makes the contexts of one profile: they differ in their certificates alone. */
class ContextMaker {
  readonly #source: CertificateSource
  readonly #parts: readonly ContextPart[]
  readonly #common: SecureContextOptions
  readonly #key: string

  constructor(
    source: CertificateSource,
    { key, asksForCertificate }: { readonly key: string; readonly asksForCertificate: boolean },
  ) {
    const { settings } = source
    this.#source = source
    this.#key = key
    this.#parts = contextParts(source)
    // A resumed session shows no chain that could be judged again, so where one is asked for nothing
    // is resumed: what is revoked is revoked at the next connection.
    const isResumable = (settings.tlsSessionTickets?.value ?? true) && !asksForCertificate
    this.#common = {
      ...Object.assign({}, ...this.#parts.map(({ options }) => options)),
      secureOptions: secureOptionsOf(settings, isResumable),
    }
  }

  make(certificates: readonly ServerCertificate[], id: string): SecureContext {
    const own: SecureContextOptions = {
      cert: certificates.map(({ chain }) => chain),
      key: certificates.map(({ key }) => key),
    }
    // A session may be resumed only where it began: under the same certificates and settings.
    const where = createHash('sha256').update(`${this.#key} ${id}`).digest('hex')
    try {
      return createSecureContext({
        ...this.#common,
        ...own,
        sessionIdContext: where.slice(0, 32),
      })
    } catch (cause) {
      throw this.#explain(certificates, own, cause)
    }
  }

  /** The part that the library does not take even alone; else it is what they come to together. */
  #explain(
    certificates: readonly ServerCertificate[],
    own: SecureContextOptions,
    cause: unknown,
  ): Error {
    const name = tlsOptionName('tlsCertificate', this.#source.dialect)
    const [first] = certificates
    const parts = [{ name, origin: first?.origin, options: own }, ...this.#parts]
    for (const part of parts) {
      const refusal = refusalOf(part.options)
      if (refusal === undefined || part.name === '') continue
      const text = `${part.name}: the TLS library does not take it (${reasonOf(refusal)})`
      return tlsError('gateway.tls_invalid', text, { origin: part.origin, cause: refusal })
    }
    const text = `no TLS context can be made of "${first?.file ?? ''}" and what goes with it (${reasonOf(cause)})`
    return tlsError('gateway.tls_invalid', text, { origin: first?.origin, cause })
  }
}

function refusalOf(options: SecureContextOptions): unknown {
  try {
    createSecureContext(options)
    return undefined
  } catch (error) {
    return error
  }
}
