// The names of SMTP clients: kept for a while, looked up once for all who ask at the same time, and
// never more than so many at once.

import type { Address } from '../../base/address.ts'
import type { Clock } from '../../base/clock.ts'
import { isNamed } from '../../policy/name-server.ts'
import type { NameServer } from '../../policy/name-server.ts'
import type { Settings } from '../../policy/plan.ts'
import { loginOption } from '../login/login-settings.ts'
import type { InquiryOptions } from './inquiry.ts'
import { NameCache } from './name-cache.ts'
import { failedKeepMs, inAddress, NameLookup } from './name-lookup.ts'
import type { FoundName } from './name-lookup.ts'
import type { NamedServers } from './name-servers.ts'

// Two sockets each at the most: a tenth of the descriptors of a small gate. Those above it wait
// their turn, within their own time.
const lookupsMax = 64
// nginx asks again after as long.
const attemptMs = 5000

const noServers: FoundName = {
  name: { kind: 'temporarily_unavailable' },
  problem: `no name server has an address while ${inAddress}`,
  level: 'error',
  keepMs: 0,
}

/** Somebody waits for a name. */
export interface Asking {
  /** What is being done for it, as a log says it. */
  readonly action: string
  /** It waits no longer; `isTimeout`: in vain. */
  leave(why?: { readonly isTimeout: boolean }): void
}

/** One address that is looked up, or will be. Somebody waits for each: sessions bound their number. */
interface Pending {
  readonly key: string
  readonly address: Address
  readonly start: (onFound: (found: FoundName) => void) => NameLookup
  readonly waiting: Set<(found: FoundName) => void>
  lookup: NameLookup | undefined
}

export interface NamesOptions {
  readonly clock: Clock
  readonly attemptMs?: number
}

export class ClientNames {
  readonly #clock: Clock
  readonly #attemptMs: number
  readonly #cache = new NameCache()
  readonly #pending = new Map<string, Pending>()
  readonly #queue = new Set<Pending>()
  #runningCount = 0
  #turn = 0
  /** Replaced with the policy. */
  named: NamedServers = new Map()

  constructor(options: NamesOptions) {
    this.#clock = options.clock
    this.#attemptMs = options.attemptMs ?? attemptMs
  }

  /** Answers at once when the name is known, else later, unless the asking is left before. */
  ask(
    settings: Settings,
    address: Address,
    onFound: (found: FoundName) => void,
  ): FoundName | Asking {
    const servers = this.#addressesOf(settings.resolver?.value ?? [])
    if (servers.length === 0) return noServers
    const validMs = settings.resolverValid?.value.ms
    const isIpv4Asked = loginOption(settings, 'resolverIpv4')
    const isIpv6Asked = loginOption(settings, 'resolverIpv6')
    // One cache for all: another resolver, or another reading of its answers, is another key.
    const key = [address.text, isIpv4Asked, isIpv6Asked, validMs, ...servers].join(' ')
    const known = this.#cache.get(key, this.#clock.monotonicMs())
    if (known !== undefined) return known
    let pending = this.#pending.get(key)
    if (pending === undefined) {
      const order = (): InquiryOptions => this.#order(servers)
      const lookup = { address, isIpv4Asked, isIpv6Asked, validMs, order }
      pending = {
        key,
        address,
        start: (whenFound) => new NameLookup({ ...lookup, onFound: whenFound }),
        waiting: new Set(),
        lookup: undefined,
      }
      this.#pending.set(key, pending)
      this.#queue.add(pending)
    }
    const asking = this.#join(pending, onFound)
    this.#startNext()
    return asking
  }

  #join(pending: Pending, onFound: (found: FoundName) => void): Asking {
    const { waiting } = pending
    // A function of its own for each: one that asks twice waits twice.
    const tell = (found: FoundName): void => onFound(found)
    waiting.add(tell)
    return {
      get action() {
        return pending.lookup?.action ?? inAddress
      },
      leave: (why = { isTimeout: false }) => {
        if (waiting.delete(tell) && waiting.size === 0) this.#abandon(pending, why)
      },
    }
  }

  #startNext(): void {
    for (const pending of this.#queue) {
      if (this.#runningCount >= lookupsMax) return
      this.#queue.delete(pending)
      this.#runningCount += 1
      pending.lookup = pending.start((found) => this.#onFound(pending, found))
    }
  }

  #onFound(pending: Pending, found: FoundName): void {
    this.#remove(pending)
    this.#cache.put(pending.key, found, this.#clock.monotonicMs())
    for (const tell of pending.waiting) tell(found)
    this.#startNext()
  }

  #abandon(pending: Pending, { isTimeout }: { readonly isTimeout: boolean }): void {
    const action = pending.lookup?.action ?? inAddress
    pending.lookup?.abandon()
    this.#remove(pending)
    if (isTimeout) {
      const problem = `${pending.address.text} could not be resolved lately while ${action}`
      const name = { kind: 'temporarily_unavailable' } as const
      const found: FoundName = { name, problem, level: 'info', keepMs: failedKeepMs }
      this.#cache.put(pending.key, found, this.#clock.monotonicMs())
    }
    this.#startNext()
  }

  #remove(pending: Pending): void {
    this.#pending.delete(pending.key)
    this.#queue.delete(pending)
    if (pending.lookup !== undefined) this.#runningCount -= 1
  }

  /** Each question begins with the next server. */
  #order(servers: readonly string[]): InquiryOptions {
    const first = this.#turn % servers.length
    this.#turn = first + 1
    const turned = [...servers.slice(first), ...servers.slice(0, first)]
    return { servers: turned, attemptMs: this.#attemptMs }
  }

  #addressesOf(servers: readonly NameServer[]): readonly string[] {
    return servers.flatMap((server) => {
      const addresses = isNamed(server) ? (this.named.get(server.host) ?? []) : [server.host]
      return addresses.map((address) =>
        address.includes(':') ? `[${address}]:${server.port}` : `${address}:${server.port}`,
      )
    })
  }
}
