// A policy as a text of some dialect, and the layout that both dialects' texts have.

import type { Span } from '../base/diagnostic.ts'

/** Something a policy says and a language has no words for. */
export interface NotSaid {
  /** What is lost, and why, as a sentence without its full stop. */
  readonly reason: string
  /** Where the policy says it. */
  readonly span?: Span | undefined
}

export interface WrittenPolicy {
  readonly text: string
  readonly notSaid: readonly NotSaid[]
}

/** A statement, or a block of them; an empty head is a remark alone. */
export interface TextNode {
  readonly head: string
  /** Absent: not a block. */
  readonly body?: readonly TextNode[]
  /** Stands on the lines above it. */
  readonly remark?: string | undefined
}

export interface LayoutStyle {
  readonly indent: string
  /** What ends a statement that is no block. */
  readonly end: string
  readonly emptyBlock: string
}

/** A body that fits on one line with its head stands there; the width of this project's files. */
const maxWidth = 100
const maxStatementsInLine = 3

/** Lays nodes out; blocks of several lines have an empty line before them. */
export function layOutNodes(nodes: readonly TextNode[], style: LayoutStyle): string {
  const lines = linesOf(nodes, style, '')
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function linesOf(nodes: readonly TextNode[], style: LayoutStyle, indent: string): string[] {
  const lines: string[] = []
  let wasBlock = false
  for (const node of nodes) {
    const own = linesOfNode(node, style, indent)
    const isBlock = own.length > 1
    if (lines.length > 0 && (isBlock || wasBlock)) lines.push('')
    lines.push(...own)
    wasBlock = isBlock
  }
  return lines
}

function linesOfNode(node: TextNode, style: LayoutStyle, indent: string): string[] {
  const { head, body, remark } = node
  const remarks = (remark === undefined ? [] : remark.split('\n')).map((line) =>
    `${indent}# ${line}`.trimEnd(),
  )
  if (head === '') return remarks
  if (body === undefined) return [...remarks, `${indent}${head}${style.end}`]
  if (body.length === 0) return [...remarks, `${indent}${head} ${style.emptyBlock}`]
  const inLine = inOneLine(node, style, indent)
  if (inLine !== undefined) return [...remarks, inLine]
  const inner = linesOf(body, style, `${indent}${style.indent}`)
  return [...remarks, `${indent}${head} {`, ...inner, `${indent}}`]
}

function inOneLine(
  { head, body = [] }: TextNode,
  { end }: LayoutStyle,
  indent: string,
): string | undefined {
  const isFlat = body.every((node) => node.body === undefined && node.remark === undefined)
  if (!isFlat || body.length > maxStatementsInLine) return undefined
  const line = `${indent}${head} { ${body.map((node) => `${node.head}${end}`).join(' ')} }`
  return line.length > maxWidth ? undefined : line
}

/** `postern.conf:12`, without the directory: the reader knows where he has his files. */
export function placeOf({ file, line }: Span): string {
  return `${file.slice(file.lastIndexOf('/') + 1)}:${line}`
}

/** A name in a remark: nothing of it may end the remark's line. */
export function inRemark(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f]/g, '?')
}
