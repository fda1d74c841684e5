// The file patterns of `include`, as glob(3) reads them: `*`, `?`, `[...]`, one path part at a time.

import { posix } from 'node:path'
import type { FileReader } from '../dialect.ts'

/** nginx takes a path for a pattern when it holds one of these. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path)
}

/**
 * The files a pattern names, in byte order; `max` bounds what a pattern over a huge tree can cost.
 * A directory that cannot be listed counts as empty, as it does for nginx.
 */
export function globFiles(pattern: string, reader: FileReader, max: number): readonly string[] {
  let found: string[] = [pattern.startsWith('/') ? '/' : '.']
  for (const part of pattern.split('/').filter((name) => name !== '')) {
    const next: string[] = []
    for (const directory of found) {
      for (const name of namesIn(directory, part, reader)) {
        if (next.length < max) next.push(posix.join(directory, name))
      }
    }
    found = next
  }
  return found.filter((path) => reader.kindOf(path) !== undefined).toSorted(byBytes)
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

function namesIn(directory: string, part: string, reader: FileReader): readonly string[] {
  if (!isGlob(part)) return [part.replaceAll(/\\(.)/gs, '$1')]
  if (reader.kindOf(directory) !== 'directory') return []
  const pattern = piecesOf(part)
  try {
    return reader
      .list(directory)
      .filter((name) => (part.startsWith('.') || !name.startsWith('.')) && matches(name, pattern))
  } catch {
    return []
  }
}

/** What one character of a name must be, or `*` for any number of them. */
type Piece = '*' | ((char: string) => boolean)

function piecesOf(part: string): readonly Piece[] {
  const pieces: Piece[] = []
  let rest = part
  while (rest !== '') {
    const [whole = '', escaped, not, members] =
      /^(?:\\(.)|\[([!^]?)(\]?[^\]]*)\]|.)/su.exec(rest) ?? []
    rest = rest.slice(whole.length)
    if (members !== undefined) pieces.push(bracket(members, not !== ''))
    else if (whole === '*') pieces.push('*')
    else if (whole === '?') pieces.push(() => true)
    else pieces.push((char) => char === (escaped ?? whole))
  }
  return pieces
}

/** `[a-z0-9_]`, or `[!...]` for anything else. */
function bracket(members: string, isNegated: boolean): Piece {
  const ranges = [...members.matchAll(/(.)-(.)|(.)/gsu)].map(
    ([, from, to, only]): readonly [string, string] => [from ?? only ?? '', to ?? only ?? ''],
  )
  return (char) => ranges.some(([from, to]) => char >= from && char <= to) !== isNegated
}

/**
 * Whether a name fits. Only the last star met is tried again with one character more, which is
 * enough, and keeps the time to the length of the name times that of the pattern.
 */
function matches(name: string, pieces: readonly Piece[]): boolean {
  const chars = Array.from(name)
  let [at, piece] = [0, 0]
  let star: { readonly piece: number; at: number } | undefined
  while (at < chars.length) {
    const wanted = pieces[piece]
    if (wanted === '*') {
      star = { piece, at }
      piece += 1
    } else if (wanted?.(chars[at] ?? '') === true) {
      at += 1
      piece += 1
    } else if (star !== undefined) {
      star.at += 1
      at = star.at
      piece = star.piece + 1
    } else {
      return false
    }
  }
  return pieces.slice(piece).every((rest) => rest === '*')
}
