// The recipes of docs/cookbook.md, read from the page: they load, and do what the page says.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../src/base/address.ts'
import { assert } from '../../src/base/assert.ts'
import { loadConfiguration } from '../../src/dialect/detect.ts'
import { memoryReader } from '../../src/dialect/memory-reader.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { Policy } from '../../src/policy/policy.ts'

interface Recipe {
  readonly title: string
  readonly language: string
  readonly text: string
}

const page = readFileSync(join(import.meta.dirname, '../../docs/cookbook.md'), 'utf8')

const recipes: readonly Recipe[] = page
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const title = section.slice(0, section.indexOf('\n'))
    const blocks = section.matchAll(/^```(nginx|momentum)\n([^]*?)^```$/gm)
    return [...blocks].map(([, language = '', text = '']) => ({ title, language, text }))
  })

function load({ text }: Recipe): Policy {
  const file = '/conf/main.conf'
  const reader = memoryReader(new Map([[file, text]]))
  const { policy, diagnostics } = loadConfiguration({ file, reader, searchPath: [] })
  expect(diagnostics.filter(({ severity }) => severity !== 'note')).toEqual([])
  assert(policy !== undefined, 'a policy')
  return policy
}

/** How many IMAP sessions of one user get in from one address, of 300. */
function admittedOf(
  title: string,
  who: { readonly user: string; readonly from: string; readonly headers?: readonly string[] },
): number[] {
  return recipes
    .filter((recipe) => recipe.title === title)
    .map((recipe) => {
      const engine = createEngine({ policy: load(recipe) })
      const listenId = recipe.language === 'nginx' ? '0.0.0.0:143' : '*:143'
      const { user, from, headers = [] } = who
      const authHeaders = headers.map((name) => ({ name, value: user }))
      const verdicts = Array.from({ length: 300 }, () => {
        const opened = engine.open({ listenId, remote: from })
        assert(opened.kind === 'admit', 'no cap at connect')
        return engine.authenticate(opened.session, { user, isUnix: false, authHeaders }).kind
      })
      return verdicts.filter((kind) => kind === 'admit').length
    })
}

describe('the cookbook', () => {
  it('has every recipe in both languages', () => {
    const titles = [...new Set(recipes.map(({ title }) => title))]
    expect(titles).toHaveLength(8)
    for (const title of titles) {
      const languages = recipes.filter((recipe) => recipe.title === title)
      expect(languages.map(({ language }) => language)).toEqual(['nginx', 'momentum'])
    }
  })

  it.each(recipes)('loads without a remark: $title ($language)', (recipe) => {
    const policy = load(recipe)
    expect(policy.dialect).toBe(recipe.language)
  })

  it('caps what it says it caps', () => {
    const user = 'u@example.org'
    const stranger = { user, from: '192.0.2.1' }
    expect(admittedOf('Sessions per user', stranger)).toEqual([10, 10])
    expect(admittedOf('Sessions per user and network', stranger)).toEqual([10, 10])
    expect(admittedOf('Try it dry first', stranger)).toEqual([300, 300])
    expect(admittedOf('The webmail host', stranger)).toEqual([10, 10])
    expect(admittedOf('The webmail host', { user, from: '10.0.0.9' })).toEqual([200, 200])
  })

  it('lets the auth server choose the number', () => {
    const title = 'Other numbers for some users'
    const client = { user: 'u@example.org', from: '192.0.2.1' }
    expect(admittedOf(title, client)).toEqual([300, 300])
    expect(admittedOf(title, { ...client, headers: ['Limit-Basic'] })).toEqual([5, 5])
    expect(admittedOf(title, { ...client, headers: ['limit-gold'] })).toEqual([50, 50])
  })

  it('finds the blocks of strangers and friends', () => {
    for (const recipe of recipes.filter(({ title }) => title.startsWith('Strangers'))) {
      const engine = createEngine({ policy: load(recipe) })
      const listenId = recipe.language === 'nginx' ? '0.0.0.0:25' : '*:25'
      const capsOf = (from: string): readonly (number | undefined)[] =>
        engine.plan(listenId, parseAddress(from))?.limits.map(({ capMax }) => capMax) ?? []
      expect(capsOf('10.1.2.3')).toEqual([undefined, 1500, undefined, 2000])
      expect(capsOf('192.0.2.1')).toEqual([undefined, 600, undefined, 2000])
    }
  })
})
