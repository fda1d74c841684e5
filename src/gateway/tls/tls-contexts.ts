// TLS from a policy: made when the policy is loaded, kept by the sessions that use it.

import { addressOfWords } from '../../base/address.ts'
import type { Address, Block } from '../../base/address.ts'
import { needsLogin } from '../../policy/login.ts'
import { PlanTable } from '../../policy/plan-table.ts'
import type { Plan, Settings } from '../../policy/plan.ts'
import { settingNames } from '../../policy/options-list.ts'
import type { Policy } from '../../policy/policy.ts'
import { starttlsOf } from '../login/login-settings.ts'
import { dateProblem } from './certificate.ts'
import { tlsOptionName } from './option-names.ts'
import { TlsFiles } from './tls-files.ts'
import { createTlsProfile } from './tls-profile.ts'
import type { TlsProfile } from './tls-profile.ts'

/** What is wrong with TLS, and no reason not to serve. */
export interface TlsWarning {
  readonly code: 'gateway.tls_dates'
  readonly text: string
}

/** The profiles of one policy. */
export class TlsContexts {
  readonly #dialect: Policy['dialect']
  readonly #files: TlsFiles
  readonly #profiles = new Map<string, TlsProfile>()
  readonly #byPlan = new WeakMap<Plan, TlsProfile>()

  constructor(prefix: string, dialect: Policy['dialect'] = 'momentum') {
    this.#dialect = dialect
    this.#files = new TlsFiles(prefix)
  }

  /** The profile of a session's plan; throws a PosternError that names file and line. */
  profileOf(plan: Plan): TlsProfile {
    let profile = this.#byPlan.get(plan)
    if (profile === undefined) {
      const key = keyOf(plan)
      const source = { settings: plan.settings, files: this.#files, dialect: this.#dialect }
      profile = this.#profiles.get(key) ?? createTlsProfile(plan, source, key)
      this.#profiles.set(key, profile)
      this.#byPlan.set(plan, profile)
    }
    return profile
  }

  /** Certificates whose time has passed, or has not come. Each is named once. */
  warnings(nowMs: number): readonly TlsWarning[] {
    const certificates = [...this.#profiles.values()].flatMap((profile) => profile.certificates)
    const texts = certificates.flatMap((certificate) => {
      const problem = dateProblem(certificate, nowMs)
      if (problem === undefined) return []
      const { file, origin } = certificate
      const name = tlsOptionName('tlsCertificate', this.#dialect)
      return [`${name} "${file}": ${problem} (${origin.file}:${origin.line})`]
    })
    return [...new Set(texts)].map((text) => ({ code: 'gateway.tls_dates', text }))
  }
}

/** Makes every profile that the policy's sessions will need; throws before anything is swapped. */
export function loadTls(policy: Policy, prefix: string): TlsContexts {
  const contexts = new TlsContexts(prefix, policy.dialect)
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

/**
 * An address that no Peer needs to match, and both ends of every block: narrower blocks hide one at
 * most.
 */
export function samples(peers: readonly { readonly block: Block }[]): (Address | undefined)[] {
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

/** What makes two plans one in TLS: all values of its options, and the protocol inside. */
function keyOf(plan: Plan): string {
  const settings: Partial<Settings> = plan.settings
  const values = settingNames
    .filter((name) => name.startsWith('tls'))
    .map((name) => [name, settings[name]?.value])
  return JSON.stringify([plan.listener.service, values], withoutPlace)
}

/** The same file named twice is one file. */
function withoutPlace(key: string, value: unknown): unknown {
  return key === 'span' ? undefined : value
}
