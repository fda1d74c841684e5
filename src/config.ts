// For embedding: configuration text in, Policy and diagnostics out. `postern/config`.

export { loadConfiguration } from './dialect/detect.ts'
export type { FileReader, LoadOptions, LoadResult } from './dialect/dialect.ts'
export { fileReader } from './dialect/file-reader.ts'
export { memoryReader } from './dialect/memory-reader.ts'
export { renderDiagnostic } from './base/render-diagnostic.ts'
export type { Diagnostic, Severity, Sourced, Span } from './base/diagnostic.ts'
export type { Policy } from './policy/policy.ts'
