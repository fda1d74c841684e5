// A listening socket that is held and not served: the master binds it, or was given it, its workers
// accept from duplicates of it, and it outlives them.

import { chmodSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { isAbsolute, join } from 'node:path'
import { PosternError } from '../base/errors.ts'
import type { Plan } from '../policy/plan.ts'
import { errnoName } from './errno.ts'
import { bindError } from './listen.ts'
import { bindAt, ipv6Only } from './server-handle.ts'
import type { ServerHandle } from './server-handle.ts'
import type { HandedSocket } from './handed-sockets.ts'
import {
  isOwned,
  makeCradle,
  removeCradle,
  removeOwned,
  requireFreePath,
  settle,
} from './unix-path.ts'
import type { OwnedPath } from './unix-path.ts'

interface Origin {
  /** A socket file of ours. */
  readonly owned?: OwnedPath
  readonly handed?: HandedSocket
}

export class HeldSocket {
  /** Of the policy that it was bound for. */
  readonly plan: Plan
  readonly handle: ServerHandle
  /** It was given to this process, and stays open whatever the policy wants. */
  readonly handed: HandedSocket | undefined
  readonly #owned: OwnedPath | undefined

  private constructor(plan: Plan, handle: ServerHandle, more: Origin = {}) {
    this.plan = plan
    this.handle = handle
    this.handed = more.handed
    this.#owned = more.owned
  }

  /** Holds a socket that was handed in for a Listen. */
  static take(plan: Plan, handed: HandedSocket): HeldSocket {
    return new HeldSocket(plan, handed.handle, { handed })
  }

  /** Binds the socket of a Listen; rejects with a PosternError that names it. */
  static async bind(plan: Plan, prefix: string): Promise<HeldSocket> {
    const { endpoint, label } = plan.listen
    try {
      if (endpoint.kind === 'unix') return await HeldSocket.#bindUnix(plan, endpoint.path, prefix)
      const { host, port } = endpoint
      if (endpoint.isIpv6Only === true) {
        return new HeldSocket(plan, bindAt({ host, port, family: 6, flags: ipv6Only }))
      }
      const isAny = host === '*' || host === '::'
      const handle = isAny ? bindAny(host, port) : bindAt({ host, port, family: familyOf(host) })
      return new HeldSocket(plan, handle)
    } catch (error) {
      throw PosternError.is(error) ? error : bindError(error, label, endpoint)
    }
  }

  static async #bindUnix(plan: Plan, written: string, prefix: string): Promise<HeldSocket> {
    const { label } = plan.listen
    const path = isAbsolute(written) ? written : join(prefix, written)
    await requireFreePath(path, label)
    const cradle = makeCradle(path, label)
    try {
      const handle = bindAt({ host: cradle.socketPath, port: -1, family: -1 })
      const owned = settle(cradle, path, plan.settings.fileMode.value)
      return new HeldSocket(plan, handle, { owned })
    } catch (error) {
      removeCradle(cradle)
      throw error
    }
  }

  get listenId(): string {
    return this.plan.listen.id
  }

  /** Applies the mode that a new policy wants for our own socket file. */
  renew(plan: Plan): void {
    if (this.#owned !== undefined && isOwned(this.#owned)) {
      chmodSync(this.#owned.path, plan.settings.fileMode.value)
    }
  }

  /**
   * Gives the address up, once those who accept from it have done so, too. One that was handed in
   * stays open.
   */
  close(): void {
    if (this.handed !== undefined) return
    if (this.#owned !== undefined) removeOwned(this.#owned)
    this.handle.close()
  }
}

/** As listen.ts does for a socket of its own: both families, or IPv4 where there is no other. */
function bindAny(host: string, port: number): ServerHandle {
  try {
    return bindAt({ host: '::', port, family: 6 })
  } catch (error) {
    const name = errnoName(error)
    const hasNoIpv6 = name === 'EAFNOSUPPORT' || name === 'EADDRNOTAVAIL' || name === 'EINVAL'
    if (!hasNoIpv6 || host !== '*') throw error
    return bindAt({ host: '0.0.0.0', port, family: 4 })
  }
}

function familyOf(host: string): 4 | 6 {
  return isIPv6(host) ? 6 : 4
}
