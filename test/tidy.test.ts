// The rules of the house that a machine can check: floors, sizes, words, and docs that keep up.

import { readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { generatedPages } from '../scripts/generated-pages.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const ignored = new Set(['node_modules', 'dist', '.git', 'coverage', '.tmp', 'Maildir'])

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((found) => {
    if (ignored.has(found.name)) return []
    const path = join(folder, found.name)
    return found.isDirectory() ? filesBelow(path) : [path]
  })
}

const everything = filesBelow('.')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const sources = everything.filter((path) => path.startsWith('src/') && path.endsWith('.ts'))
const product = sources.filter((path) => !path.endsWith('.test.ts'))

/** Floor numbers of ARCHITECTURE.md. The root of src is the engine's public entry. */
const floors: Readonly<Record<string, number>> = {
  base: 0,
  policy: 1,
  dialect: 2,
  engine: 2,
  protocol: 3,
  replay: 3,
  gateway: 4,
  adapters: 4,
  admin: 5,
  daemon: 6,
  cli: 7,
}

function importsOf(path: string): string[] {
  const found = read(path).matchAll(/^(?:import|export)[^'"]*?from '([^']+)'/gms)
  const dynamic = read(path).matchAll(/import\('([^']+)'\)/g)
  return [...found, ...dynamic].flatMap((match) => (match[1] === undefined ? [] : [match[1]]))
}

function localImports(path: string): string[] {
  return importsOf(path)
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(path), name)))
}

describe('floors', () => {
  it('are known: every folder of src has a number', () => {
    // The files right below src are the public entries; they may take from every floor.
    const inFolders = product.filter((path) => path.split('/').length > 2)
    const folders = new Set(inFolders.map((path) => path.split('/')[1] ?? ''))
    expect([...folders].filter((folder) => floors[folder] === undefined)).toEqual([])
  })

  it('import from themselves and from below only, never upward or sideways', () => {
    const wrong: string[] = []
    for (const path of product) {
      const own = path.split('/')[1] ?? ''
      const floor = floors[own]
      if (floor === undefined) continue
      for (const target of localImports(path)) {
        const other = target.split('/')[1] ?? ''
        if (other !== own && (floors[other] ?? 99) >= floor) wrong.push(`${path} -> ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('keep the two dialects and the engine apart', () => {
    const dialects = product.filter((path) => path.startsWith('src/dialect/'))
    const wrong = dialects.flatMap((path) => {
      const own = path.split('/')[2] ?? ''
      return localImports(path)
        .filter((target) => target.startsWith('src/dialect/') && target.split('/').length > 3)
        .filter((target) => target.split('/')[2] !== own && own !== 'detect.ts')
    })
    expect(wrong).toEqual([])
  })

  it('keep the web page apart: of src it imports types alone', () => {
    const page = everything.filter((path) => /^dashboard\/.*\.tsx?$/.test(path))
    const statements = page.flatMap((path) =>
      [...read(path).matchAll(/^(?:import|export)[^'"]*?from '[^']*\/src\/[^']+'/gms)].map(
        ([text]) => `${path}: ${text}`,
      ),
    )
    expect(statements.filter((text) => !/: (import|export) type /.test(text))).toEqual([])
    expect(statements).not.toEqual([])
  })

  it('give the engine entry no dependency and no socket', () => {
    const seen = new Set<string>()
    const outside = new Set<string>()
    const visit = (path: string): void => {
      if (seen.has(path)) return
      seen.add(path)
      for (const name of importsOf(path)) if (!name.startsWith('.')) outside.add(name)
      for (const target of localImports(path)) visit(target)
    }
    visit('src/index.ts')
    // Long keys are counted under a digest; that part of Node is neither.
    expect([...outside].filter((name) => name !== 'node:crypto')).toEqual([])
  })
})

describe('files', () => {
  it('say in their first line what they are for', () => {
    const page = everything.filter((path) => /^dashboard\/.*\.tsx?$/.test(path))
    const silent = [...product, ...page].filter(
      (path) => !/^(#!.*\n)?\/\/ \S/.test(read(path)) && !path.endsWith('.test.ts'),
    )
    expect(silent).toEqual([])
  })

  it('are named in kebab-case and hold at most 400 lines', () => {
    const badly = sources.filter((path) => !/^[a-z0-9/-]+(\.test)?\.ts$/.test(path))
    const long = product.filter((path) => read(path).split('\n').length > 401)
    expect([badly, long]).toEqual([[], []])
  })

  it('have no line over 100 columns of code', () => {
    const long = sources.flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, index) =>
          line.length > 100 && !/['"`/]/.test(line) ? [`${path}:${index + 1}`] : [],
        ),
    )
    expect(long).toEqual([])
  })

  it('hold nothing unfinished and no escape from the type checker', () => {
    const marks =
      /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck|expect-error)|\bas any\b|: any(?=[;,)\]=>|&]| [=|&]|$)|(it|test|describe)\.(only|skip|todo)\(/
    const own = 'test/tidy.test.ts'
    const code = everything.filter((path) => /\.(tsx?|mjs)$/.test(path) && path !== own)
    expect(code.filter((path) => marks.test(read(path)))).toEqual([])
  })

  it('use no default export, enum or namespace', () => {
    const banned = /^export default|^(export )?(const )?enum |^(export )?namespace /m
    expect(sources.filter((path) => banned.test(read(path)))).toEqual([])
  })

  it('are small: no large blob is committed', () => {
    const large = everything.filter(
      (path) => path !== 'package-lock.json' && statSync(join(root, path)).size > 300_000,
    )
    expect(large).toEqual([])
  })

  it('name no path of one machine and record no download address', () => {
    const machine = new RegExp(`(^|[^\\w.-])/(${['wo', 'rk'].join('')}|${['fa', 'rm'].join('')})/`)
    expect(everything.filter((path) => machine.test(read(path)))).toEqual([])
    expect(read('package-lock.json')).not.toMatch(/"resolved": "http/)
  })
})

describe('documents', () => {
  const documents = everything.filter((path) => path.endsWith('.md'))

  it('link to files that exist', () => {
    const dead = documents.flatMap((path) =>
      [...read(path).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].flatMap((match) => {
        const target = match[1] ?? ''
        if (/^[a-z]+:/.test(target)) return []
        const file = relative('.', join(dirname(path), target))
        return everything.includes(file) || everything.some((known) => known.startsWith(`${file}/`))
          ? []
          : [`${path} -> ${target}`]
      }),
    )
    expect(dead).toEqual([])
  })

  it('begin the changelog with what is unreleased, or with this version', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    const headings = [...read('CHANGELOG.md').matchAll(/^## (.+)$/gm)].map((match) => match[1])
    expect(headings[0] === 'Unreleased' || headings[0]?.startsWith(version)).toBe(true)
  })

  it('that are made from tables in the code are up to date: npm run docs', () => {
    const stale = [...generatedPages()].filter(([name, text]) => read(name) !== text)
    expect(stale.map(([name]) => name)).toEqual([])
  })

  it('number each decision once', () => {
    const numbers = everything
      .filter((path) => path.startsWith('docs/decisions/'))
      .map((path) => Number(path.slice('docs/decisions/'.length).slice(0, 4)))
    // Several are written at a time, so one may be there before the one with the number below.
    expect(numbers).toEqual([...new Set(numbers)])
  })
})
