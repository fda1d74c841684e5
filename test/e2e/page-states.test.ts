// The live page in states that a gate reaches slowly or never, over an API without a gate.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { FakeAdmin } from '../kit/fake-admin.ts'
import { fakeAnswers } from '../kit/fake-answers.ts'
import type { FakeAnswers } from '../kit/fake-answers.ts'
import { haveBrowser, keepPicture, startBrowser } from './kit/browser.ts'
import { until } from './kit/until.ts'
import { watchPage } from './kit/watch-page.ts'
import type { Watched } from './kit/watch-page.ts'

const directory = fileURLToPath(new URL('../../dist/dashboard', import.meta.url))
const hasBrowser = haveBrowser()
let browser: Browser

beforeAll(async () => {
  if (hasBrowser) browser = await startBrowser()
})

afterAll(async () => {
  if (hasBrowser) await browser.close()
})

describe('the built page', () => {
  it('has at most 60 kB in all as it goes over the wire, and asks for nothing from elsewhere', () => {
    const files = readdirSync(directory).map((name) => readFileSync(join(directory, name)))
    const sizes = files.map((file) => gzipSync(file, { level: 9 }).length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(60_000)
    const texts = files.map(String).join('\n')
    // Names of XML and the addresses that libraries mention in their messages are not fetched.
    const addresses = [...texts.matchAll(/https?:\/\/[^\s"'`)]+/g)].map(([address]) => address)
    expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([])
    expect(texts).not.toMatch(/<[a-z][^>]* style=|<script>|<style>/)
  })
})

interface WatchedFake extends Watched {
  readonly fake: FakeAdmin
}

async function watch(answers: FakeAnswers, options = {}): Promise<WatchedFake> {
  const fake = await FakeAdmin.start({ answers, directory })
  onTestFinished(() => fake.close())
  const { history } = answers
  const watched = await watchPage(browser, fake.address, {
    ...options,
    ...(history === undefined ? {} : { answers: { '/v1/history': history } }),
  })
  return { fake, ...watched }
}

/** As when somebody looks at the page again: it asks everything at once. */
async function askNow(page: Page): Promise<void> {
  await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
}

async function shows(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor()
}

describe.runIf(hasBrowser)('the live page', () => {
  it('says what is full before anything else, and loads nothing that its policy forbids', async () => {
    const { page, complaints, asked, fake } = await watch(fakeAnswers())
    await page.getByRole('heading', { level: 1, name: /^Full: ESMTP_Listener Peer/ }).waitFor()
    expect(await page.title()).toBe('2 full – Postern')
    const first = page.getByRole('meter').first()
    expect(await first.getAttribute('aria-valuetext')).toBe('600 of 600, full; highest 600')
    expect(asked.filter((address) => !address.startsWith(fake.address))).toEqual([])
    expect(complaints).toEqual([])
  })

  it('never takes a name for markup', async () => {
    const answers = fakeAnswers(1)
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    const [session] = answers.sessions.sessions
    const [refusal] = answers.refusals.refusals
    const [budget] = answers.budgets.budgets
    const [limit] = answers.limits.limits
    const { page, complaints } = await watch({
      ...answers,
      sessions: { ...answers.sessions, sessions: session ? [{ ...session, login: evil }] : [] },
      refusals: { ...answers.refusals, refusals: refusal ? [{ ...refusal, login: evil }] : [] },
      budgets: { ...answers.budgets, budgets: budget ? [{ ...budget, key: evil }] : [] },
      limits: { ...answers.limits, limits: limit ? [{ ...limit, scope: evil, line: evil }] : [] },
    })
    await page.getByRole('button', { name: /^Kick session/ }).waitFor()
    await page.locator('#limits .unfold').click()
    await page.locator('#limits pre').waitFor()
    // As text, in every place: headline, limit, its line, refusal, key, session.
    expect(await page.getByText(evil).count()).toBeGreaterThanOrEqual(6)
    expect(await page.locator('img, script:not([src])').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it('asks for the token where nothing is shown without, and keeps it in memory alone', async () => {
    const { page, fake, asked, headers } = await watch(fakeAnswers(1))
    fake.needToken('open-sesame')
    await page.reload()
    const field = page.getByLabel('Token', { exact: true })
    await field.fill('wrong')
    await field.press('Enter')
    await shows(page, 'The gate does not take this token.')
    await field.fill('open-sesame')
    await field.press('Enter')
    await page.getByRole('heading', { level: 1, name: /^Full/ }).waitFor()
    const kept = await page.evaluate(
      '[localStorage.length, sessionStorage.length, document.cookie, location.href]',
    )
    expect(kept).toEqual([0, 0, '', fake.address])
    expect(asked.filter((address) => /sesame/.test(address))).toEqual([])
    expect(headers.at(-1)?.['authorization']).toBe('Bearer open-sesame')
    // Where there is no token to give, it says why nothing can be changed, and asks for none.
    fake.access = { kind: 'local' }
    await shows(page, 'Changes need a token, and none is set')
    expect(await field.count()).toBe(0)
  })

  it('says when the gate is gone, from when what it shows is, and when it is back', async () => {
    const { page, fake } = await watch(fakeAnswers(1))
    await shows(page, 'live, now')
    await fake.close()
    await shows(page, /The gate does not answer .* What you see is from \d\d:\d\d:\d\d/)
    await fake.open()
    await shows(page, /^ ?live, /)
  })

  it('says what an empty table means', async () => {
    const answers = fakeAnswers(0)
    answers.limits = { ...answers.limits, limits: [] }
    answers.sessions = { sessionsActive: 0, matchingCount: 0, sessions: [] }
    answers.refusals = { matchingCount: 0, refusals: [] }
    const { page } = await watch(answers)
    await shows(page, 'The configuration sets no limit: every session is let in.')
    await shows(page, 'Nobody has been refused since the gate started.')
    await shows(page, 'Nobody is connected: nothing is counted.')
    await shows(page, 'Nobody is connected.')
  })

  it('shows the nodes of a cluster where there is one, and that its store is away', async () => {
    const answers = fakeAnswers(1)
    const { page, fake } = await watch(answers)
    const section = page.locator('#cluster')
    await shows(page, 'Live sessions')
    expect(await section.count()).toBe(0)
    const ledger = { state: 'counting', leasesTotal: 1, leaseLeftMs: 4200, nodeCount: 3 }
    const counted = { ...ledger, holderCount: 5, slotsHeld: 171 }
    const member = { name: 'prod', node: 'mx1', worker: 0, leaseMs: 5000, driftTotal: 0 }
    fake.answers.status = { ...answers.status, cluster: [{ ...member, ledgers: [counted] }] }
    await section.getByText('prod: 3 nodes count together').waitFor()
    const away = { ...counted, awayMs: 61_000, why: 'unreachable', detail: 'ECONNREFUSED' }
    fake.answers.status = { ...answers.status, cluster: [{ ...member, ledgers: [away] }] }
    const said = 'away for 1 min 1 s (unreachable: ECONNREFUSED): limits do what When_Away says'
    await section.getByText(said).waitFor()
  })

  it('draws a page of keys however many there are, and turns it', async () => {
    const { page, fake } = await watch(fakeAnswers(5000))
    await shows(page, '5,000, the fullest first')
    const rows = page.locator('#keys tbody tr')
    const few = await rows.count()
    expect(few).toBeLessThanOrEqual(50)
    await page.getByRole('button', { name: 'Next keys' }).click()
    await shows(page, `${few + 1} to ${2 * few} of 5,000`)
    // Counted, not timed: what is asked for and what stands in the page do not grow with the keys.
    const queries = fake.asked.filter(({ what }) => what === 'budgets').map(({ query }) => query)
    expect(queries).toContainEqual({ sort: 'fill', limit: few, offset: few })
    expect(new Set(queries.map((query) => (query as { limit: number }).limit))).toEqual(
      new Set([few]),
    )
    expect(await page.locator('*').count()).toBeLessThan(2500)
    // Answers that bring nothing new change nothing but ages.
    await page.evaluate(`globalThis.changed = 0
      new MutationObserver((all) => { changed += all.length }).observe(document.body, {
        subtree: true, childList: true, attributes: true, characterData: true })`)
    const asked = fake.asked.length
    await until('more answers', async () => {
      await askNow(page)
      return fake.asked.length > asked + 8
    })
    expect(await page.evaluate<number>('changed')).toBeLessThan(100)
  })

  it('kicks all that a filter finds, after it was asked', async () => {
    const { page, fake } = await watch(fakeAnswers(1))
    await page.getByLabel('Address or block').fill('203.0.113.0/24')
    await until('the filter to be asked', () =>
      fake.asked.some(({ query }) => (query as { from?: string }).from === '203.0.113.0/24'),
    )
    await page.getByRole('button', { name: /^Kick these 1,187/ }).click()
    const dialog = page.getByRole('dialog', { name: 'Kick these 1,000 sessions?' })
    await dialog.getByText('cidr 203.0.113.0/24').waitFor()
    const kicks = (): readonly unknown[] => fake.asked.filter(({ what }) => what === 'kick')
    expect(kicks()).toEqual([])
    await dialog.getByRole('button', { name: 'Kick these 1,000 sessions' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(kicks()).toEqual([{ what: 'kick', query: { from: '203.0.113.0/24', limit: 1000 } }])
  })

  it('keeps rows still under the pointer, and what is read in place', async () => {
    const answers = fakeAnswers(1)
    const { page, fake } = await watch(answers)
    const names = page.locator('#limits .unfold')
    await names.last().hover()
    const before = await names.allTextContents()
    const { limits } = fake.answers
    const emptied = limits.limits.map((limit, index) =>
      index === 0 ? { ...limit, usedCount: 1 } : limit,
    )
    fake.answers.limits = { ...limits, limits: emptied }
    await askNow(page)
    await shows(page, '1 / 600')
    expect(await names.allTextContents()).toEqual(before)
    await page.locator('footer').hover()
    await until(
      'another order',
      async () => (await names.allTextContents()).join() !== before.join(),
    )
  })

  it.each([
    ['light', { colorScheme: 'light', viewport: { width: 1360, height: 1000 } }],
    ['dark', { colorScheme: 'dark', viewport: { width: 1360, height: 1000 } }],
    ['phone', { colorScheme: 'light', viewport: { width: 360, height: 740 }, isMobile: true }],
  ])('is accessible in %s, unfolded, and no wider than the screen', async (name, options) => {
    const { page } = await watch(fakeAnswers(30), options)
    await page.locator('#limits .unfold').first().click()
    await page.locator('#refusals .unfold').first().click()
    await page.locator('#limits canvas').waitFor()
    await keepPicture(page, name)
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0)
    expect(await complaintsOfAxe(page)).toEqual([])
  })
})

const axe = readFileSync(
  fileURLToPath(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url)),
  'utf8',
)

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Through the debugger, so that the page's own policy stays as it is. */
async function complaintsOfAxe(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe)
  return page.evaluate<string[]>(`axe
    .run(document, { runOnly: ${JSON.stringify(rules)} })
    .then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`)
}
