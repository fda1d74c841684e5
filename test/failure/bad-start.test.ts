// A daemon that cannot start: it says what is wrong and what would help, exits with 1, and leaves
// nothing behind.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Place } from '../e2e/kit/place.ts'
import { Program } from '../e2e/kit/process.ts'

function makePlace(): Place {
  const place = new Place({ upstream: '127.0.0.1:2500' })
  onTestFinished(() => place.remove())
  return place
}

async function failedStart(place: Place, config: string, shellPrelude?: string): Promise<string> {
  await place.writeConfig('postern.conf', `PIDFile = "postern.pid" ${config}`)
  const before = readdirSync(place.directory)
  const program = new Program(['-c', 'postern.conf'], {
    cwd: place.directory,
    ...(shellPrelude === undefined ? {} : { shellPrelude }),
  })
  onTestFinished(() => program.signal('SIGKILL'))
  expect(await program.ended()).toEqual({ code: 1, signal: null })
  expect(readdirSync(place.directory)).toEqual(before)
  return program.stderr
}

// The superuser writes anywhere as long as it has its capabilities, so they are taken away.
const withoutRights = 'set -- setpriv --bounding-set=-all --inh-caps=-all "$@"'
const isSuperuser = process.getuid?.() === 0
const canDrop =
  spawnSync('setpriv', ['--bounding-set=-all', '--inh-caps=-all', 'true']).status === 0
const isWithoutRights = !isSuperuser || canDrop
if (!isWithoutRights) {
  process.stderr.write('NOT RUN: permissions, because setpriv cannot take the superuser rights\n')
}

describe('a daemon that cannot start', () => {
  it('says that the port is taken, and how to find out by whom', async () => {
    const place = makePlace()
    const config = 'E{Listen "{dir}/first.sock"{}} IMAP_Listener{Listen "127.0.0.1:143"{}}'
    await place.writeConfig('postern.conf', config)
    const taken = createServer()
    await new Promise<void>((resolve) => {
      taken.listen({ host: '127.0.0.1', port: place.portFor(143) }, resolve)
    })
    onTestFinished(() => void taken.close())
    // Listeners are bound in order: what the first one has bound is given back.
    const words = await failedStart(place, config)
    expect(words).toMatch(
      /\[emerg\] .*bind\(\) to 127\.0\.0\.1:\d+ failed \(98: Address already in use\); find who listens there with `ss -ltnp`/,
    )
  })

  it.runIf(isWithoutRights)('says which directory lacks the right to write', async () => {
    const place = makePlace()
    const closed = place.path('closed')
    mkdirSync(closed)
    chmodSync(closed, 0o500)
    const prelude = isSuperuser ? withoutRights : undefined
    const words = await failedStart(place, 'E{Listen "{dir}/closed/smtp.sock"{}}', prelude)
    expect(words).toMatch(
      /\[emerg\] .*bind\(\) to \S+closed\/smtp\.sock failed \(13: Permission denied\); give the user that the daemon runs as the right to write into its directory/,
    )
  })

  it('says that the directory of a socket is missing', async () => {
    const words = await failedStart(makePlace(), 'E{Listen "{dir}/nowhere/smtp.sock"{}}')
    expect(words).toMatch(
      /\[emerg\] .*nowhere\/smtp\.sock failed \(2: [^)]+\); make its directory first/,
    )
  })

  it.each(['31k', '32767'])('refuses a zone of %s, less than eight pages', async (size) => {
    const words = await failedStart(
      makePlace(),
      `Limit_Conn_Zone "user" { Key = "$remote_user" Size = "${size}" } E{Listen ":25"{}}`,
    )
    expect(words).toContain(`postern.conf:1:`)
    expect(words).toContain('error: Size must be 32k at least')
    expect(words).toContain(`not "${size}" [momentum.out_of_range]`)
  })

  it('refuses such a zone in an nginx text, with the words of nginx', async () => {
    const place = makePlace()
    place.writeText(
      'nginx.conf',
      `pid postern.pid; events { } mail { limit_conn_zone $remote_user zone=z:31k;
  server { listen 127.0.0.1:2525; protocol smtp; auth_http 127.0.0.1:9; } }\n`,
    )
    const program = new Program(['-c', 'nginx.conf'], { cwd: place.directory })
    expect(await program.ended()).toEqual({ code: 1, signal: null })
    expect(program.stderr).toContain('zone "zone=z:31k" is too small')
    expect(readdirSync(place.directory)).toEqual(['nginx.conf'])
  })
})
