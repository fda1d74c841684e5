// Draws the picture of the live page in the README: the built page over the answers of a gate at three
// in the morning, which test/kit/fake-answers.ts makes up.

import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startBrowser } from '../test/e2e/kit/browser.ts'
import { FakeAdmin } from '../test/kit/fake-admin.ts'
import { fakeAnswers } from '../test/kit/fake-answers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const answers = fakeAnswers()
const fake = await FakeAdmin.start({ answers, directory: `${root}/dist/dashboard` })
const browser = await startBrowser()
const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, timezoneId: 'UTC' })
await page.route('**/v1/history', (route) => route.fulfill({ json: answers.history }))
await page.goto(fake.address)
await page.locator('#refusals .unfold').nth(3).click()
await page.locator('#refusals pre').waitFor()
// One press of the mouse leaves a shade under it.
await page.locator('.headline').hover()
mkdirSync(`${root}/docs/images`, { recursive: true })
await page.screenshot({ path: `${root}/docs/images/live-page.png` })
await browser.close()
await fake.close()
