// The result of loading a configuration as a golden file shows it: the policy, then the diagnostics.

import type { Span } from '../../src/base/diagnostic.ts'
import { renderDiagnostic } from '../../src/base/render-diagnostic.ts'
import type { LoadResult } from '../../src/dialect/dialect.ts'
import { layOut, mainFile } from './case-file.ts'

export function sectionsOf({ policy, diagnostics, sources }: LoadResult): string[] {
  const shown = diagnostics.map((found) => renderDiagnostic(found, sources, { color: false }))
  const found = shown.join('\n')
  if (policy === undefined) return [found]
  const json = layOut(JSON.parse(JSON.stringify(policy, shortSpans)), '')
  return found === '' ? [json] : [json, found]
}

/** `line:column`, after the file's name when it is not the main one. */
function shortSpan({ file, line, column }: Span): string {
  const place = `${line}:${column}`
  return file === mainFile ? place : `${file.replace('/conf/', '')} ${place}`
}

function shortSpans(_key: string, value: unknown): unknown {
  return isSpan(value) ? shortSpan(value) : value
}

export function isSpan(value: unknown): value is Span {
  return typeof value === 'object' && value !== null && 'line' in value && 'file' in value
}
