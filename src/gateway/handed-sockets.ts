// Listening sockets that this process was given and did not bind: an init system opened them
// (systemd's socket activation) and keeps them open. Each serves the Listen of its address; while no
// Listen wants one it is kept, since it could not be bound again.

import { readFileSync, readlinkSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { parseAddress } from '../base/address.ts'
import type { Endpoint } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import type { Plan } from '../policy/plan.ts'
import type { Listen } from '../policy/policy.ts'
import { errnoText } from './errno.ts'
import { openDescriptor } from './server-handle.ts'
import type { ServerHandle } from './server-handle.ts'

/** A descriptor as it was given, with what the giver calls it. */
export interface GivenDescriptor {
  readonly fd: number
  readonly name: string
}

/** What the kernel says a socket is bound to; absent when it does not say. */
export type SocketPlace =
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

export interface HandedSocket extends GivenDescriptor {
  readonly handle: ServerHandle
  readonly place: SocketPlace | undefined
}

export class HandedSockets {
  readonly #sockets: readonly HandedSocket[]
  /** Which Listen has each of them; one never serves two. */
  readonly #claims = new Map<HandedSocket, string>()

  constructor(sockets: readonly HandedSocket[]) {
    this.#sockets = sockets
  }

  /** What is no listening socket of a stream is left alone, and said. */
  static open(given: readonly GivenDescriptor[], log: Log): HandedSockets {
    const sockets = given.flatMap(({ fd, name }): HandedSocket[] => {
      try {
        const handle = openDescriptor(fd)
        return [{ fd, name, handle, place: placeOf(fd, handle) }]
      } catch (error) {
        const text = `descriptor ${fd} ("${name}") that was handed in is no listening socket (${errnoText(error)}); it is not used`
        log.write('warn', { text })
        return []
      }
    })
    return new HandedSockets(sockets)
  }

  /** The socket of a Listen, its alone from now on; undefined when there is none. */
  claim(
    { id, endpoint }: Pick<Listen, 'id' | 'endpoint'>,
    prefix: string,
  ): HandedSocket | undefined {
    const wanted = absolute(endpoint, prefix)
    const fitting = this.#sockets.filter(
      (socket) => !this.#claims.has(socket) && isFor(socket, wanted),
    )
    // Of the two that `*` may mean, the one that has both families.
    const found = fitting.find(isAnyIpv6) ?? fitting[0]
    if (found !== undefined) this.#claims.set(found, id)
    return found
  }

  /** No Listen uses it any more. */
  release(socket: HandedSocket): void {
    this.#claims.delete(socket)
  }

  /** Says what does not fit: sockets that nobody serves, and Listens that had to be bound here. */
  tell(plans: readonly Plan[], log: Log): void {
    if (this.#sockets.length === 0) return
    const served = new Set(this.#claims.values())
    for (const { listen } of plans) {
      if (served.has(listen.id)) continue
      const text = `no socket was handed in for ${listen.id}, it is bound here`
      log.write('warn', { text, listen: listen.id })
    }
    for (const socket of this.#sockets) {
      if (this.#claims.has(socket)) continue
      const text = `socket ${describe(socket)} was handed in and matches no Listen: its clients are not served`
      log.write('warn', { text })
    }
  }
}

/** As an operator finds it again: the address, and who gave it. */
export function describe({ fd, name, place }: HandedSocket): string {
  return `${placeText(place)} (descriptor ${fd}, "${name}")`
}

function placeText(place: SocketPlace | undefined): string {
  if (place === undefined) return 'of an unknown address'
  if (place.kind === 'unix') return place.path
  return place.address.includes(':')
    ? `[${place.address}]:${place.port}`
    : `${place.address}:${place.port}`
}

/**
 * `*` and `[::]` are `::`, with or without IPv4 as whoever bound it chose; `*` may be IPv4 alone, on
 * a machine that has no other. A path that the kernel does not tell, as that of a socket from
 * another network namespace, is known by its name.
 */
function isFor({ place, name }: HandedSocket, wanted: Endpoint): boolean {
  if (wanted.kind === 'unix') {
    return place?.kind === 'unix' ? place.path === wanted.path : name === wanted.path
  }
  if (place?.kind !== 'tcp' || place.port !== wanted.port) return false
  if (wanted.host === '*') return place.address === '::' || place.address === '0.0.0.0'
  return parseAddress(place.address)?.text === (parseAddress(wanted.host)?.text ?? wanted.host)
}

function isAnyIpv6({ place }: HandedSocket): boolean {
  return place?.kind === 'tcp' && place.address === '::'
}

function absolute(endpoint: Endpoint, prefix: string): Endpoint {
  if (endpoint.kind === 'tcp' || isAbsolute(endpoint.path)) return endpoint
  return { ...endpoint, path: join(prefix, endpoint.path) }
}

function placeOf(fd: number, handle: ServerHandle): SocketPlace | undefined {
  const out: { address?: string; port?: number } = {}
  if (handle.getsockname === undefined) {
    const path = unixPathOf(fd)
    return path === undefined ? undefined : { kind: 'unix', path }
  }
  const { address, port } = handle.getsockname(out) === 0 ? out : {}
  if (address === undefined || port === undefined) return undefined
  return { kind: 'tcp', address, port }
}

/** Node does not ask the kernel for the path of a Unix socket; /proc has it, where there is one. */
function unixPathOf(fd: number): string | undefined {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1]
    if (inode === undefined) return undefined
    // Num RefCount Protocol Flags Type St Inode Path
    const row = new RegExp(`^\\S+: \\S+ \\S+ \\S+ \\S+ \\S+ +${inode} (/.*)$`, 'm')
    return row.exec(readFileSync('/proc/net/unix', 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
