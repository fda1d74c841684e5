// The syntax tree back to text, in one canonical layout: parsing the output gives the same tree.

import type { Entry, Statement, Word } from './syntax.ts'

/** Values that read better bare: numbers and the documented words for booleans. */
const bareValue = /^(\d+|true|false|yes|no|on|off|enabled|disabled|none)$/i
const bareKey = /^[A-Za-z0-9_.-]+$/

/** Where a list is broken into lines of its own; the width of this project's files. */
const maxWidth = 100

/** Prints statements, two blanks deeper per scope. */
export function print(statements: readonly Statement[]): string {
  const lines: string[] = []
  printInto(lines, statements, '')
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function printInto(lines: string[], statements: readonly Statement[], indent: string): void {
  for (const statement of statements) {
    switch (statement.kind) {
      case 'include':
        lines.push(
          `${indent}${statement.isReadonly ? 'readonly_' : ''}include ${quote(statement.path)}`,
        )
        break
      case 'scalar':
        lines.push(`${indent}${statement.name.text} = ${printValue(statement.value)}`)
        break
      case 'array':
        printList(lines, `${indent}${statement.name.text} =`, {
          open: '(',
          items: statement.items.map(quote),
          close: ')',
          indent,
        })
        break
      case 'dictionary':
        printList(lines, `${indent}${statement.name.text} =`, {
          open: '[',
          items: statement.entries.map(printEntry),
          close: ']',
          indent,
        })
        break
      case 'scope': {
        const instance = statement.instance === undefined ? '' : ` ${quote(statement.instance)}`
        const head = `${indent}${statement.name.text}${instance}`
        if (statement.body.length === 0) {
          lines.push(`${head} {}`)
          break
        }
        lines.push(`${head} {`)
        printInto(lines, statement.body, `${indent}  `)
        lines.push(`${indent}}`)
      }
    }
  }
}

interface ListParts {
  readonly open: string
  readonly items: readonly string[]
  readonly close: string
  readonly indent: string
}

function printList(lines: string[], head: string, parts: ListParts): void {
  const { open, items, close, indent } = parts
  if (items.length === 0) {
    lines.push(`${head} ${open}${close}`)
    return
  }
  const line = `${head} ${open} ${items.join(' ')} ${close}`
  if (line.length <= maxWidth) {
    lines.push(line)
    return
  }
  lines.push(`${head} ${open}`)
  for (const item of items) lines.push(`${indent}  ${item}`)
  lines.push(`${indent}${close}`)
}

function printEntry(entry: Entry): string {
  const key = bareKey.test(entry.key.text) ? entry.key.text : quote(entry.key)
  return `${key} = ${printValue(entry.value)}`
}

export function printValue(word: Pick<Word, 'text'>): string {
  return bareValue.test(word.text) ? word.text : quote(word)
}

const escaped: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\r', '\\r'],
  ['\n', '\\n'],
  ['\t', '\\t'],
])

/** Quotes a text so that every character survives; a backslash is always doubled. */
export function quote(word: Pick<Word, 'text'>): string {
  const text = word.text.replaceAll(/["\\\r\n\t]/g, (char) => escaped.get(char) ?? char)
  return `"${text}"`
}
