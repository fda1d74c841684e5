// The syntax tree back to text, in one canonical layout: parsing the output gives the same tree.

import type { Statement, Word } from './syntax.ts'

/** Words that read the same bare: none of nginx's special characters, and no blank. */
const bareWord = /^(?:\$\{[^\s\\;"'{}#]*\}|[^\s\\;"'{}#])+$/u

/** What must be written with a backslash, quotation marks or not. */
const escaped: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\t', '\\t'],
  ['\r', '\\r'],
  ['\n', '\\n'],
])

/** Prints statements, four blanks deeper per block. Mistakes print as nothing. */
export function print(statements: readonly Statement[]): string {
  const lines: string[] = []
  printInto(lines, statements, '')
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function printInto(lines: string[], statements: readonly Statement[], indent: string): void {
  for (const statement of statements) {
    if (statement.kind === 'mistake') continue
    const { name, args, body } = statement
    const head = `${indent}${[name, ...args].map((word) => printWord(word)).join(' ')}`
    if (body === undefined) {
      lines.push(`${head};`)
    } else {
      lines.push(`${head} {`)
      printInto(lines, body, `${indent}    `)
      lines.push(`${indent}}`)
    }
  }
}

/** A word as nginx reads it back: bare when it can be, else in double quotation marks. */
export function printWord(word: Pick<Word, 'text'> | string): string {
  const text = typeof word === 'string' ? word : word.text
  if (bareWord.test(text)) return text
  return `"${text.replaceAll(/["\\\t\r\n]/g, (char) => escaped.get(char) ?? char)}"`
}
