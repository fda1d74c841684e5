// How the live page is served beside the API.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { fakeView } from '../../test/kit/fake-admin.ts'
import { fakeAnswers } from '../../test/kit/fake-answers.ts'
import { ManualClock } from '../../test/kit/manual-clock.ts'
import { accessOf } from './access.ts'
import { createAdmin } from './app.ts'
import type { AdminApp } from './app.ts'
import { PageFiles } from './page-files.ts'

const directories: string[] = []
const apps: AdminApp[] = []

afterEach(() => {
  for (const app of apps.splice(0)) app.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

/** Beyond the machine, where everything needs the token. */
function adminWith(hasPage: boolean): AdminApp {
  const directory = mkdtempSync(join(tmpdir(), 'postern-page-'))
  directories.push(directory)
  if (hasPage) writeFileSync(join(directory, 'index.html'), '<!doctype html>')
  const page = PageFiles.load(directory)
  const app = createAdmin({
    view: fakeView(fakeAnswers(1)),
    clock: new ManualClock(),
    endpoint: { kind: 'tcp', host: '192.0.2.1', port: 8025, text: '192.0.2.1:8025' },
    access: () => accessOf('remote', 'a-token-of-32-characters-exactly'),
    version: '0.0.0',
    onDefect: (error) => {
      throw error
    },
    ...(page === undefined ? {} : { page }),
  })
  apps.push(app)
  return app
}

const ask = (app: AdminApp, path: string, method = 'GET'): Response | Promise<Response> =>
  app.fetch(new Request(`https://192.0.2.1:8025${path}`, { method }))

describe('the live page', () => {
  it('comes without a token, which it asks for itself; what it shows does not', async () => {
    const app = adminWith(true)
    const page = await ask(app, '/')
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ])
    expect(await page.text()).toBe('<!doctype html>')
    expect((await ask(app, '/', 'HEAD')).status).toBe(200)
    expect((await ask(app, '/v1/status')).status).toBe(401)
    expect((await ask(app, '/', 'POST')).status).toBe(404)
  })

  it('comes with a policy under which nothing from elsewhere loads, runs or frames it', async () => {
    const { headers } = await ask(adminWith(true), '/')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy.split('; ').toSorted()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self'",
      "require-trusted-types-for 'script'",
      "script-src 'self'",
      "style-src 'self'",
      "trusted-types 'none'",
    ])
    expect([
      headers.get('x-content-type-options'),
      headers.get('x-frame-options'),
      headers.get('referrer-policy'),
      headers.get('cross-origin-opener-policy'),
      headers.get('cross-origin-resource-policy'),
    ]).toEqual(['nosniff', 'DENY', 'no-referrer', 'same-origin', 'same-origin'])
  })

  it('is told to be missing where it was not built', async () => {
    const response = await ask(adminWith(false), '/')
    expect([response.status, await response.json()]).toEqual([
      404,
      {
        error: {
          code: 'no_page',
          message: 'This build has no web page: `npm run build` makes it.',
        },
      },
    ])
  })
})
