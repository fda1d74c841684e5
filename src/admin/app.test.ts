// The admin API over a view that holds still: who may ask, what is answered, and that what is refused
// changes nothing.

import { afterEach, describe, expect, it } from 'vitest'
import * as v from 'valibot'
import { ManualClock } from '../../test/kit/manual-clock.ts'
import { GatewayMeters } from '../gateway/meters.ts'
import { accessOf } from './access.ts'
import type { AccessKind } from './access.ts'
import { createAdmin } from './app.ts'
import type { AdminApp } from './app.ts'
import { openApiDocument } from './openapi.ts'
import { routes } from './routes.ts'
import type { Route } from './routes.ts'
import { errorSchema } from './schemas.ts'
import type { AdminView, EventsBatch } from './view.ts'

const token = 'a-token-of-32-characters-exactly'
const span = { file: '/p.conf', line: 6, column: 22 }
const limit = {
  id: 'service_sessions,ESMTP_Listener',
  stage: 'connect',
  option: 'service_sessions',
  tier: 'shared',
  scope: 'ESMTP_Listener',
  zone: 'connect',
  capMax: 5,
  isDryRun: false,
  origin: span,
  isChanged: false,
  usedCount: 3,
  refusedTotal: 7,
  exhaustedTotal: 0,
  dryRunTotal: 0,
  highWaterCount: 5,
} as const

/** A view that says what it was asked, and counts what would have changed something. */
class StillView implements AdminView {
  readonly asked: unknown[] = []
  readonly changes: string[] = []
  readonly listeners = new Set<(batch: EventsBatch) => void>()
  isDraining = false

  status() {
    return Promise.resolve({
      version: '1.2.3',
      pid: 1,
      configuration: '/p.conf',
      startedAt: '2026-01-01T00:00:00.000Z',
      uptimeMs: 1,
      isDraining: this.isDraining,
      revision: 1,
      sessionsActive: 3,
      admittedTotal: 9,
      refusedTotal: 7,
      refusalsLingering: 0,
      bytesFromClients: 1,
      bytesFromUpstreams: 2,
      bound: ['*:25'],
      log: { suppressedTotal: 0, droppedTotal: 0, errorsTotal: 0 },
      changedLimits: [],
    })
  }
  limits() {
    const zones = [{ name: 'connect', statesUsed: 1 }]
    return Promise.resolve({ ok: true as const, result: { revision: 1, limits: [limit], zones } })
  }
  budgets(query: unknown) {
    this.asked.push(query)
    const result = { revision: 1, matchingCount: 0, isComplete: true, budgets: [] }
    return Promise.resolve({ ok: true as const, result })
  }
  sessions(query: unknown) {
    this.asked.push(query)
    const session = {
      id: 4,
      listen: '*:25',
      client: '192.0.2.1',
      ageMs: 5,
      isAwaitingAddress: false,
    }
    const result = { sessionsActive: 1, matchingCount: 1, sessions: [session] }
    return Promise.resolve({ ok: true as const, result })
  }
  refusals(query: unknown) {
    this.asked.push(query)
    return Promise.resolve({ ok: true as const, result: { matchingCount: 0, refusals: [] } })
  }
  explain() {
    const problem = 'The policy has no Listen :1.'
    return Promise.resolve({ ok: false as const, code: 'not_found' as const, problem })
  }
  kick(query: unknown) {
    this.changes.push(`kick ${JSON.stringify(query)}`)
    return Promise.resolve({ ok: true as const, result: { matchingCount: 1, kickedIds: [4] } })
  }
  setLimit(id: string, capMax: number) {
    this.changes.push(`set ${id} ${capMax}`)
    return Promise.resolve({ ok: true as const, result: { revision: 2, limit } })
  }
  drain() {
    this.changes.push('drain')
    return { ok: true as const, result: undefined }
  }
  reload() {
    this.changes.push('reload')
    const result = { isDone: true, revision: 2, diagnostics: [] }
    return Promise.resolve({ ok: true as const, result })
  }
  previewReload() {
    return {
      ok: true as const,
      result: { isDone: false, revision: 1, diagnostics: [], changes: [] },
    }
  }
  async metrics() {
    const limits = await this.limits()
    return {
      status: await this.status(),
      limits: limits.result,
      reloadFailedTotal: 0,
      sessionsByService: { smtp: 3 },
      upstreams: [{ upstream: '127.0.0.1:26', isUp: true }],
      histograms: new GatewayMeters().values(),
    }
  }
  subscribe(listener: (batch: EventsBatch) => void) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}

const apps: AdminApp[] = []
afterEach(() => {
  for (const app of apps.splice(0)) app.close()
})

interface Scene {
  readonly kind?: AccessKind
  readonly token?: string | undefined
}

function setUp({ kind = 'local', token: known = token }: Scene = {}) {
  const view = new StillView()
  const clock = new ManualClock()
  const defects: Error[] = []
  const app = createAdmin({
    view,
    clock,
    endpoint: { kind: 'tcp', host: '127.0.0.1', port: 8025, text: '127.0.0.1:8025' },
    access: () => accessOf(kind, known === '' ? undefined : known),
    version: '1.2.3',
    onDefect: (error) => defects.push(error),
  })
  apps.push(app)
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers({
      host: '127.0.0.1:8025',
      ...Object.fromEntries(new Headers(init.headers)),
    })
    const url = `http://127.0.0.1:8025${path}`
    const response = await app.fetch(new Request(url, { ...init, headers }))
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    const body: unknown = isJson ? JSON.parse(text) : text
    return { status: response.status, headers: response.headers, body }
  }
  return { view, clock, ask, defects, app }
}

/** A path of a route that could be asked. */
function pathOf(route: Route): string {
  if (route.path === '/v1/explain') return '/v1/explain?listen=:25&from=192.0.2.1'
  if (route.path === '/v1/sessions/:id') return '/v1/sessions/4'
  if (route.path === '/v1/sessions' && route.method === 'delete') return '/v1/sessions?user=bob'
  return route.path.replace(':id', limit.id)
}

function initOf(route: Route): RequestInit {
  const method = route.method.toUpperCase()
  if (route.body === undefined) return { method }
  const body = route.path.startsWith('/v1/limits') ? '{"capMax":7}' : '{}'
  return { method, body, headers: { 'content-type': 'application/json' } }
}

function withHeaders(init: RequestInit, more: Readonly<Record<string, string>>): RequestInit {
  return { ...init, headers: { ...Object.fromEntries(new Headers(init.headers)), ...more } }
}

const authorized = { authorization: `Bearer ${token}` }
const changing = routes.filter(({ method }) => method !== 'get')
const cases = routes.map((route) => [`${route.method} ${route.path}`, route] as const)
const changes = changing.map((route) => [`${route.method} ${route.path}`, route] as const)

describe('every route', () => {
  it.each(cases)('%s answers what its schema says', async (_, route) => {
    const { ask, defects } = setUp()
    const { status, body } = await ask(pathOf(route), withHeaders(initOf(route), authorized))
    const schema = status === 200 ? route.answer : errorSchema
    expect(v.safeParse(schema, body).issues).toBeUndefined()
    expect([status === 200 || route.path === '/v1/explain', defects]).toEqual([true, []])
  })

  it.each(cases)('%s says which methods there are, to a wrong one', async (_, route) => {
    const { ask, view } = setUp()
    const { status, headers, body } = await ask(pathOf(route), {
      method: 'PUT',
      headers: authorized,
    })
    expect(status).toBe(405)
    expect(headers.get('allow')).toContain(route.method.toUpperCase())
    expect(v.is(errorSchema, body)).toBe(true)
    expect(view.changes).toEqual([])
  })

  it.each(cases)('%s takes nothing it does not know', async (_, route) => {
    const { ask, view } = setUp()
    const path = `${pathOf(route)}${pathOf(route).includes('?') ? '&' : '?'}unknown=1`
    const { status, body } = await ask(path, withHeaders(initOf(route), authorized))
    expect([status, body]).toMatchObject([400, { error: { code: 'bad_query' } }])
    expect(view.changes).toEqual([])
  })

  it.each(cases)('%s stands in the OpenAPI document', (_, route) => {
    const { paths } = openApiDocument('1.2.3') as { paths: Record<string, Record<string, unknown>> }
    const path = route.path.replace(':id', '{id}')
    expect(paths[path]?.[route.method]).toMatchObject({ summary: route.summary })
  })
})

describe('what changes something', () => {
  it.each(changes)('%s needs the token', async (_, route) => {
    const { ask, view } = setUp()
    const without = await ask(pathOf(route), initOf(route))
    const wrong = { authorization: 'Bearer a-token-of-32-characters-exactlY' }
    const wrongly = await ask(pathOf(route), withHeaders(initOf(route), wrong))
    const basic = { authorization: 'Basic YTpi' }
    const otherwise = await ask(pathOf(route), withHeaders(initOf(route), basic))
    expect([without, wrongly, otherwise].map(({ status, body }) => [status, body])).toMatchObject([
      [401, { error: { code: 'token_missing' } }],
      [401, { error: { code: 'token_wrong' } }],
      [401, { error: { code: 'token_malformed' } }],
    ])
    expect(without.headers.get('www-authenticate')).toBe('Bearer realm="postern"')
    expect(view.changes).toEqual([])
    expect(JSON.stringify([without, wrongly, otherwise])).not.toContain('a-token')
  })

  it.each(changes)('%s cannot be done where there is no token, and says how', async (_, route) => {
    const { ask, view } = setUp({ token: '' })
    const { status, body } = await ask(pathOf(route), withHeaders(initOf(route), authorized))
    expect([status, body]).toMatchObject([403, { error: { code: 'read_only' } }])
    expect(JSON.stringify(body)).toContain('admin_token_file')
    expect(view.changes).toEqual([])
  })

  it.each(changes)("%s is not done for another site's page", async (_, route) => {
    const { ask, view } = setUp()
    const init = withHeaders(initOf(route), authorized)
    for (const more of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { host: 'evil.example:8025' },
    ]) {
      const { status, body } = await ask(pathOf(route), withHeaders(init, more))
      expect([status, v.is(errorSchema, body)]).toEqual([403, true])
    }
    expect(view.changes).toEqual([])
  })

  it.each(changes.filter(([, { body }]) => body !== undefined))(
    '%s takes JSON alone, right, and not too much',
    async (_, route) => {
      const { ask, view } = setUp()
      const send = (body: string, type: string) =>
        ask(pathOf(route), {
          method: 'POST',
          body,
          headers: { ...authorized, 'content-type': type },
        })
      const form = await send('capMax=7', 'application/x-www-form-urlencoded')
      const plain = await send('{"capMax":7}', 'text/plain')
      const broken = await send('{"capMax":', 'application/json')
      const other = await send('{"cap":7}', 'application/json')
      const list = await send('[]', 'application/json')
      const large = await send(`{"a":"${'a'.repeat(20_000)}"}`, 'application/json')
      const codes = [form, plain, broken, other, list, large].map(({ status }) => status)
      expect(codes).toEqual([415, 415, 400, 400, 400, 413])
      expect([form, large].every(({ body }) => v.is(errorSchema, body))).toBe(true)
      expect(view.changes).toEqual([])
    },
  )

  it.each(changes)('%s is done for who has the token', async (_, route) => {
    const { ask, view } = setUp()
    await ask(pathOf(route), withHeaders(initOf(route), authorized))
    expect(view.changes).toHaveLength(1)
  })

  it.each(changes)('%s is done for the owner of a Unix socket', async (_, route) => {
    const { ask, view } = setUp({ kind: 'owner', token: '' })
    const { status } = await ask(pathOf(route), initOf(route))
    expect([status, view.changes.length]).toEqual([200, 1])
  })

  it('is nothing of a reload that only shows what it would do', async () => {
    const { ask, view } = setUp()
    const init = { method: 'POST', body: '{"dry":true}' }
    const headers = { ...authorized, 'content-type': 'application/json' }
    const { body } = await ask('/v1/reload', { ...init, headers })
    expect(body).toMatchObject({ isDone: false, changes: [] })
    expect(view.changes).toEqual([])
  })

  it('is no kick of everybody', async () => {
    const { ask, view } = setUp()
    const { status } = await ask('/v1/sessions?count=9', { method: 'DELETE', headers: authorized })
    expect([status, view.changes]).toEqual([400, []])
  })
})

describe('reading', () => {
  it('is free on this machine, and says how to be allowed more', async () => {
    const { ask } = setUp({ token: '' })
    const { status, body } = await ask('/v1/status')
    expect([status, body]).toMatchObject([200, { access: { mayChange: false } }])
    const known = setUp()
    expect((await known.ask('/v1/status', { headers: authorized })).body).toMatchObject({
      access: { mayChange: true },
    })
  })

  it.each(['/v1/status', '/v1/events', '/v1/openapi.json', '/metrics', '/v1/sessions'])(
    'of %s needs the token from elsewhere',
    async (path) => {
      const { ask } = setUp({ kind: 'remote' })
      expect((await ask(path)).status).toBe(401)
      const { status } = await ask(path === '/v1/events' ? '/v1/status' : path, {
        headers: authorized,
      })
      expect(status).toBe(200)
    },
  )

  it('of health needs nothing, from anywhere', async () => {
    const { ask, view } = setUp({ kind: 'remote' })
    expect((await ask('/healthz')).status).toBe(200)
    expect((await ask('/readyz')).status).toBe(200)
    view.isDraining = true
    expect([(await ask('/healthz')).status, (await ask('/readyz')).status]).toEqual([200, 503])
  })

  it('under another name of this machine is refused (DNS rebinding)', async () => {
    const { ask } = setUp()
    for (const host of ['localhost', 'localhost:8025', '127.0.0.1', '[::1]:8025', 'LOCALHOST:1']) {
      expect((await ask('/v1/status', { headers: { host } })).status).toBe(200)
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', '', 'localhost:8025:1']) {
      expect((await ask('/v1/status', { headers: { host } })).status).toBe(403)
    }
  })

  it('on a Unix socket is refused under a name that a stranger can give it', async () => {
    const { ask } = setUp({ kind: 'owner' })
    for (const host of ['localhost', 'postern', '127.0.0.1:8025', '']) {
      expect((await ask('/v1/status', { headers: { host } })).status).toBe(200)
    }
    for (const host of ['evil.example', 'evil.example:8025', 'localhost.evil.example']) {
      expect((await ask('/v1/status', { headers: { host } })).status).toBe(403)
    }
  })

  it('passes filters on as the gate knows them', async () => {
    const { ask, view } = setUp()
    await ask(`/v1/sessions?user=bob&cidr=10.0.0.0/8&limit=${limit.id}&older=10m&count=5&after=3`)
    await ask('/v1/budgets?sort=used&zone=user&offset=20')
    await ask('/v1/refusals?before=1000-7&user=bob')
    const from = '10.0.0.0/8'
    expect(view.asked).toEqual([
      { user: 'bob', from, limitId: limit.id, olderMs: 600_000, limit: 5, afterId: 3 },
      { sort: 'used', zone: 'user', limit: 100, offset: 20 },
      { user: 'bob', limit: 100, before: { atMs: 1000, sessionId: 7 } },
    ])
  })

  it('goes on page by page', async () => {
    const { ask } = setUp()
    expect((await ask('/v1/sessions?count=1')).body).toMatchObject({ nextAfter: 4 })
    expect((await ask('/v1/sessions?count=2')).body).not.toHaveProperty('nextAfter')
  })

  it('refuses what it cannot be asked', async () => {
    const { ask } = setUp()
    for (const query of [
      'count=1001',
      'count=-1',
      'older=soon',
      'cidr=10.0.0',
      'after=x',
      `user=${'a'.repeat(2000)}`,
    ]) {
      const { status, body } = await ask(`/v1/sessions?${query}`)
      expect([query, status]).toEqual([query, 400])
      expect(JSON.stringify(body)).not.toContain('aaaa')
    }
    expect((await ask('/v1/nothing')).body).toMatchObject({ error: { code: 'no_route' } })
  })

  it('has a budget of work, and gets it back', async () => {
    const { ask, clock } = setUp()
    let answeredCount = 0
    while ((await ask('/v1/status')).status === 200) answeredCount += 1
    expect(answeredCount).toBe(500)
    const { status, headers, body } = await ask('/v1/status')
    expect([status, headers.get('retry-after'), body]).toMatchObject([
      429,
      '1',
      { error: { code: 'busy' } },
    ])
    clock.advance(1000)
    expect((await ask('/v1/status')).status).toBe(200)
  })

  it('tells nothing of a defect but that there is one', async () => {
    const { ask, view, defects } = setUp()
    view.status = () => Promise.reject(new Error('secret inside'))
    const { status, body } = await ask('/v1/status')
    expect([status, body]).toMatchObject([500, { error: { code: 'defect' } }])
    expect(JSON.stringify(body)).not.toContain('secret')
    expect(defects).toHaveLength(1)
  })

  it('sends headers that keep other pages out', async () => {
    const { ask } = setUp()
    const { headers } = await ask('/v1/status')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('the stream of events', () => {
  /** Reads until the text has it. */
  async function readUntil(response: Response, wanted: string): Promise<string> {
    const reader = response.body?.getReader()
    if (reader === undefined) return ''
    let text = ''
    while (!text.includes(wanted)) {
      const { done, value } = await reader.read()
      if (done) break
      text += new TextDecoder().decode(value)
    }
    await reader.cancel()
    return text
  }

  function open(app: AdminApp): Response | Promise<Response> {
    return app.fetch(
      new Request('http://127.0.0.1:8025/v1/events', { headers: { host: 'localhost' } }),
    )
  }

  it('passes on each event under its name, and leaves when its reader does', async () => {
    const { app, view } = setUp()
    const response = await open(app)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const [listener] = view.listeners
    listener?.({ lostCount: 0, events: ['{"event":"refused","session":7}'] })
    expect(await readUntil(response, '}\n\n')).toContain('event: hello')
    await expect.poll(() => view.listeners.size).toBe(0)
  })

  it('says how much a slow reader missed', async () => {
    const { app, view } = setUp()
    const response = await open(app)
    const [listener] = view.listeners
    const events = ['{"event":"opened"}']
    for (let count = 0; count < 50; count += 1) listener?.({ lostCount: 0, events })
    const reading = readUntil(response, 'lostCount')
    await new Promise((resolve) => setTimeout(resolve, 20))
    listener?.({ lostCount: 5, events })
    expect(await reading).toMatch(/event: lost\ndata: \{"lostCount":3[0-9]\}/)
  })

  it('is for so many readers, and no more', async () => {
    const { app } = setUp()
    const responses = []
    for (let count = 0; count < 17; count += 1) responses.push(await open(app))
    expect(responses.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 16 }, () => 200),
      503,
    ])
    app.close()
    await Promise.all(responses.slice(0, 16).map((response) => readUntil(response, 'never')))
  })
})
