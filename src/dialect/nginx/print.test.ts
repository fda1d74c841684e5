// The canonical layout; that it is read back the same is in test/fuzz/nginx-syntax.test.ts.

import { expect, it } from 'vitest'
import { parse } from './parser.ts'
import { print, printWord } from './print.ts'

it('puts one directive on a line, four blanks deeper per block', () => {
  const text = `a  'b' ;c d{ e "two words"; # gone\nf {} }`
  expect(print(parse({ file: 'a.conf', text }))).toBe(
    'a b;\nc d {\n    e "two words";\n    f {\n    }\n}\n',
  )
})

it('prints nothing for nothing, and nothing for a mistake', () => {
  expect(print([])).toBe('')
  expect(print(parse({ file: 'a.conf', text: ';' }))).toBe('')
})

it.each([
  ['$remote_user', '$remote_user'],
  ['${a}b', '${a}b'],
  ['a{', '"a{"'],
  ['${a', '"${a"'],
  ['a;b', '"a;b"'],
  ['#a', '"#a"'],
  ['', '""'],
  ['a b', '"a b"'],
  ['a"b\\', '"a\\"b\\\\"'],
  ['a\nb\tc\rd', '"a\\nb\\tc\\rd"'],
])('writes the word %j as %s', (word, expected) => {
  expect(printWord({ text: word })).toBe(expected)
})
