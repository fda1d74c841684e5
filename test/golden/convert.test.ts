// Every configuration of the golden files and the examples, in the other language and back: what it
// means stays the same, or the text says at which place it does not.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { convertPolicy } from '../../src/cli/convert.ts'
import { loadConfiguration } from '../../src/dialect/detect.ts'
import type { Dialect } from '../../src/dialect/dialect.ts'
import { memoryReader } from '../../src/dialect/memory-reader.ts'
import { withAbsolutePaths } from '../../src/policy/absolute-paths.ts'
import { compareMeaning } from '../../src/policy/meaning.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { caseNames, filesOf, mainFile, splitCase } from './case-file.ts'
import { policyText } from '../kit/policy-text.ts'

const root = join(import.meta.dirname, '..', '..')
const goldens = ['momentum', 'nginx-policy'].flatMap((folder) => {
  const directory = join(root, 'test', 'golden', folder)
  return caseNames(directory).map((name) => join(directory, name))
})
const examples = ['momentum', 'nginx'].flatMap((folder) => {
  const directory = join(root, 'examples', folder)
  return readdirSync(directory).map((name) => join(directory, name))
})

function load(files: ReadonlyMap<string, string>): Policy | undefined {
  const reader = memoryReader(new Map(files))
  return loadConfiguration({ file: mainFile, reader, searchPath: ['/conf/shared'] }).policy
}

function policyOf(path: string): Policy | undefined {
  const text = readFileSync(path, 'utf8')
  return load(path.endsWith('.case') ? filesOf(splitCase(text)[0]) : new Map([[mainFile, text]]))
}

function loadText(text: string): Policy | undefined {
  return load(new Map([[mainFile, text]]))
}

const prefix = '/conf'

function convert(policy: Policy, to: Dialect['name']) {
  return convertPolicy({ policy, to, prefix, source: 'main.conf' })
}

function differences(one: Policy, other: Policy | undefined) {
  if (other === undefined) return ['it does not load']
  return compareMeaning(withAbsolutePaths(one, prefix), withAbsolutePaths(other, prefix))
}

const loadable = [...goldens, ...examples].flatMap((path) => {
  const policy = policyOf(path)
  return policy === undefined ? [] : [{ name: path.slice(root.length + 1), policy }]
})

/** What nginx's language has no words for, of the cases that have it. */
const unsayable: Readonly<Record<string, RegExp>> = {
  upstream: /a server needs an upstream, and this one has none/,
  authority: /nginx needs a ssl_client_certificate for it/,
  emptyList: /(smtp_extensions|pop3_capabilities) cannot say this value/,
}

describe('converted configurations', () => {
  it.each(loadable)("$name means the same in Momentum's language", ({ policy }) => {
    const { text, notSaid } = convert(policy, 'momentum')
    expect(notSaid).toEqual([])
    expect(differences(policy, loadText(text))).toEqual([])
  })

  it.each(loadable)(
    "$name means the same in nginx's language, or says what does not",
    ({ policy }) => {
      const { text, notSaid } = convert(policy, 'nginx')
      const unexpected = notSaid.filter(
        ({ reason }) => !Object.values(unsayable).some((known) => known.test(reason)),
      )
      expect(unexpected).toEqual([])
      const again = loadText(text)
      expect(again).toBeDefined()
      if (notSaid.length === 0) expect(differences(policy, again)).toEqual([])
    },
  )

  it.each(loadable)('$name comes back from the other language as it was', ({ policy }) => {
    const there = policy.dialect === 'nginx' ? 'momentum' : 'nginx'
    const { text, notSaid } = convert(policy, there)
    if (notSaid.length > 0) return
    const other = loadText(text)
    expect(other).toBeDefined()
    if (other === undefined) return
    const back = convert(other, policy.dialect)
    expect(back.notSaid).toEqual([])
    expect(differences(policy, loadText(back.text))).toEqual([])
  })

  it('takes its own text for the same text: converting twice changes nothing more', () => {
    for (const { name, policy } of loadable) {
      const first = convert(policy, 'momentum').text
      const again = loadText(first)
      if (again === undefined) continue
      const second = convert(again, 'momentum').text
      expect(bare(second), `case ${name}`).toBe(bare(first))
    }
  })
})

/** Remarks name lines, which move. */
function bare(text: string): string {
  return text.replaceAll(/^\s*#.*\n/gm, '')
}

describe('random policies', () => {
  it("mean the same in Momentum's language and back", () => {
    fc.assert(
      fc.property(policyText, (source) => {
        const policy = loadText(source)
        expect(policy, `of ${source}`).toBeDefined()
        if (policy === undefined) return
        const { text, notSaid } = convert(policy, 'momentum')
        expect(notSaid, `of ${source}`).toEqual([])
        expect(differences(policy, loadText(text)), `${source}\n${text}`).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it("mean the same in nginx's language, or say where they do not", () => {
    let sayableCount = 0
    fc.assert(
      fc.property(policyText, (source) => {
        const policy = loadText(source)
        if (policy === undefined) return
        const { text, notSaid } = convert(policy, 'nginx')
        const again = loadText(text)
        expect(again, `in ${text}`).toBeDefined()
        const found = differences(policy, again)
        // Nothing is lost in silence.
        if (found.length > 0) expect(notSaid.length, `${source}\n${text}`).toBeGreaterThan(0)
        if (notSaid.length === 0) sayableCount += 1
      }),
      { numRuns: 40 },
    )
    expect(sayableCount).toBeGreaterThan(5)
  })
})
