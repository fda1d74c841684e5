// The lines of the configuration that limits stand in, for whoever asks why.

import { coverSecrets } from '../../base/secrets.ts'
import { limitTable } from '../../policy/limit-table.ts'
import type { Policy } from '../../policy/policy.ts'

/** Longer ones are cut: nobody reads them, and a text without line ends would be kept whole. */
const lineLengthMax = 200

export class ConfigurationLines {
  #lines: ReadonlyMap<string, string> = new Map()

  take(policy: Policy, sources: ReadonlyMap<string, string>): void {
    const split = new Map<string, readonly string[]>()
    const linesOf = (file: string): readonly string[] => {
      let lines = split.get(file)
      if (lines === undefined) {
        lines = (sources.get(file) ?? '').split('\n')
        split.set(file, lines)
      }
      return lines
    }
    const found = new Map<string, string>()
    for (const { id, origin } of limitTable(policy)) {
      const line = linesOf(origin.file)[origin.line - 1]
      if (line !== undefined) found.set(id, statementAt(line, origin.column))
    }
    this.#lines = found
  }

  lineOf(limitId: string): string | undefined {
    return this.#lines.get(limitId)
  }
}

/**
 * The statement at a column, and not what else stands in its line: that may be a password. In both
 * languages a statement ends at `;` or a brace.
 */
function statementAt(line: string, column: number): string {
  const at = column - 1
  const start = Math.max(0, ...[';', '{', '}'].map((mark) => line.lastIndexOf(mark, at - 1) + 1))
  const rest = line.slice(at)
  const end = /[;{}#]/.exec(rest)?.index ?? rest.length
  // Momentum needs no sign between two of them, so what looks like a password is covered as well.
  return coverSecrets(line.slice(start, at + end))
    .trim()
    .slice(0, lineLengthMax)
}
