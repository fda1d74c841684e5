// Handles of listening sockets that nobody accepts from yet.
//
// Node has no documented way to hold a listening socket without accepting from it, or to ask a
// descriptor for its address. This file, alone, uses what its own cluster module does
// (docs/decisions/0017-master-host-threads.md): `net._createServerHandle` binds, or opens a
// descriptor, and does not poll. Its shape is checked before use.

import * as net from 'node:net'
import { getSystemErrorName } from 'node:util'
import { PosternError } from '../base/errors.ts'

/** The part of a handle that is used. `child_process` takes it as a handle to send. */
export interface ServerHandle {
  readonly fd: number
  close(): void
  /** TCP only. Answers 0 and fills `out`, or an error number. */
  getsockname?(out: { address?: string; port?: number }): number
}

/** uv's flag for an IPv6 socket without IPv4. */
export const ipv6Only = 1

/** Where to bind; a path has port and family -1. */
export interface BindPlace {
  readonly host: string
  readonly port: number
  readonly family: 4 | 6 | -1
  readonly flags?: number
}

/** Binds; throws the system's error. */
export function bindAt({ host, port, family, flags = 0 }: BindPlace): ServerHandle {
  const bound = create([host, port, family, -1, flags])
  // An address in use is told late: at the next question about the socket.
  const problem = family === -1 ? 0 : (bound.getsockname?.({}) ?? 0)
  if (problem === 0) return bound
  bound.close()
  throw systemError(problem)
}

/** A handle of a listening socket that this process was given; throws when it is none. */
export function openDescriptor(fd: number): ServerHandle {
  return create([null, null, null, fd])
}

function create(parameters: readonly unknown[]): ServerHandle {
  const createHandle: unknown = Reflect.get(net, '_createServerHandle')
  if (typeof createHandle !== 'function') {
    const text = `Node ${process.versions.node} has no way to hold listening sockets`
    throw new PosternError(
      'gateway.no_shared_sockets',
      `${text}; run one worker, without socket activation`,
    )
  }
  const made: unknown = Reflect.apply(createHandle, net, parameters)
  if (typeof made === 'number') throw systemError(made)
  if (!isServerHandle(made)) throw new TypeError('Node answered no handle')
  return made
}

function isServerHandle(value: unknown): value is ServerHandle {
  if (typeof value !== 'object' || value === null) return false
  return 'fd' in value && typeof value.fd === 'number' && 'close' in value
}

function systemError(errno: number): Error {
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`bind ${code}`), { code, errno, syscall: 'bind' })
}
