// Which Listen a socket that was handed in is for.

import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../base/address.ts'
import { HandedSockets } from './handed-sockets.ts'
import type { HandedSocket, SocketPlace } from './handed-sockets.ts'

const handle = { fd: 3, close: () => {} }

function socket(fd: number, place?: SocketPlace, name = 'unknown'): HandedSocket {
  return { fd, name, handle, place }
}

function tcp(address: string, port = 25): SocketPlace {
  return { kind: 'tcp', address, port }
}

function listen(host: string, port = 25): { readonly id: string; readonly endpoint: Endpoint } {
  const text = `${host}:${port}`
  return { id: text, endpoint: { kind: 'tcp', host, port, text } }
}

function unix(path: string): { readonly id: string; readonly endpoint: Endpoint } {
  return { id: path, endpoint: { kind: 'unix', path, text: path } }
}

/** The descriptors that Listens get, one after the other. */
function claims(sockets: readonly HandedSocket[], ...listens: ReturnType<typeof listen>[]) {
  const handed = new HandedSockets(sockets)
  return listens.map((wanted) => handed.claim(wanted, '/etc/postern')?.fd)
}

describe('a socket that was handed in', () => {
  it('is for the Listen of its address and port', () => {
    const sockets = [socket(3, tcp('192.0.2.1')), socket(4, tcp('2001:db8::1'))]
    expect(claims(sockets, listen('2001:0db8::1'), listen('192.0.2.1'))).toEqual([4, 3])
    expect(claims(sockets, listen('192.0.2.2'), listen('192.0.2.1', 26))).toEqual([
      undefined,
      undefined,
    ])
    expect(claims([socket(3, tcp('::'))], listen('192.0.2.1'))).toEqual([undefined])
  })

  it('is for * when it is bound to all addresses, of both families rather than of one', () => {
    const both = [socket(3, tcp('0.0.0.0')), socket(4, tcp('::'))]
    expect(claims(both, listen('*'), listen('::'), listen('0.0.0.0'))).toEqual([4, undefined, 3])
    expect(claims([socket(3, tcp('0.0.0.0'))], listen('*'))).toEqual([3])
  })

  it('is for the Listen of its path, or of its name where the path is not known', () => {
    const known = socket(3, { kind: 'unix', path: '/etc/postern/in' }, '/run/other')
    expect(claims([known], unix('/run/other'), unix('in'))).toEqual([undefined, 3])
    expect(claims([socket(3, undefined, '/run/in')], unix('/run/in'))).toEqual([3])
  })

  it('serves one Listen at a time', () => {
    const only = socket(3, tcp('::'))
    const handed = new HandedSockets([only])
    expect(handed.claim(listen('*'), '/')).toBe(only)
    expect(handed.claim(listen('::'), '/')).toBeUndefined()
    handed.release(only)
    expect(handed.claim(listen('::'), '/')).toBe(only)
  })
})
