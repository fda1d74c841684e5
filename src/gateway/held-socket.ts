// A listening socket that is held and not served: the master binds it, its workers accept from
// duplicates of it, and it outlives them.
//
// Node has no documented way to hold a listening socket without accepting from it. This file, alone,
// uses what its own cluster module does (docs/decisions/0017-master-host-threads.md):
// `net._createServerHandle` binds and does not poll. Its shape is checked before use.

import { chmodSync } from 'node:fs'
import * as net from 'node:net'
import { isAbsolute, join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { PosternError } from '../base/errors.ts'
import type { Plan } from '../policy/plan.ts'
import { errnoName } from './errno.ts'
import { bindError } from './listen.ts'
import {
  isOwned,
  makeCradle,
  removeCradle,
  removeOwned,
  requireFreePath,
  settle,
} from './unix-path.ts'
import type { OwnedPath } from './unix-path.ts'

/** The part of a handle that is used. `child_process` takes it as a handle to send. */
export interface ServerHandle {
  readonly fd: number
  close(): void
  getsockname?(out: object): number
}

/** uv's flag for an IPv6 socket without IPv4. */
const ipv6Only = 1

interface Place {
  readonly host: string
  readonly port: number
  readonly family: 4 | 6 | -1
  readonly flags?: number
}

export class HeldSocket {
  readonly listenId: string
  readonly handle: ServerHandle
  readonly #owned: OwnedPath | undefined

  private constructor(listenId: string, handle: ServerHandle, owned: OwnedPath | undefined) {
    this.listenId = listenId
    this.handle = handle
    this.#owned = owned
  }

  /** Binds the socket of a Listen; rejects with a PosternError that names it. */
  static async bind(plan: Plan, prefix: string): Promise<HeldSocket> {
    const { endpoint, label, id } = plan.listen
    try {
      if (endpoint.kind === 'unix') return await HeldSocket.#bindUnix(plan, endpoint.path, prefix)
      const { host, port } = endpoint
      if (endpoint.isIpv6Only === true) {
        return new HeldSocket(id, bindAt({ host, port, family: 6, flags: ipv6Only }), undefined)
      }
      const isAny = host === '*' || host === '::'
      const handle = isAny ? bindAny(host, port) : bindAt({ host, port, family: familyOf(host) })
      return new HeldSocket(id, handle, undefined)
    } catch (error) {
      throw PosternError.is(error) ? error : bindError(error, label, endpoint)
    }
  }

  static async #bindUnix(plan: Plan, written: string, prefix: string): Promise<HeldSocket> {
    const { label, id } = plan.listen
    const path = isAbsolute(written) ? written : join(prefix, written)
    await requireFreePath(path, label)
    const cradle = makeCradle(path, label)
    try {
      const handle = bindAt({ host: cradle.socketPath, port: -1, family: -1 })
      return new HeldSocket(id, handle, settle(cradle, path, plan.settings.fileMode.value))
    } catch (error) {
      removeCradle(cradle)
      throw error
    }
  }

  /** Applies the mode that a new policy wants for our own socket file. */
  renew(plan: Plan): void {
    if (this.#owned !== undefined && isOwned(this.#owned)) {
      chmodSync(this.#owned.path, plan.settings.fileMode.value)
    }
  }

  /** Gives the address up, once those who accept from it have done so, too. */
  close(): void {
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
  return net.isIPv6(host) ? 6 : 4
}

function bindAt({ host, port, family, flags = 0 }: Place): ServerHandle {
  const create: unknown = Reflect.get(net, '_createServerHandle')
  if (typeof create !== 'function') {
    const text = `Node ${process.versions.node} has no way to share listening sockets`
    throw new PosternError('gateway.no_shared_sockets', `${text}; run one worker`)
  }
  // A path is bound with port and family -1.
  const bound: unknown = Reflect.apply(create, net, [host, port, family, -1, flags])
  if (typeof bound === 'number') throw systemError(bound)
  if (!isServerHandle(bound)) throw new TypeError('Node answered no handle')
  // An address in use is told late: at the next question about the socket.
  const problem = family === -1 ? 0 : (bound.getsockname?.({}) ?? 0)
  if (problem === 0) return bound
  bound.close()
  throw systemError(problem)
}

function isServerHandle(value: unknown): value is ServerHandle {
  if (typeof value !== 'object' || value === null) return false
  return 'fd' in value && typeof value.fd === 'number' && 'close' in value
}

function systemError(errno: number): Error {
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`bind ${code}`), { code, errno, syscall: 'bind' })
}
