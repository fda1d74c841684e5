// Debian's chromium, driven by Playwright: a browser with nothing in it.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { haveDebian } from '../../interop/debian.ts'

/** True when there is a chromium; says why not where there is none. */
export function haveBrowser(): boolean {
  return haveDebian(['chromium'], ['chromium'])
}

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Its profile is empty, and goes with it. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: flags })
}

const pictures = fileURLToPath(new URL('../../../.tmp/live-page/', import.meta.url))

/** Kept after the run, for whoever wants to see what the tests saw. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`) })
}
