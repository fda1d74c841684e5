// How a diagnostic looks, and that a hostile file cannot paint the terminal.

import { describe, expect, it } from 'vitest'
import { renderDiagnostic } from './render-diagnostic.ts'
import type { Diagnostic, Span } from './diagnostic.ts'

function render(source: string, span: Omit<Span, 'file'>, rest: Partial<Diagnostic> = {}): string {
  const diagnostic: Diagnostic = {
    severity: 'error',
    code: 'unknown_option',
    message: 'unknown option',
    span: { file: 'e.conf', ...span },
    ...rest,
  }
  return renderDiagnostic(diagnostic, new Map([['e.conf', source]]), { color: false })
}

function lines(...list: string[]): string {
  return list.join('\n')
}

/** The part of the shown line that the carets stand below. */
function marked(rendered: string): string {
  const [, source = '', carets = ''] = rendered.split('\n')
  return source.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)
}

describe('renderDiagnostic', () => {
  it('shows place, message, code, the line, a caret and the hint', () => {
    const source = 'ESMTP_Listener {\n  Servce_Sessions = 20\n}\n'
    const hint = 'did you mean "Service_Sessions"?'
    expect(render(source, { line: 2, column: 3, endColumn: 18 }, { hint })).toBe(
      lines(
        'e.conf:2:3: error: unknown option [unknown_option]',
        '2 |   Servce_Sessions = 20',
        '  |   ^^^^^^^^^^^^^^^',
        '  = did you mean "Service_Sessions"?',
      ),
    )
  })

  it('keeps the margin as wide as the line number', () => {
    expect(render('\n'.repeat(122) + 'x', { line: 123, column: 1 }, { hint: 'h' })).toBe(
      lines(
        'e.conf:123:1: error: unknown option [unknown_option]',
        '123 | x',
        '    | ^',
        '    = h',
      ),
    )
  })

  it('shows one caret without an end column, and one behind the end of the line', () => {
    expect(marked(render('abc def', { line: 1, column: 5 }))).toBe('d')
    expect(render('abc\r\n', { line: 1, column: 4, endColumn: 9 }).split('\n').slice(1)).toEqual([
      '1 | abc',
      '  |    ^',
    ])
    expect(render('', { line: 1, column: 1 }).split('\n').slice(1)).toEqual(['1 |', '  | ^'])
  })

  it('keeps the caret below its character behind tabs and control characters', () => {
    expect(marked(render('\t\tbad = 1', { line: 1, column: 3, endColumn: 6 }))).toBe('bad')
    expect(marked(render('a\0\tbad = 1', { line: 1, column: 4, endColumn: 7 }))).toBe('bad')
    expect(marked(render('a\0b', { line: 1, column: 2 }))).toBe('\\x00')
  })

  it('shows a window of a very long line, with the caret in it', () => {
    const source = `${'a'.repeat(500)}bad${'c'.repeat(500)}`
    const rendered = render(source, { line: 1, column: 501, endColumn: 504 })
    const [, shown = ''] = rendered.split('\n')
    expect(marked(rendered)).toBe('bad')
    expect(shown).toMatch(/^1 \| \.\.\.a+badc+\.\.\.$/)
    expect(shown).toHaveLength('1 | '.length + 160)
  })

  it('shows a window at the beginning, at the end, and of a span that is longer than it', () => {
    const long = 'x'.repeat(1_000)
    const atStart = render(`bad${long}`, { line: 1, column: 1, endColumn: 4 })
    expect(atStart.split('\n')[1]).toMatch(/^1 \| badx+\.\.\.$/)
    const atEnd = render(`${long}bad`, { line: 1, column: 1_001, endColumn: 1_004 })
    expect(atEnd.split('\n')[1]).toMatch(/^1 \| \.\.\.x+bad$/)
    expect(marked(atEnd)).toBe('bad')
    const all = render(long, { line: 1, column: 1, endColumn: 1_001 })
    for (const line of all.split('\n')) expect(line.length).toBeLessThanOrEqual(164)
  })

  it('leaves the source line out when it does not have it', () => {
    const first = 'e.conf:9:1: error: unknown option [unknown_option]'
    expect(render('one line', { line: 9, column: 1 })).toBe(first)
    const span = { file: 'other.conf', line: 1, column: 1 }
    const elsewhere = render('x', { line: 1, column: 1 }, { span, hint: 'h' })
    expect(elsewhere).toBe('other.conf:1:1: error: unknown option [unknown_option]\n  = h')
  })

  it('shows a diagnostic without a place', () => {
    const warning: Diagnostic = { severity: 'warning', code: 'c', message: 'm' }
    expect(renderDiagnostic(warning, new Map(), { color: false })).toBe('warning: m [c]')
  })

  it('lets nothing through that could paint or reorder the terminal', () => {
    const evil = '\u001b[2J\u009b\u202e\u2028\ud800\u0007\r'
    const rendered = render(
      `${evil}x`,
      { line: 1, column: 1 },
      { message: `${evil}\n`, hint: evil, span: { file: 'e.conf', line: 1, column: 1 } },
    )
    expect(rendered).not.toMatch(/[^\n\P{C}]|[\p{Zl}\p{Zp}]/u)
    expect(rendered).toContain(String.raw`\x1B[2J\x9B\u{202E}\u{2028}\u{D800}\x07\x0Dx`)
    expect(rendered.split('\n')).toHaveLength(4)
  })

  it('colours by severity when asked to', () => {
    const span = { file: 'e.conf', line: 1, column: 1 }
    const note: Diagnostic = { severity: 'note', code: 'c', message: 'm', span }
    const rendered = renderDiagnostic(note, new Map([['e.conf', 'x']]), { color: true })
    expect(rendered).toBe(
      lines(
        '\u001b[1me.conf:1:1: \u001b[0m\u001b[1;36mnote:\u001b[0m m [c]',
        '1 | x',
        '  | \u001b[1;36m^\u001b[0m',
      ),
    )
  })
})
