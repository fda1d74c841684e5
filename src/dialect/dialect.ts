// What a configuration language must be able to do. Everything below the dialects sees only the
// Policy.

import type { Diagnostic } from '../base/diagnostic.ts'
import type { OptionWord } from '../policy/option-word.ts'
import type { Policy } from '../policy/policy.ts'
import type { WrittenPolicy } from './written.ts'

/** Reads configuration files. Injected, so that includes can be tested without a disk. */
export interface FileReader {
  /** Text of a file, or why it could not be read. `file` is absolute. */
  read(file: string): { readonly text: string } | { readonly problem: string }
  /** `undefined` when nothing is there. */
  kindOf(path: string): 'file' | 'directory' | undefined
  /** Names in a directory, unsorted. */
  list(directory: string): readonly string[]
}

export interface LoadOptions {
  /** The main file: absolute, or the name shown in diagnostics when `text` is given. */
  readonly file: string
  /** Use this text instead of reading `file`. */
  readonly text?: string
  readonly reader: FileReader
  /** Directories searched for relative includes, after the including file's own. */
  readonly searchPath: readonly string[]
}

export interface LoadResult {
  /** Present when no diagnostic is an error. */
  readonly policy?: Policy
  readonly diagnostics: readonly Diagnostic[]
  /** What nginx itself prints after `[emerg]`: the first error, for texts in its language. */
  readonly emerg?: string
  /** Every file read, in order: absolute name and text. For carets and for `-T`. */
  readonly sources: ReadonlyMap<string, string>
}

/** One file of a configuration. */
export interface SourceText {
  readonly file: string
  readonly text: string
}

export interface Dialect {
  readonly name: 'momentum' | 'nginx'
  /** Does the text look like this language? Found from the text, never from the file's name. */
  detect(text: string): boolean
  /** Parses, resolves includes, lowers and validates. Never throws on bad input. */
  load(options: LoadOptions): LoadResult
  /** A text in the one canonical layout of the language, without its comments. */
  print(source: SourceText): string
  /** A policy as one text; what is written in it from the prefix is so for the one it came from. */
  write(policy: Policy, prefix: string): WrittenPolicy
  /** What the language calls an option; some have a name for each kind of value. */
  readonly word: OptionWord
}
