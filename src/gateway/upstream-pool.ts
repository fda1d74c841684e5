// Which address of an upstream list is tried next: round robin over those that answer, the others
// last.

import { isIP } from 'node:net'
import { isAbsolute, join } from 'node:path'
import type { TcpNetConnectOpts, IpcNetConnectOpts } from 'node:net'
import type { UpstreamAddress } from '../policy/options.ts'
import type { Policy } from '../policy/policy.ts'
import type { UpstreamHealth } from './gateway.ts'

// Long enough that a dead server does not cost every session a failed connect, short enough that
// one that restarted is used again within seconds (nginx's fail_timeout).
const skipMs = 10_000

// Stateful firewalls forget an idle connection after five minutes at the earliest: one probe in
// each silent minute keeps it known, and finds a peer that vanished without a word.
export const keepAliveDelayMs = 60_000

/** One address, and whether it answered lately. */
export interface UpstreamTarget {
  /** As logs show it. */
  readonly text: string
  readonly options: TcpNetConnectOpts | IpcNetConnectOpts
  /** Where there is nothing to look up: the address as it is. */
  readonly numeric?: { readonly address: string; readonly port: number; readonly family: 4 | 6 }
  /** Of a list in the policy, so that it is remembered from one session to the next. */
  readonly isListed: boolean
  /** 0: it answered when it was tried last. */
  skippedUntilMs: number
}

/** All upstream lists of a gateway; a list of a policy keeps its pool as long as it is in use. */
export class UpstreamPools {
  readonly #prefix: string
  readonly #pools = new WeakMap<readonly UpstreamAddress[], UpstreamPool>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** One address by itself, as an auth server names it. */
  targetOf(address: UpstreamAddress): UpstreamTarget {
    return { ...targetOf(address, this.#prefix), isListed: false }
  }

  /** Of the lists of a policy, as far as they were used; an address of several lists once. */
  health(policy: Policy, nowMs: number): readonly UpstreamHealth[] {
    const up = new Map<string, boolean>()
    for (const list of upstreamLists(policy)) {
      for (const { text, skippedUntilMs } of this.#pools.get(list)?.targets ?? []) {
        up.set(text, (up.get(text) ?? true) && skippedUntilMs <= nowMs)
      }
    }
    return Array.from(up, ([upstream, isUp]) => ({ upstream, isUp }))
  }

  poolOf(list: readonly UpstreamAddress[]): UpstreamPool {
    let pool = this.#pools.get(list)
    if (pool === undefined) {
      pool = new UpstreamPool(list.map((address) => targetOf(address, this.#prefix)))
      this.#pools.set(list, pool)
    }
    return pool
  }
}

function upstreamLists(policy: Policy): readonly (readonly UpstreamAddress[])[] {
  const scopes = [
    policy.global,
    ...policy.listeners.flatMap((listener) => [
      listener,
      ...listener.peers,
      ...listener.listens.flatMap((listen) => [listen, ...listen.peers]),
    ]),
    ...policy.pathways,
    ...policy.pathwayGroups,
  ]
  return scopes.flatMap(({ options }) =>
    options.upstream === undefined ? [] : [options.upstream.value],
  )
}

/** The addresses of one list. */
export class UpstreamPool {
  readonly targets: readonly UpstreamTarget[]
  #turn = 0

  constructor(targets: readonly UpstreamTarget[]) {
    this.targets = targets
  }

  /** Every address once, in the order to try them for one session. */
  order(nowMs: number): readonly UpstreamTarget[] {
    if (this.targets.length <= 1) return this.targets
    const first = this.#turn % this.targets.length
    this.#turn = first + 1
    const turned = [...this.targets.slice(first), ...this.targets.slice(0, first)]
    // A skipped address comes last, not never: when all are dead, the next session finds out who is
    // back.
    const alive = turned.filter((target) => target.skippedUntilMs <= nowMs)
    if (alive.length === turned.length) return turned
    return [...alive, ...turned.filter((target) => target.skippedUntilMs > nowMs)]
  }
}

/** Skips an address for a while. */
export function markFailed(target: UpstreamTarget, nowMs: number): void {
  target.skippedUntilMs = nowMs + skipMs
}

export function markWorking(target: UpstreamTarget): void {
  target.skippedUntilMs = 0
}

function targetOf(address: UpstreamAddress, prefix: string): UpstreamTarget {
  if (address.kind === 'unix') {
    const path = isAbsolute(address.path) ? address.path : join(prefix, address.path)
    return {
      text: `unix:${path}`,
      options: { path, allowHalfOpen: true },
      isListed: true,
      skippedUntilMs: 0,
    }
  }
  const { host, port } = address
  const text = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  // No Nagle towards the upstream: what the client sent as one piece must not wait for its ACKs.
  const options: TcpNetConnectOpts = {
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveDelayMs,
  }
  const base = { text, options, isListed: true, skippedUntilMs: 0 }
  const family = isIP(host)
  if (family !== 4 && family !== 6) return base
  return { ...base, numeric: { address: host, port, family } }
}
