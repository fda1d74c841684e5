// The admin API of a real daemon, as curl, a browser and Prometheus meet it: over TCP, TLS and a Unix
// socket, with one worker and with two.

import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { request } from 'node:http'
import type { RequestOptions } from 'node:http'
import { request as requestTls } from 'node:https'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { haveDebian } from '../interop/debian.ts'
import { Gate } from './kit/gate.ts'
import { until } from './kit/until.ts'
import { sessionsHeld } from './kit/witness.ts'

const token = 'f'.repeat(32)
const authorization = `Bearer ${token}`
const limitId = 'service_sessions,ESMTP_Listener'
const tcp = 'Admin = "127.0.0.1:0" Admin_Token_File = "token"'

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

function send(options: RequestOptions, body?: string, isTls = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const made = (isTls ? requestTls : request)(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers })
      })
    })
    made.on('error', reject)
    made.end(body)
  })
}

/** A gate, and how its admin API is asked. */
async function start(admin: string, rest = 'E{SS=3 Listen ":25"{}}') {
  const gate = await Gate.start({
    config: `${admin} ${rest}`,
    files: { token },
    hasCertificate: true,
  })
  const [, url = ''] = await gate.logs(/admin API on (\S+)/)
  const isUnix = url.startsWith('unix:')
  const place = isUnix
    ? { socketPath: url.slice('unix:'.length), host: 'localhost' }
    : { host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false }
  const ask = (
    method: string,
    path: string,
    more: Readonly<Record<string, string>> = {},
    body?: string,
  ) => send({ ...place, method, path, headers: { ...more } }, body, url.startsWith('https:'))
  const read = async (path: string) => JSON.parse((await ask('GET', path)).text)
  return { gate, ask, read, url, port: place.port ?? 0 }
}

describe('the admin API', () => {
  it.each(['', 'Workers = 2'])('lists the sessions that the kernel has, %s', async (workers) => {
    const { gate, read, ask } = await start(`${tcp} ${workers}`)
    await gate.play('A@25 x3 ok, A@25 x2 421')
    const { sessions, sessionsActive } = await read('/v1/sessions')
    expect(sessions).toHaveLength(sessionsHeld(await gate.servingPid(), gate.place.ports))
    expect(sessionsActive).toBe(3)
    const [limit] = (await read('/v1/limits')).limits
    expect(limit).toMatchObject({ id: limitId, capMax: 3, usedCount: 3, highWaterCount: 3 })
    expect(limit).toMatchObject({
      refusedTotal: 2,
      line: expect.stringContaining('Service_Sessions=3'),
    })
    const { refusals } = await read('/v1/refusals')
    expect(refusals).toHaveLength(2)
    expect(refusals[0]).toMatchObject({ limitId, reason: 'full', client: '127.0.0.65' })
    const { text } = await ask('GET', '/metrics')
    expect(text).toContain(`postern_refusals_total{limit="${limitId}",stage="connect"} 2`)
    expect(text).toContain('postern_sessions_active{service="smtp"} 3')
  })

  it.each(['', 'Workers = 2'])('ends a session, and its client sees it, %s', async (workers) => {
    const { gate, read, ask } = await start(`${tcp} ${workers}`)
    const clients = await gate.play('A@25 x3 ok')
    const { sessions } = await read('/v1/sessions?count=1')
    const refused = await ask('DELETE', `/v1/sessions/${sessions[0].id}`)
    expect(refused.status).toBe(401)
    await gate.holds(3)
    const one = await ask('DELETE', `/v1/sessions/${sessions[0].id}`, { authorization })
    expect(JSON.parse(one.text)).toEqual({ matchingCount: 1, kickedIds: [sessions[0].id] })
    await gate.holds(2)
    const all = await ask('DELETE', '/v1/sessions?cidr=127.0.0.0/8&count=1', { authorization })
    expect(JSON.parse(all.text)).toMatchObject({
      matchingCount: 2,
      kickedIds: [expect.any(Number)],
    })
    await gate.holds(1)
    expect(clients.filter((client) => client.isLive)).toHaveLength(1)
  })

  it.each(['', 'Workers = 2'])('changes a cap until the next reload, %s', async (workers) => {
    const { gate, ask, read } = await start(`${tcp} ${workers}`)
    await gate.play('A@25 x3 ok, A@25 421')
    const headers = { authorization, 'content-type': 'application/json' }
    const path = `/v1/limits/${limitId}`
    expect((await ask('POST', path, headers, '{"capMax":4}')).status).toBe(200)
    await gate.play('A@25 ok, A@25 421')
    expect((await read('/v1/status')).changedLimits).toEqual([limitId])
    const [limit] = (await read('/v1/limits')).limits
    expect(limit).toMatchObject({ capMax: 4, configuredMax: 3, isChanged: true })
    await gate.logs(/cap of service_sessions,ESMTP_Listener changed from 3 to 4/)
    const dry = await ask('POST', '/v1/reload', headers, '{"dry":true}')
    expect(JSON.parse(dry.text).changes).toMatchObject([{ kind: 'limit', name: limitId }])
    expect((await ask('POST', '/v1/reload', headers, '{}')).status).toBe(200)
    expect((await read('/v1/status')).changedLimits).toEqual([])
    // Those above the cap stay (SEMANTICS S19).
    await gate.holds(4)
    await gate.play('A@25 421')
  })

  it('refuses a reload of a wrong configuration, and says where it is wrong', async () => {
    const { gate, ask } = await start(tcp)
    await gate.place.writeConfig('postern.conf', 'Nonsense = 1\n')
    const { status, text } = await ask('POST', '/v1/reload', { authorization })
    expect(status).toBe(422)
    expect(JSON.parse(text).error).toMatchObject({
      code: 'reload_refused',
      diagnostics: [{ code: 'momentum.unknown_option', span: { line: 1 } }],
    })
    expect((await ask('GET', '/metrics')).text).toContain('postern_reload_failures_total 1')
  })

  it('tells of refusals as they happen', async () => {
    const { gate, port } = await start(tcp)
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until('the beginning of the stream', () => text.includes('event: hello'))
    await gate.play('A@25 x3 ok, A@25 421')
    await until('the refusal', () => text.includes('event: refused'))
    expect(text).toContain('event: opened')
  })

  it('answers what is no request, too much or too slow with JSON, and goes on', async () => {
    const { port, read } = await start(tcp)
    const say = (bytes: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
        let text = ''
        socket.on('data', (chunk) => {
          text += String(chunk)
        })
        socket.on('error', () => {})
        socket.on('close', () => resolve(text))
      })
    const [broken, large, slow] = await Promise.all([
      say('nonsense\r\n\r\n'),
      say(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`),
      say('POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Le'),
    ])
    expect(broken).toMatch(/^HTTP\/1\.1 400 [^]*"code":"bad_request"/)
    expect(large).toMatch(/^HTTP\/1\.1 431 [^]*"code":"header_too_large"/)
    expect(slow).toMatch(/^HTTP\/1\.1 408 [^]*"code":"too_slow"/)
    expect((await read('/v1/status')).revision).toBe(1)
  })

  it('on a Unix socket is for its owner, who needs no token', async () => {
    const { ask, url, gate } = await start('Admin = "/run/admin.sock"')
    expect(statSync(url.slice('unix:'.length)).mode & 0o777).toBe(0o600)
    await gate.play('A@25 ok')
    const { status } = await ask('DELETE', '/v1/sessions?older=0s')
    expect(status).toBe(200)
    await gate.holds(0)
  })

  it('beyond this machine speaks TLS alone, and to nobody without the token', async () => {
    const tls = 'Admin_TLS_Certificate = "cert.pem" Admin_TLS_Key = "key.pem"'
    const { ask, url } = await start(`Admin = "0.0.0.0:0" Admin_Token_File = "token" ${tls}`)
    expect(url).toMatch(/^https:/)
    expect((await ask('GET', '/v1/status')).status).toBe(401)
    expect((await ask('GET', '/v1/status', { authorization })).status).toBe(200)
    expect((await ask('GET', '/healthz')).status).toBe(200)
  })

  it('says no to new work while it drains, and ends with the last session', async () => {
    const { gate, ask } = await start(tcp)
    const [client] = await gate.play('A@25 ok')
    expect((await ask('POST', '/v1/drain', { authorization })).status).toBe(200)
    expect((await ask('GET', '/readyz')).status).toBe(503)
    expect((await ask('POST', '/v1/reload', { authorization })).status).toBe(409)
    client?.reset()
    expect(await gate.program.ended()).toEqual({ code: 0, signal: null })
  })
})

const hasPromtool = haveDebian(['promtool'], ['prometheus'])

describe('metrics', () => {
  it.runIf(hasPromtool)('are what promtool expects, from a real scrape', async () => {
    const { gate, ask } = await start(tcp)
    await gate.play('A@25 x3 ok, A@25 421')
    const { text } = await ask('GET', '/metrics')
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect([checked.stdout, checked.stderr, checked.status]).toEqual(['', '', 0])
  })

  it.runIf(hasPromtool)('have rules that promtool finds nothing wrong with', () => {
    const rules = fileURLToPath(new URL('../../packaging/prometheus-rules.yml', import.meta.url))
    const checked = spawnSync('promtool', ['check', 'rules', rules], { encoding: 'utf8' })
    expect([checked.stderr, checked.status]).toEqual(['', 0])
  })

  it('are all that the rules and the dashboard ask for', async () => {
    const { ask } = await start(tcp)
    const { text } = await ask('GET', '/metrics')
    const known = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name))
    for (const file of ['prometheus-rules.yml', 'grafana-dashboard.json']) {
      const asked = readFileSync(new URL(`../../packaging/${file}`, import.meta.url), 'utf8')
      for (const [name] of asked.matchAll(/\bpostern_\w+/g)) {
        expect(known).toContain(name.replace(/_bucket$/, ''))
      }
    }
  })
})
