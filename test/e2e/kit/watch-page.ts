// A window of the browser on a page, with everything noted that it asked for and complained about.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

export interface Watched {
  readonly page: Page
  /** Errors of scripts, and whatever the page's policy kept from loading. */
  readonly complaints: string[]
  /** Where it asked for anything, and with which headers. */
  readonly asked: string[]
  readonly headers: Readonly<Record<string, string>>[]
}

export interface WatchOptions extends BrowserContextOptions {
  /** In place of what the server would answer, by path. */
  readonly answers?: Readonly<Record<string, unknown>>
}

/** It closes with the test. */
export async function watchPage(
  browser: Browser,
  address: string,
  { answers = {}, ...options }: WatchOptions = {},
): Promise<Watched> {
  const context = await browser.newContext(options)
  for (const [path, json] of Object.entries(answers)) {
    await context.route(
      (url) => url.pathname === path,
      (route) => route.fulfill({ json }),
    )
  }
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  const asked: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  const headers: Readonly<Record<string, string>>[] = []
  page.on('request', (request) => {
    asked.push(request.url())
    headers.push(request.headers())
  })
  await page.goto(address)
  return { page, complaints, asked, headers }
}
