// Traces that are damaged, cut, foreign or made up: a clear error with its line, or a replay; never
// a crash, and never a count that does not come back to zero.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { PosternError } from '../../src/base/errors.ts'
import { Replay } from '../../src/replay/replay.ts'
import { TraceDecoder } from '../../src/replay/trace-decoder.ts'
import { readTrace } from '../../src/replay/trace-reader.ts'
import type { TraceVisitor } from '../../src/replay/trace.ts'
import { buildPolicy } from '../kit/policy.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-trace-'))
afterAll(() => rmSync(folder, { recursive: true }))

const head =
  '{"postern":"trace","version":1,"record":"r","part":1,"startMs":1700000000000,"source":"postern"}'
const good = [
  head,
  '["b",0]',
  '["N",0,"*:25","smtp"]',
  '["s",7,0,"192.0.2.9",500,2,"ann"]',
  '["g"]',
  '["o",1,8,0,"192.0.2.1"]',
  '["u",2,8,"bob",[["domain","example.org"]]]',
  '["L",0,{"stage":"connect","option":"service_sessions","tier":"shared","zone":"connect","scope":"ESMTP_Listener","cap":2}]',
  '["r",3,9,0,"192.0.2.2",0,2]',
  '["c",4,8,0,3]',
  '["e",5]',
]

function newReplay(): Replay {
  const policy = buildPolicy({
    zones: { user: '$remote_user' },
    smtp: { ss: 2, limits: { user: 1 }, listens: { ':25': {}, ':26': { proxy: true } } },
  })
  const listenOf = ({ id }: { readonly id: string }): string | undefined =>
    ['*:25', '*:26'].includes(id) ? id : undefined
  return new Replay({ policy, listenOf, assumedMs: () => 10, retryMs: 0 })
}

function decode(lines: readonly string[], visitor: TraceVisitor = newReplay()): void {
  const decoder = new TraceDecoder('t.trace', visitor)
  const block = lines.map((line) => `${line}\n`).join('')
  let start = 0
  for (const line of lines) {
    decoder.line(block, start, start + line.length)
    start += line.length + 1
  }
}

function problemOf(lines: readonly string[]): string {
  try {
    decode(lines)
    return ''
  } catch (error) {
    if (!PosternError.is(error)) throw error
    return error.message
  }
}

/** The good trace with one line in place of another. */
function withLine(at: number, line: string): readonly string[] {
  return good.map((one, index) => (index === at ? line : one))
}

describe('a damaged trace', () => {
  it.each([
    [
      'no trace at all',
      0,
      'Nov 25 18:39:25 mx postfix/smtpd[1]: connect',
      't.trace:1: this is no trace',
    ],
    [
      'one of a newer version',
      0,
      head.replace(':1,"record"', ':2,"record"'),
      't.trace:1: version 2',
    ],
    ['a line that is cut', 5, '["o",1,8,0,"192.', 't.trace:6: the line is damaged'],
    ['a line that is no list', 5, '{"o":1}', 't.trace:6: this is no line of a trace'],
    ['a kind nobody knows', 5, '["q",1]', 't.trace:6: unknown kind of line "q"'],
    ['a Listen nobody named', 5, '["o",1,8,3,"192.0.2.1"]', 't.trace:6: there is no Listen 3'],
    [
      'a limit nobody described',
      8,
      '["r",3,9,0,"192.0.2.2",4,2]',
      't.trace:9: there is no limit 4',
    ],
    ['a time before the last', 9, '["c",1,8,0,3]', 't.trace:10: the time 1 is before'],
    ['a number that is none', 9, '["c",4,"8",0,3]', 't.trace:10: "8" stands where a number'],
    ['a negative number', 9, '["c",4,-8,0,3]', 't.trace:10: -8 stands where a number'],
    ['a field too few', 5, '["o",1,8,0]', 't.trace:6: nothing stands where a text'],
    [
      'an escape for a terminal',
      5,
      '["\\u001b[2J",1]',
      't.trace:6: unknown kind of line "\\u001b[2J"',
    ],
  ])('that has %s says so, with the line', (_what, at, line, expected) => {
    expect(problemOf(withLine(at, line))).toContain(expected)
  })

  it('is read as far as it goes when its end is missing, packed or not', async () => {
    const text = `${good.join('\n')}\n`
    const packed = gzipSync(text.repeat(1))
    const cut = join(folder, 'cut.trace')
    writeFileSync(cut, text.slice(0, -3))
    expect(await readTrace(cut, newReplay())).toEqual({ lineCount: good.length - 1, isCut: true })
    const cutPacked = join(folder, 'cut.trace.gz')
    writeFileSync(cutPacked, packed.subarray(0, -12))
    expect(await readTrace(cutPacked, newReplay())).toMatchObject({ isCut: true })
    const whole = join(folder, 'whole.trace.gz')
    writeFileSync(whole, packed)
    expect(await readTrace(whole, newReplay())).toEqual({ lineCount: good.length, isCut: false })
  })

  it.each([
    ['empty', Buffer.alloc(0), ':1: the file is empty'],
    ['packed wrongly', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9]), ': '],
    ['a line without end', Buffer.alloc(2 ** 21, 'x'), 'the line is too long'],
  ])('that is %s is an error with its name', async (name, bytes, expected) => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    await expect(readTrace(path, newReplay())).rejects.toThrow(
      `${path}${expected === ': ' ? ': ' : ''}`,
    )
    await expect(readTrace(path, newReplay())).rejects.toThrow(expected)
  })

  it('that is not there is an error with its name', async () => {
    await expect(readTrace(join(folder, 'none'), newReplay())).rejects.toThrow('ENOENT')
  })

  it('never crashes the reader, whatever is changed in it', () => {
    const change = fc.record({
      at: fc.nat({ max: good.length - 1 }),
      from: fc.nat({ max: 60 }),
      count: fc.nat({ max: 5 }),
      put: fc.string({ maxLength: 6 }),
    })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const lines = [...good]
        for (const { at, from, count, put } of changes) {
          const line = lines[at] ?? ''
          lines[at] = (line.slice(0, from) + put + line.slice(from + count)).replaceAll('\n', '')
        }
        const problem = problemOf(lines)
        if (problem !== '') expect(problem).toMatch(/^t\.trace:\d+: /)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a trace of nonsense in good form', () => {
  const id = fc.integer({ min: 1, max: 4 })
  const listen = fc.integer({ min: 0, max: 2 })
  const from = fc.constantFrom('192.0.2.1', '::1', 'unix', 'nobody')
  const line = fc.oneof(
    fc.constant(['b', 1]),
    fc.constant(['g']),
    fc.tuple(id, listen, from, fc.nat(9), fc.nat(2)).map((rest) => ['s', ...rest, 'ann']),
    fc.tuple(id, listen, from).map((rest) => ['o', 1, ...rest]),
    fc.tuple(id, listen, from).map((rest) => ['a', 1, ...rest]),
    id.map((one) => ['u', 1, one, 'ann']),
    fc.tuple(id, listen, from).map((rest) => ['r', 1, ...rest, 0, 2]),
    fc.tuple(id, listen, from).map((rest) => ['r', 1, ...rest, 0, 2, 'ann']),
    fc.tuple(id, listen).map((rest) => ['c', 1, ...rest, 0]),
    fc.constant(['p', 1, 2]),
    fc.constant(['x', 1, 2]),
  )
  it('is replayed to an end at which nothing is held', () => {
    const named = ['["N",0,"*:25","smtp"]', '["N",1,"*:26"]', '["N",2,"*:99"]', good[7] ?? '']
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        const replay = newReplay()
        const text = lines.map((one) => JSON.stringify(one))
        const closing = [1, 2, 3, 4].map((one) => `["c",500,${one},0,0]`)
        decode([head, ...named, ...text, ...closing, '["e",1000]'], replay)
        const held = replay.meters
          .rows()
          .map(({ group }) =>
            [...group.budgets].map(({ used, demand, assumed }) => used + demand + assumed),
          )
        expect(held.flat().filter((count) => count !== 0)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})
