// A session that the harness holds, so that a cap of one is filled.

import { connect } from 'node:net'
import type { Socket } from 'node:net'

// The one session that fills the cap must be in before the first refusal is measured.
const bannerMs = 5_000

export function holdSession(port: number, from: string | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      ...(from === undefined ? {} : { localAddress: from }),
    })
    socket.on('error', reject)
    socket.setTimeout(bannerMs, () => socket.destroy(new Error('no banner came')))
    socket.once('data', () => {
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}
