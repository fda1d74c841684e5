// The syslog destination, read by a server on loopback.

import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { parseLogPlace } from '../policy/error-log.ts'
import { SyslogSink } from './syslog-sink.ts'

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

async function syslogServer(): Promise<{ port: number; received: string[] }> {
  const socket = createSocket('udp4')
  const received: string[] = []
  socket.on('message', (message) => received.push(message.toString()))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  sockets.push(socket)
  return { port: socket.address().port, received }
}

// Local time: the second of November, 02:46:44.
const wallMs = new Date(2026, 10, 2, 2, 46, 44).getTime()
const clock = { monotonicMs: () => 0, wallMs: () => wallMs }

async function openSink(text: string): Promise<SyslogSink> {
  const place = parseLogPlace(text)
  if ('problem' in place || place.syslog === undefined) throw new Error(text)
  return SyslogSink.open({ server: place.syslog, clock })
}

async function until(claim: () => boolean): Promise<void> {
  for (let tries = 0; !claim() && tries < 200; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('a syslog server', () => {
  it('reads each record in one datagram, with the priority of its level', async () => {
    const { port, received } = await syslogServer()
    const sink = await openSink(`syslog:server=127.0.0.1:${port}`)
    sink.write('2026/11/02 02:46:44 [info] 1#0: *1 client logged in\n', 'info')
    sink.write('2026/11/02 02:46:44 [emerg] 1#0: x\n', 'emerg')
    await until(() => received.length === 2)
    await sink.close()
    const head = `Nov  2 02:46:44 ${hostname().toLowerCase()} postern: `
    expect(received).toEqual([
      `<190>${head}2026/11/02 02:46:44 [info] 1#0: *1 client logged in`,
      `<184>${head}2026/11/02 02:46:44 [emerg] 1#0: x`,
    ])
  })

  it('is told facility and tag as they are written, and no host name when it is not wanted', async () => {
    const { port, received } = await syslogServer()
    const sink = await openSink(`syslog:server=127.0.0.1:${port},facility=mail,tag=gate,nohostname`)
    sink.write('line\n', 'error')
    await until(() => received.length === 1)
    await sink.close()
    expect(received).toEqual(['<19>Nov  2 02:46:44 gate: line'])
  })

  it('that is not there costs nothing but a count', async () => {
    const { port } = await syslogServer()
    for (const socket of sockets.splice(0)) socket.close()
    const sink = await openSink(`syslog:server=127.0.0.1:${port}`)
    for (let count = 0; count < 20; count += 1) {
      sink.write('line\n', 'error')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(sink.errorCount).toBeGreaterThan(0)
    await sink.close()
    sink.write('too late\n', 'error')
    expect(sink.droppedCount).toBe(1)
  })

  it('whose name is not found keeps the log from opening', async () => {
    await expect(openSink('syslog:server=no-such-host.invalid')).rejects.toMatchObject({
      code: 'daemon.log_open',
    })
  })
})
