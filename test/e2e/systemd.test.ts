// What systemd hears of the daemon: ready, reloading, stopping, and that every worker has its turns.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { haveDebian } from '../interop/debian.ts'
import { Gate } from './kit/gate.ts'
import { Manager } from './kit/manager.ts'
import { sleep, until } from './kit/until.ts'

const hasSystemd = haveDebian(['systemd-notify', 'perl'], ['systemd', 'perl-base'])
const faultModule = fileURLToPath(new URL('../failure/fault.cjs', import.meta.url))
const watchdog = /^WATCHDOG=1$/

describe.runIf(hasSystemd)('systemd', () => {
  it.each([
    { workers: 1, address: `/tmp/postern-manager-${process.pid}` },
    { workers: 2, address: `@postern-manager-${process.pid}` },
  ])('is told all it wants to know of $workers workers', async ({ workers, address }) => {
    const manager = await Manager.start(address)
    const gate = await Gate.start({
      config: `Workers = ${workers} E{SS=1 Listen ":25"{}}`,
      env: { NOTIFY_SOCKET: address, WATCHDOG_USEC: '400000' },
    })
    const ready = `READY=1 MAINPID=${gate.pid} STATUS=revision`
    await manager.hears(new RegExp(`^${ready} 1, 1 listens bound$`))
    expect(manager.messages[0]).toMatch(/^READY=1 /)
    await manager.hears(watchdog, 3)
    await gate.reload(`Workers = ${workers} E{SS=2 Listen ":25"{}}`)
    await manager.hears(new RegExp(`^${ready} 2$`))
    await gate.place.writeConfig('postern.conf', 'nonsense')
    gate.program.signal('SIGHUP')
    await manager.hears(new RegExp(`^${ready} 2$`), 2)
    const said = manager.messages.filter((line) => !watchdog.test(line))
    expect(said.map((line) => line.slice(0, 9))).toEqual([
      'READY=1 M',
      'RELOADING',
      'READY=1 M',
      'RELOADING',
      'READY=1 M',
    ])
    const [, reloading = ''] = said
    const [, microseconds] =
      /^RELOADING=1 MONOTONIC_USEC=(\d+) STATUS=reloading$/.exec(reloading) ?? []
    const uptimeSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
    expect(Number(microseconds) / 1e6).toBeLessThan(uptimeSeconds + 1)
    expect(Number(microseconds) / 1e6).toBeGreaterThan(uptimeSeconds - 60)
    const { hostPid } = (await gate.status()).workers ?? {}
    if (hostPid !== undefined) {
      expect(readFileSync(`/proc/${hostPid}/environ`, 'utf8')).not.toMatch(/NOTIFY|WATCHDOG/)
    }
    const [client] = await gate.play('A@25 ok')
    gate.program.signal('SIGQUIT')
    await manager.hears(/^STOPPING=1 STATUS=finishing sessions$/)
    const before = manager.messages.filter((line) => watchdog.test(line)).length
    await manager.hears(watchdog, before + 2)
    await client?.close()
    expect(await gate.program.ended()).toEqual({ code: 0, signal: null })
    expect(gate.log).not.toMatch(/systemd cannot be told/)
  })

  it('does not hear that all is well while a worker hangs', async () => {
    const address = `@postern-hang-${process.pid}`
    const faultFile = `/tmp/postern-hang-${process.pid}`
    const manager = await Manager.start(address)
    const gate = await Gate.start({
      config: 'Workers = 2 E{SS=9 Listen ":25"{}}',
      env: {
        NOTIFY_SOCKET: address,
        WATCHDOG_USEC: '400000',
        NODE_OPTIONS: `--require ${faultModule}`,
        POSTERN_TEST_FAULT: faultFile,
      },
    })
    await manager.hears(watchdog, 2)
    writeFileSync(`${faultFile}.2`, 'loop')
    await until('the beginning of the loop', () => !existsSync(`${faultFile}.2`))
    await gate.logs(/\[warn\] .*watchdog is not told that all is well: a worker does not answer/)
    // What was said before may still be on its way.
    await sleep(1000)
    const heard = manager.messages.length
    // The other one serves all the while.
    expect(await gate.connect('A@25').isAdmitted()).toBe(true)
    // Some seven would come in this time; one may have been on its way.
    await sleep(1500)
    expect(manager.messages.length).toBeLessThanOrEqual(heard + 1)
  })

  it('goes untold, which the log says, where its program is not installed', async () => {
    const gate = await Gate.start({
      config: 'E{SS=1 Listen ":25"{}}',
      env: { NOTIFY_SOCKET: '@postern-nobody', PATH: '/nonexistent' },
    })
    await gate.logs(
      /\[warn\] .*systemd cannot be told how the daemon is: systemd-notify is not inst/,
    )
    await gate.play('A@25 ok, A@25 421')
  })
})
