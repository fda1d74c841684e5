// "Did you mean": the candidate that a mistyped word was probably meant to be.

// No option, scope or command is nearly this long, and the time taken grows with the square.
const longestWord = 64

/**
 * The candidate closest to a word, or undefined when none is close: at most a third of the longer
 * one may be wrong. Case does not count, and `-` equals `_`. Of equally close ones the first wins.
 *
 * @example
 * suggest('Servce-Sessions', ['Service_Sessions', 'Idle_Time']) // 'Service_Sessions'
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > longestWord) return undefined
  const folded = fold(word)
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const wrongMax = Math.floor(Math.max(word.length, candidate.length) / 3)
    if (Math.abs(word.length - candidate.length) > wrongMax) continue
    const distance = distanceBetween(folded, fold(candidate))
    if (distance <= wrongMax && distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll('-', '_')
}

/** Damerau-Levenshtein (optimal string alignment): insert, delete, replace, swap two neighbours. */
function distanceBetween(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1]
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      )
      const isSwap =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1]
      if (isSwap) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1)
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? 0
}
