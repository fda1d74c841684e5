// `--held FILE`: sessions to pretend are open, opened through the same engine as real ones.

import { addressOfClient } from '../base/address.ts'
import { findListen } from '../daemon/explain-report.ts'
import type { Engine } from '../engine/engine.ts'

/** Sessions of one Listen and address. */
export interface HeldSessions {
  readonly listenId: string
  readonly from: string
  readonly count: number
}

export type HeldResult = { readonly held: readonly HeldSessions[] } | { readonly problem: string }

/** More than any one machine holds; a typing error should not take all memory. */
const heldMax = 1_000_000

/** Reads lines of `LISTEN ADDRESS [COUNT]`; `#` begins a comment. */
export function parseHeld(text: string, engine: Engine): HeldResult {
  const held: HeldSessions[] = []
  let total = 0
  for (const [at, written] of text.split('\n').entries()) {
    const words = written.replace(/#.*/, '').trim().split(/\s+/).filter(Boolean)
    if (words.length === 0) continue
    const parsed = parseLine(words, engine)
    if ('problem' in parsed) return { problem: `line ${at + 1}: ${parsed.problem}` }
    total += parsed.count
    if (total > heldMax) return { problem: `line ${at + 1}: more than ${heldMax} sessions in all` }
    held.push(parsed)
  }
  return { held }
}

/** Opens them in order; answers how many were refused themselves. */
export function openHeld(engine: Engine, held: readonly HeldSessions[]): number {
  let refusedCount = 0
  for (const { listenId, from, count } of held) {
    for (let opened = 0; opened < count; opened += 1) {
      const verdict = engine.open({ listenId, remote: from })
      const isWaiting = verdict.kind === 'admit' && verdict.session.isAwaitingAddress
      const last = isWaiting ? engine.adopt(verdict.session, from) : verdict
      if (last.kind === 'refuse') refusedCount += 1
    }
  }
  return refusedCount
}

function parseLine(
  words: readonly string[],
  engine: Engine,
): HeldSessions | { readonly problem: string } {
  const [listen, from, countText = '1', ...rest] = words
  if (listen === undefined || from === undefined || rest.length > 0) {
    return { problem: 'a line is LISTEN ADDRESS [COUNT]' }
  }
  const listenId = findListen(engine.policy, listen)
  if (typeof listenId !== 'string') return listenId
  if (addressOfClient(from) === undefined) return { problem: `"${from}" is not an IP address` }
  if (!/^[0-9]{1,7}$/.test(countText)) return { problem: `"${countText}" is not a count` }
  return { listenId, from, count: Number(countText) }
}
