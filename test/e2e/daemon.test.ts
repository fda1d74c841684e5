// The running daemon under an operator's hands: signals, and `-s`, which sends them.

import { existsSync, readFileSync, renameSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tryConnect } from './kit/client.ts'
import { Gate } from './kit/gate.ts'
import { Place } from './kit/place.ts'
import { Program } from './kit/process.ts'
import { until } from './kit/until.ts'

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

describe('signals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends live sessions and the daemon',
    async (signal) => {
      const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
      const client = await gate.admits('A@25')
      gate.program.signal(signal)
      await client.over()
      await gate.program.ended()
      expect(gate.program.exit).toEqual({ code: 0, signal: null })
      await gate.stop()
    },
  )

  it('SIGQUIT lets live sessions finish and admits nobody else', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    const client = await gate.admits('A@25')
    gate.program.signal('SIGQUIT')
    await until(
      'no more listening',
      async () => (await tryConnect(gate.place.portFor(25))) === 'ECONNREFUSED',
    )
    expect(await gate.status()).toMatchObject({ isDraining: true, sessionsActive: 1 })
    expect(await client.command('NOOP')).toMatch(/^250 /)
    expect(existsSync(gate.pidFile)).toBe(true)
    expect(await client.command('QUIT')).toMatch(/^221 /)
    await client.over()
    expect(await gate.program.ended()).toEqual({ code: 0, signal: null })
    await gate.stop()
  })

  it.each([1, 2])(
    'SIGUSR2 does nothing to %i workers, and the log says what to do',
    async (workers) => {
      const gate = await Gate.start({ config: `Workers = ${workers} E{SS=1 Listen ":25"{}}` })
      const [client] = await gate.play('A@25 ok')
      gate.program.signal('SIGUSR2')
      process.kill(await gate.servingPid(), 'SIGUSR2')
      await gate.logs(
        /\[warn\] .*signal 12 \(SIGUSR2\) received, nothing is done: a new version needs/,
      )
      await gate.play('A@25 421')
      expect(await client?.command('NOOP')).toMatch(/^250 /)
    },
  )

  it('SIGTERM during SIGQUIT ends at once', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    const client = await gate.admits('A@25')
    gate.program.signal('SIGQUIT')
    await gate.logs(/gracefully shutting down/)
    gate.program.signal('SIGTERM')
    await client.over()
    expect(await gate.program.ended()).toEqual({ code: 0, signal: null })
    await gate.stop()
  })

  it('SIGHUP with a broken file keeps the old policy and says where it is broken', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    await gate.play('A@25 ok')
    gate.place.writeText('postern.conf', 'ESMTP_Listener {\n  Service_Sessions = many\n}\n')
    gate.program.signal('SIGHUP')
    const file = gate.place.path('postern.conf').replaceAll('.', String.raw`\.`)
    await gate.logs(new RegExp(String.raw`\[emerg\] .* in ${file}:2\n`))
    await gate.logs(/\[error\] .*reload failed, revision 1 stays in force/)
    expect(await gate.play('B@25 421')).toEqual([])
    expect((await gate.status()).revision).toBe(1)
    await gate.reload('E{SS=2 Listen ":25"{}}')
    expect(await gate.play('B@25 ok, B@25 421')).toHaveLength(1)
  })

  it('SIGHUP with an address that cannot be bound changes nothing', async () => {
    const gate = await Gate.start({ config: 'E{SS=1 Listen ":25"{}}' })
    await gate.play('A@25 ok')
    const taken = createServer()
    await new Promise<void>((resolve) => {
      taken.listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    onTestFinished(() => void taken.close())
    const text = readFileSync(gate.place.path('postern.conf'), 'utf8')
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const added = `ESMTP_Listener { Service_Sessions = 9 Listen "127.0.0.1:${port}" {} }\n`
    gate.place.writeText('postern.conf', text + added)
    gate.program.signal('SIGHUP')
    await gate.logs(/bind\(\) to 127\.0\.0\.1:\d+ failed \(98: [^)]+\)/)
    await gate.logs(/reload failed, revision 1 stays in force/)
    expect(await gate.play('B@25 421')).toEqual([])
  })

  it('SIGUSR1 opens the log anew, so that it can be rotated', async () => {
    const place = new Place({ upstream: '127.0.0.1:2500' })
    onTestFinished(() => place.remove())
    await place.writeConfig(
      'postern.conf',
      'PIDFile = "postern.pid" Error_Log = "error.log notice" E{Listen ":25"{}}',
    )
    const program = new Program(['-c', 'postern.conf'], { cwd: place.directory })
    onTestFinished(() => program.signal('SIGKILL'))
    await until('its first lines', () =>
      readIfThere(place.path('error.log')).includes('ready, revision 1'),
    )
    renameSync(place.path('error.log'), place.path('error.log.1'))
    program.signal('SIGUSR1')
    await until('the new log', () => existsSync(place.path('error.log')))
    expect(await program.stop('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(readFileSync(place.path('error.log'), 'utf8')).toContain('exit')
    expect(readFileSync(place.path('error.log.1'), 'utf8')).not.toContain('[notice] exit')
    expect(program.stderr).toBe('')
  })
})

describe('-s', () => {
  it('reload, reopen, quit and stop reach the daemon through its pid file', async () => {
    const gate = await Gate.start({ config: 'E{Listen ":25"{}}' })
    const fine = { code: 0, stdout: '', stderr: '' }
    expect(await gate.runs('-s', 'reload')).toEqual(fine)
    await until('the revision', async () => (await gate.status()).revision === 2)
    expect(await gate.runs('-s', 'reopen')).toEqual(fine)
    await gate.logs(/reopening logs/)
    const client = await gate.admits('A@25')
    expect(await gate.runs('-s', 'quit')).toEqual(fine)
    await gate.logs(/gracefully shutting down/)
    expect(client.isLive).toBe(true)
    expect(await gate.runs('-s', 'stop')).toEqual(fine)
    await client.over()
    expect(await gate.program.ended()).toEqual({ code: 0, signal: null })
    await gate.stop()
  })
})
