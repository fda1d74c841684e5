// That no conformance case of freenginx's limit_conn and mail proxy is forgotten: each of the 45 is
// named by a test on the built program.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const caseCount = 45
const folder = fileURLToPath(new URL('e2e', import.meta.url))

/** `freenginx case 28, 31: …` names two; `freenginx case %s` takes them from its table's first column. */
const named = /freenginx case ([\d, ]+|%s)/g
const rowNumber = /^\s*\[\s*'(\d\d)',/gm

function casesIn(text: string): number[] {
  const written = [...text.matchAll(named)].flatMap(([, numbers = '']) =>
    numbers === '%s' ? [] : numbers.split(',').map(Number),
  )
  const inTables = text.includes('freenginx case %s')
    ? [...text.matchAll(rowNumber)].map(([, number]) => Number(number))
    : []
  return [...written, ...inTables]
}

it('every conformance case of freenginx has a test on the built program', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'))
  const found = new Set(files.flatMap((name) => casesIn(readFileSync(join(folder, name), 'utf8'))))
  const all = Array.from({ length: caseCount }, (_, index) => index + 1)
  expect(all.filter((number) => !found.has(number))).toEqual([])
  expect([...found].filter((number) => !all.includes(number))).toEqual([])
})
