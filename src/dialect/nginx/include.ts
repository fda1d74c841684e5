// Reads the main file and puts the statements of included files where the includes stand.

import { posix } from 'node:path'
import type { FileReader, LoadOptions } from '../dialect.ts'
import type { NginxCode } from './codes.ts'
import { globFiles, isGlob } from './glob.ts'
import { parse } from './parser.ts'
import type { Directive, Mistake, Statement, Word } from './syntax.ts'

/** Debian's layout nests three files deep; the bound ends what no cycle check can see. */
const maxIncludeDepth = 16

/** A directory of servers holds some hundreds of files; a thousand is a mistaken pattern. */
const maxInclusions = 1000

/**
 * Characters over all inclusions, a file counted as often as it is included: 10,000 peers take
 * one million, so this is a hundred times a large configuration, and still fits in memory.
 */
const maxCharacters = 100_000_000

export interface LoadedTree {
  /** Statements of all files in their order; no include is left, save in blocks nobody reads. */
  readonly statements: readonly Statement[]
  /** Every file read, in order: absolute name and text. */
  readonly sources: ReadonlyMap<string, string>
}

/** Parses the main file and everything it includes. Problems are mistakes in the tree. */
export function loadTree(options: Omit<LoadOptions, 'searchPath'>): LoadedTree {
  return new Includer(options).load()
}

class Includer {
  readonly #file: string
  readonly #text: string | undefined
  readonly #reader: FileReader
  readonly #sources = new Map<string, string>()
  readonly #trees = new Map<string, readonly Statement[]>()
  #inclusionCount = 0
  #characterCount = 0

  constructor({ file, text, reader }: Omit<LoadOptions, 'searchPath'>) {
    this.#file = file
    this.#text = text
    this.#reader = reader
  }

  load(): LoadedTree {
    const file = this.#file
    const found = this.#text === undefined ? this.#reader.read(file) : { text: this.#text }
    const statements: Statement[] = []
    if ('problem' in found) {
      const message = openFailed(file, found.problem)
      statements.push({ kind: 'mistake', code: 'nginx.file_unreadable', message })
    } else {
      this.#expand(this.#parse(file, found.text), [file], statements)
    }
    return { statements, sources: this.#sources }
  }

  #parse(file: string, text: string): readonly Statement[] {
    const known = this.#trees.get(file)
    if (known !== undefined) return known
    this.#sources.set(file, text)
    const tree = parse({ file, text })
    this.#trees.set(file, tree)
    return tree
  }

  /** `chain`: the files being included, the main file first. */
  #expand(statements: readonly Statement[], chain: readonly string[], into: Statement[]): void {
    for (const statement of statements) {
      if (statement.kind === 'mistake') {
        into.push(statement)
      } else if (statement.name.text === 'include') {
        this.#include(statement, chain, into)
      } else if (statement.body === undefined || isSkipped(statement)) {
        into.push(statement)
      } else {
        const body: Statement[] = []
        this.#expand(statement.body, chain, body)
        into.push({ ...statement, body })
      }
    }
  }

  #include(directive: Directive, chain: readonly string[], into: Statement[]): void {
    const [path, ...rest] = directive.args
    if (directive.body !== undefined) {
      const message = 'directive "include" is not terminated by ";"'
      into.push(
        mistake('nginx.not_terminated', message, { ...directive.name, span: directive.end }),
      )
    } else if (path === undefined || rest.length > 0) {
      const message = 'invalid number of arguments in "include" directive'
      into.push(mistake('nginx.argument_count', message, directive.name))
    } else {
      this.#includePath(path, chain, into)
    }
  }

  /** Relative to the directory of the main file, wherever the include stands. */
  #includePath(path: Word, chain: readonly string[], into: Statement[]): void {
    const directory = posix.dirname(this.#file)
    // nginx does not tidy the path it shows.
    const shown = posix.isAbsolute(path.text) ? path.text : `${directory}/${path.text}`
    const files = isGlob(path.text)
      ? globFiles(posix.normalize(shown), this.#reader, maxInclusions + 1)
      : [posix.normalize(shown)]
    for (const file of files) {
      const problem = this.#problemWith(file, path, chain)
      if (problem !== undefined) {
        into.push(problem)
        if (problem.code === 'nginx.include_limit') return
      } else if (!this.#includeFile(file, { path, chain, into, shown })) {
        return
      }
    }
  }

  #problemWith(file: string, path: Word, chain: readonly string[]): Mistake | undefined {
    const start = chain.indexOf(file)
    if (start !== -1) {
      const message = `include cycle: ${[...chain.slice(start), file].join(' -> ')}`
      return mistake('nginx.include_cycle', message, path)
    }
    const exceeded = this.#exceededBound(chain)
    return exceeded === undefined ? undefined : mistake('nginx.include_limit', exceeded, path)
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

  /** False when the file could not be read, which is where nginx stops. */
  #includeFile(
    file: string,
    place: {
      readonly path: Word
      readonly chain: readonly string[]
      readonly into: Statement[]
      readonly shown: string
    },
  ): boolean {
    const { path, chain, into } = place
    const shown = isGlob(path.text) ? file : place.shown
    const known = this.#sources.get(file)
    const found = known === undefined ? this.#reader.read(file) : { text: known }
    if ('problem' in found) {
      const message =
        this.#reader.kindOf(file) === 'directory'
          ? `pread() "${shown}" failed (21: Is a directory)`
          : openFailed(shown, found.problem)
      into.push(mistake('nginx.include_missing', message, path))
      return false
    }
    this.#inclusionCount += 1
    this.#characterCount += found.text.length
    this.#expand(this.#parse(file, found.text), [...chain, file], into)
    return true
  }
}

/** Nobody reads these blocks, so what they include need not even be there. */
function isSkipped({ name }: Directive): boolean {
  return name.text === 'http' || name.text === 'stream'
}

/** The system's numbers and words, which nginx prints, for the reader's. */
const systemWords: ReadonlyMap<string, string> = new Map([
  ['there is no such file', '2: No such file or directory'],
  ['permission denied', '13: Permission denied'],
  ['a part of its path is not a directory', '20: Not a directory'],
  ['too many symbolic links', '40: Too many levels of symbolic links'],
])

function openFailed(file: string, problem: string): string {
  return `open() "${file}" failed (${systemWords.get(problem) ?? problem})`
}

function mistake(code: NginxCode, message: string, { span }: Word): Mistake {
  return { kind: 'mistake', code, message, span }
}
