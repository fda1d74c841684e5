// The live page over a running gate with real clients: what an operator does at three in the morning,
// with the mouse and then with the keyboard alone.

import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { haveBrowser, keepPicture, startBrowser } from './kit/browser.ts'
import type { Client } from './kit/client.ts'
import { Gate } from './kit/gate.ts'
import { freePort } from './kit/ports.ts'
import { until } from './kit/until.ts'
import { watchPage } from './kit/watch-page.ts'
import type { Watched } from './kit/watch-page.ts'

const token = 'a-token-of-the-operator'
const hasBrowser = haveBrowser()
let browser: Browser

beforeAll(async () => {
  if (hasBrowser) browser = await startBrowser()
})

afterAll(async () => {
  if (hasBrowser) await browser.close()
})

interface Scene extends Watched {
  readonly gate: Gate
}

const listeners = (cap: number): string => `E{ SS=100 Listen ":25" { Peer "127.0.0.0/8" {
  Listener_Sessions = ${cap}
} } }`

/** A gate with a cap of two, and the page on it. */
async function start(): Promise<Scene> {
  const admin = `Admin = "127.0.0.1:${await freePort()}" Admin_Token_File = "{dir}/token"\n`
  const config = admin + listeners(2)
  const gate = await Gate.start({ config, files: { token } })
  const [, address = ''] = await gate.logs(/admin API on (http:\S+)/)
  return {
    gate,
    ...(await watchPage(browser, address, { viewport: { width: 1360, height: 900 } })),
  }
}

const perPeer = /Listen \*:\d+ Peer 127\.0\.0\.0\/8/

/** The meter of the limit that the clients of these tests fill. */
function meterOf(page: Page): Locator {
  return page.locator('#limits').getByRole('meter', { name: perPeer })
}

async function reads(meter: Locator, text: string): Promise<void> {
  await until(`a meter that says "${text}"`, async () => {
    return (await meter.getAttribute('aria-valuetext')) === text
  })
}

/** Two are in, the third is refused. */
async function fill(gate: Gate): Promise<readonly Client[]> {
  return gate.play('A@25 x2 ok, A@25 421')
}

describe.runIf(hasBrowser)('the live page of a running gate', () => {
  it('shows a cap that fills, why the next one was refused, and ends a session for good', async () => {
    const { gate, page, complaints, asked } = await start()
    await reads(meterOf(page), '0 of 2, 0 %; highest 0')
    const [first, second] = await fill(gate)
    await reads(meterOf(page), '2 of 2, full; highest 2')
    await page.getByRole('heading', { level: 1, name: perPeer }).waitFor()

    await page.locator('#refusals .unfold').first().click()
    const why = page.locator('#refusals .why')
    await why.getByText(/had 2 of 2 sessions \(listener_sessions\)/).waitFor()
    // The file, the line, and what stands there.
    expect(await why.locator('figcaption').textContent()).toMatch(/postern\.conf:4$/)
    expect(await why.locator('pre').textContent()).toContain('Listener_Sessions = 2')
    const decided = why.locator('tr.decided')
    expect(await decided.textContent()).toMatch(/2 \/ 2.*full: decided/)
    await keepPicture(page, 'gate-refusal')

    const kicks = page.locator('#sessions').getByRole('button', { name: /^Kick session/ })
    await kicks.first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Kick it' }).click()
    // Without the token nothing happens, and the page says so.
    await page
      .getByRole('dialog')
      .getByText(/Not done\./)
      .waitFor()
    expect(first?.isLive).toBe(true)
    await page.keyboard.press('Escape')
    await page.getByLabel('Token', { exact: true }).fill(token)
    await page.getByRole('button', { name: 'Use it' }).click()
    await page.getByText('This page may change things').waitFor()
    await kicks.first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Kick it' }).click()
    await first?.over()
    expect(second?.isLive).toBe(true)
    await gate.holds(1)
    await reads(meterOf(page), '1 of 2, 50 %; highest 2')
    expect(asked.every((address) => new URL(address).origin === new URL(page.url()).origin)).toBe(
      true,
    )
    expect(asked.some((address) => address.includes(token))).toBe(false)
    expect(complaints.filter((text) => !/status of 401/.test(text))).toEqual([])
  })

  it('does the same for the keyboard alone', async () => {
    const { gate, page } = await start()
    const [first] = await fill(gate)
    await reads(meterOf(page), '2 of 2, full; highest 2')
    await goTo(page, page.getByLabel('Token', { exact: true }))
    await page.keyboard.type(token)
    await page.keyboard.press('Enter')
    await page.getByText('This page may change things').waitFor()

    await goTo(page, page.locator('#refusals .unfold').first())
    await page.keyboard.press('Enter')
    await page.locator('#refusals .why').getByText('Listener_Sessions = 2').waitFor()

    const kick = page
      .locator('#sessions')
      .getByRole('button', { name: /^Kick session/ })
      .first()
    await goTo(page, kick)
    await page.keyboard.press('Enter')
    // The dialog takes the focus, keeps it, and Escape gives it back.
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await isFocused(kick)).toBe(true)
    await page.keyboard.press('Enter')
    await goTo(page, dialog.getByRole('button', { name: 'Kick it' }))
    await page.keyboard.press('Enter')
    await first?.over()
    await gate.holds(1)
    // The button is gone with its row; the keyboard goes on from the heading above it.
    expect(await isFocused(page.getByRole('heading', { name: 'Live sessions' }))).toBe(true)
  })

  it('changes a cap until the next reload, and shows what a reload changes before it does', async () => {
    const { gate, page } = await start()
    await page.getByLabel('Token', { exact: true }).fill(token)
    await page.getByRole('button', { name: 'Use it' }).click()
    await fill(gate)
    await page.locator('#limits').getByRole('button', { name: perPeer }).click()
    await page.getByLabel('Another cap, until the next reload').fill('3')
    await page.getByText('It has 2 sessions now: room for 1 more.').waitFor()
    await page.getByRole('button', { name: 'Set cap…' }).click()
    await page.getByRole('button', { name: 'Set it to 3' }).click()
    await page.getByText('the configuration says 2').waitFor()
    await gate.play('A@25 ok, A@25 421')

    const { revision } = await gate.status()
    await gate.place.writeConfig('postern.conf', await changed(gate, listeners(5)))
    await page.getByRole('button', { name: 'Reload…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('heading', { name: 'Reload the configuration?' }).waitFor()
    expect(await dialog.locator('ins').first().textContent()).toMatch(/5/)
    await keepPicture(page, 'gate-reload')
    // Nothing has changed so far.
    expect((await gate.status()).revision).toBe(revision)
    await dialog.getByRole('button', { name: 'Apply it' }).click()
    await reads(meterOf(page), '3 of 5, 60 %; highest 3')
    await gate.play('A@25 x2 ok, A@25 421')

    await gate.place.writeConfig(
      'postern.conf',
      await changed(gate, 'E{ SS=many Listen ":25" {} }'),
    )
    await page.getByRole('button', { name: 'Reload…' }).click()
    await dialog.getByRole('heading', { name: 'The configuration has mistakes' }).waitFor()
    await dialog.getByText(/postern\.conf:3$/).waitFor()
    expect(await dialog.getByRole('button', { name: 'Apply it' }).count()).toBe(0)
  })

  it('drains the gate, and says so', async () => {
    const { gate, page } = await start()
    await page.getByLabel('Token', { exact: true }).fill(token)
    await page.getByRole('button', { name: 'Use it' }).click()
    const client = await gate.admits('A@25')
    await page.getByRole('button', { name: 'Drain…' }).click()
    await page.getByRole('dialog').getByText('1 live session may finish').waitFor()
    await page.getByRole('button', { name: 'Drain it' }).click()
    await page.getByText('Draining: nobody new is accepted').waitFor()
    expect((await gate.status()).isDraining).toBe(true)
    await client.close()
    await gate.program.ended()
    await page.getByText(/The gate does not answer/).waitFor()
  })
})

/** What stands before the listeners stays. */
async function changed(gate: Gate, text: string): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  const before = await readFile(gate.place.path('postern.conf'), 'utf8')
  return before.split('\n').slice(0, 2).join('\n') + `\n${text}`
}

function isFocused(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => element.matches(':focus'))
}

/** Presses Tab until the focus is there; what is not in the order of the page is never reached. */
async function goTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 120; presses += 1) {
    if (await isFocused(target)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${String(target)} is not reached by the keyboard`)
}
