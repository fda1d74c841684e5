// Reads the main file and puts the statements of included files where the includes stand.

import { posix } from 'node:path'
import type { FileReader, LoadOptions } from '../dialect.ts'
import { parse } from './parser.ts'
import { quoted } from './report.ts'
import type { Report } from './report.ts'
import { isSkippedScope } from './scope-table.ts'
import type { Statement, Word } from './syntax.ts'

/** Momentum's own layout nests three files deep; the bound ends what no cycle check can see. */
const maxIncludeDepth = 16

/** A cluster's conf directories hold some dozens of files; a thousand is a mistaken directory. */
const maxInclusions = 1000

/**
 * Characters over all inclusions, a file counted as often as it is included: 10,000 Peers take
 * one million, so this is a hundred times a large configuration, and still fits in memory.
 */
const maxCharacters = 100_000_000

export interface LoadedTree {
  /** Statements of all files in their order; no include is left, save in scopes nobody reads. */
  readonly statements: readonly Statement[]
  readonly sources: ReadonlyMap<string, string>
}

/** Parses the main file and everything it includes. */
export function loadTree(options: LoadOptions, report: Report): LoadedTree {
  return new Includer(options, report).load()
}

class Includer {
  readonly #options: LoadOptions
  readonly #reader: FileReader
  readonly #report: Report
  readonly #sources = new Map<string, string>()
  /** Files already parsed: a second inclusion reports nothing twice. */
  readonly #trees = new Map<string, readonly Statement[]>()
  #inclusionCount = 0
  #characterCount = 0

  constructor(options: LoadOptions, report: Report) {
    this.#options = options
    this.#reader = options.reader
    this.#report = report
  }

  load(): LoadedTree {
    const { file, text } = this.#options
    const found = text === undefined ? this.#reader.read(file) : { text }
    const statements: Statement[] = []
    if ('problem' in found) {
      const message = `cannot read ${file}: ${found.problem}`
      this.#report.error({ code: 'momentum.file_unreadable', message })
    } else {
      this.#expand(this.#parse(file, found.text), [file], statements)
    }
    return { statements, sources: this.#sources }
  }

  #parse(file: string, text: string): readonly Statement[] {
    const known = this.#trees.get(file)
    if (known !== undefined) return known
    this.#sources.set(file, text)
    const tree = parse({ file, text }, this.#report)
    this.#trees.set(file, tree)
    return tree
  }

  /** `chain`: the files being included, the main file first. */
  #expand(statements: readonly Statement[], chain: readonly string[], into: Statement[]): void {
    for (const statement of statements) {
      if (statement.kind === 'include') {
        this.#include(statement.path, chain, into)
      } else if (statement.kind === 'scope' && !isSkippedScope(statement)) {
        const body: Statement[] = []
        this.#expand(statement.body, chain, body)
        into.push({ ...statement, body })
      } else {
        into.push(statement)
      }
    }
  }

  #include(path: Word, chain: readonly string[], into: Statement[]): void {
    const target = this.#localPath(path)
    if (target === undefined) return
    const candidates = this.#candidates(target, chain)
    const found = candidates.find((candidate) => this.#reader.kindOf(candidate) !== undefined)
    if (found === undefined) {
      const looked = candidates.length > 1 ? `looked for ${candidates.join(', ')}` : undefined
      this.#missing(path, `${quoted(path.text)} is not there`, looked)
      return
    }
    for (const file of this.#filesAt(found, path)) {
      if (!this.#includeFile(file, { path, chain, into })) return
    }
  }

  /** The path an include names; URIs other than local files are refused. */
  #localPath(path: Word): string | undefined {
    const { text, span } = path
    const uri = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text)
    if (uri === null) {
      if (text !== '') return text
      this.#missing(path, 'include of an empty path')
      return undefined
    }
    const decoded = decodeUriPath(uri[2] ?? '')
    if (uri[1]?.toLowerCase() === 'file' && decoded?.startsWith('/')) return decoded
    this.#report.error({
      code: 'momentum.include_scheme',
      message: `${quoted(text)} is not a local file`,
      span,
      hint: 'write a path or file:///path; Postern fetches no configuration from elsewhere',
    })
    return undefined
  }

  /** "The directory that holds the file being included from is checked before the search path." */
  #candidates(target: string, chain: readonly string[]): string[] {
    if (posix.isAbsolute(target)) return [posix.normalize(target)]
    const directories = [posix.dirname(chain.at(-1) ?? ''), ...this.#options.searchPath]
    return [...new Set(directories.map((directory) => posix.join(directory, target)))]
  }

  /** A directory stands for its files in lexical order, without dot files and sub-directories. */
  #filesAt(found: string, path: Word): readonly string[] {
    if (this.#reader.kindOf(found) === 'file') return [found]
    try {
      return this.#reader
        .list(found)
        .filter((name) => !name.startsWith('.'))
        .toSorted()
        .map((name) => posix.join(found, name))
        .filter((file) => this.#reader.kindOf(file) === 'file')
    } catch (error) {
      this.#missing(path, `cannot list ${found}: ${String(error)}`)
      return []
    }
  }

  /** False when a bound is reached and no further file should be tried. */
  #includeFile(
    file: string,
    place: { readonly path: Word; readonly chain: readonly string[]; readonly into: Statement[] },
  ): boolean {
    const { path, chain, into } = place
    const start = chain.indexOf(file)
    if (start !== -1) {
      this.#report.error({
        code: 'momentum.include_cycle',
        message: `include cycle: ${[...chain.slice(start), file].join(' -> ')}`,
        span: path.span,
      })
      return true
    }
    if (!this.#isWithinBounds(path, chain)) return false
    const found = this.#textOf(file)
    if ('problem' in found) {
      this.#missing(path, `cannot read ${file}: ${found.problem}`)
      return true
    }
    this.#inclusionCount += 1
    this.#characterCount += found.text.length
    this.#expand(this.#parse(file, found.text), [...chain, file], into)
    return true
  }

  #textOf(file: string): ReturnType<FileReader['read']> {
    const text = this.#sources.get(file)
    return text === undefined ? this.#reader.read(file) : { text }
  }

  #isWithinBounds(path: Word, chain: readonly string[]): boolean {
    const problem = this.#exceededBound(chain)
    if (problem === undefined) return true
    this.#report.error({ code: 'momentum.include_limit', message: problem, span: path.span })
    return false
  }

  #exceededBound(chain: readonly string[]): string | undefined {
    if (chain.length > maxIncludeDepth) {
      return `includes nest deeper than ${maxIncludeDepth} files`
    }
    if (this.#inclusionCount >= maxInclusions) {
      return `more than ${maxInclusions} files are included`
    }
    if (this.#characterCount <= maxCharacters) return undefined
    return `included files hold more than ${maxCharacters} characters`
  }

  #missing(path: Word, message: string, hint?: string): void {
    this.#report.error({ code: 'momentum.include_missing', message, span: path.span, hint })
  }
}

/** `/etc/a%20b` after `file://`; undefined when the percent signs make no sense. */
function decodeUriPath(text: string): string | undefined {
  try {
    return posix.normalize(decodeURIComponent(text))
  } catch {
    return undefined
  }
}
