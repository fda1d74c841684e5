// limit_rate on the built program: by an honest clock, what comes never comes before its time.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { Client } from './kit/client.ts'
import { freePort } from './kit/ports.ts'
import { Program } from './kit/process.ts'
import { until } from './kit/until.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-rate-'))
  return () => rmSync(folder, { recursive: true, force: true })
})

const rate = 20_480
const after = 10_000
const size = 70_000

/** Says all it has at once, and hangs up. */
async function upstream(): Promise<number> {
  const server: Server = createServer((socket) => void socket.end(Buffer.alloc(size, 'x')))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  return address.port
}

it.each([
  [
    'nginx',
    (port: number, behind: number) =>
      `error_log error.log info;\nevents { }\nmail { limit_rate 20k; limit_rate_after ${after};\n` +
      `  server { listen 127.0.0.1:${port}; protocol imap; proxy_pass 127.0.0.1:${behind}; } }\n`,
  ],
  [
    'Momentum',
    (port: number, behind: number) =>
      `Error_Log = "error.log info"\nIMAP_Listener { Limit_Rate = ${rate} Limit_Rate_After = ${after}\n` +
      `  Upstream = "127.0.0.1:${behind}" Listen "127.0.0.1:${port}" {} }\n`,
  ],
])(
  'in the language of %s holds by the clock, and the end comes behind the last byte',
  async (_name, text) => {
    const port = await freePort()
    writeFileSync(join(folder, 'postern.conf'), text(port, await upstream()))
    const daemon = new Program(['-p', folder], { cwd: folder })
    onTestFinished(async () => {
      daemon.signal('SIGKILL')
      await daemon.ended()
    })
    await until(
      () => 'ready',
      () => readLog().includes('ready, revision 1'),
    )
    const startMs = performance.now()
    const client = new Client({ target: { host: '127.0.0.1', port } })
    onTestFinished(() => client.reset())
    const seen: { readonly bytes: number; readonly most: number }[] = []
    await until(
      () => `${size} bytes of ${client.text.length}`,
      () => {
        // Counted first, timed afterwards: a slow machine can only make the bound wider.
        const bytes = client.text.length
        const seconds = (performance.now() - startMs) / 1000
        seen.push({ bytes, most: after + rate * (seconds + 1) })
        return bytes === size
      },
    )
    expect(seen.filter(({ bytes, most }) => bytes > most)).toEqual([])
    expect(performance.now() - startMs).toBeGreaterThan(((size - after) / rate - 1) * 1000)
    await client.over()
    expect(client.text.length).toBe(size)
  },
)

function readLog(): string {
  try {
    return readFileSync(join(folder, 'error.log'), 'utf8')
  } catch {
    return '' // not opened yet
  }
}
