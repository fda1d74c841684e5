// A port on which connecting never ends: somebody listens, takes nobody, and its queue is full.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { sleep } from './until.ts'

const program = `
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))
`
/** A queue of one takes a few more than one; the kernel's are no longer than this. */
const fillersMax = 64

/** Resolves with its port; it ends with the test. */
export async function deafListener(): Promise<number> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const fillers: Socket[] = []
  onTestFinished(() => {
    for (const socket of fillers) socket.destroy()
    child.kill('SIGKILL')
  })
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer] // of a stream without encoding
  const port = Number(chunk.toString())
  // Stopped, it accepts nobody; its queue fills all the same.
  child.kill('SIGSTOP')
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('error', () => socket.destroy())
    fillers.push(socket)
    const isTaken = await Promise.race([once(socket, 'connect').then(() => true), sleep(300)])
    if (isTaken !== true) return port
    if (fillers.length > fillersMax) throw new Error(`the queue of port ${port} is not full`)
  }
}
