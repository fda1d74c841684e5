// A dialogue as a table writes it: what is sent, and every byte that comes back.

import { expect } from 'vitest'
import type { Client } from './client.ts'
import { until } from './until.ts'

/** What the client sends (nothing: the greeting is awaited), and what it reads then. */
export type Exchange = readonly [sent: string, read: string | RegExp]

export interface Row {
  /** Where the table says it. */
  readonly cites: string
  readonly talk: readonly Exchange[]
  /** The gate ends the session behind the last answer. Else it stays open. */
  readonly ends?: boolean
}

/** Plays a row; what came must be the row's text, and nothing else. */
export async function converse(client: Client, { talk, ends = false }: Row): Promise<void> {
  const heard: string[] = []
  for (const [sent, read] of talk) {
    const start = client.text.length
    if (sent !== '') client.send(Buffer.from(sent, 'latin1'))
    await until(
      () => `${String(read)} from ${client.describe()}`,
      () => isComplete(client.text.slice(start), read) || client.isClosed,
    )
    heard.push(client.text.slice(start))
  }
  if (ends) await client.over()
  const shown = talk.map(([, read], index) => {
    const text = heard[index] ?? ''
    return read instanceof RegExp && read.test(text) ? text : read
  })
  expect(heard).toEqual(shown)
  // Nothing came behind the last answer.
  expect(client.text).toBe(heard.join(''))
  expect(client.hasEnded).toBe(ends)
}

function isComplete(text: string, read: string | RegExp): boolean {
  if (read instanceof RegExp) return read.test(text)
  // What is wrong will not become right.
  return text.length >= read.length || !read.startsWith(text)
}
