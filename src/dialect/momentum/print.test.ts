// The canonical layout; that it can be read back is shown by the goldens and the fuzz test.

import { expect, it } from 'vitest'
import { parse } from './parser.ts'
import { print } from './print.ts'
import { createReport } from './report.ts'

function layOut(text: string): string {
  return print(parse({ file: 'a.conf', text }, createReport()))
}

it('prints one statement per line, two blanks deeper per scope', () => {
  const text = `esmtp_listener{Idle_Time="30" Banner_Hostname=mx
    Listen :25{Context[a=1 "b c"=d]} Peer 10.0.0.1{}}`
  expect(layOut(text)).toBe(`esmtp_listener {
  Idle_Time = 30
  Banner_Hostname = "mx"
  Listen ":25" {
    Context = [ a = 1 "b c" = "d" ]
  }
  Peer "10.0.0.1" {}
}
`)
})

it('prints includes in their canonical spelling', () => {
  expect(layOut('INCLUDE a.conf readonly_Include b.conf')).toBe(
    'include "a.conf"\nreadonly_include "b.conf"\n',
  )
})

it('breaks lists that are wider than a line', () => {
  const items = ['a'.repeat(60), 'b'.repeat(60)]
  expect(layOut(`x = ( ${items.join(' ')} ) y = ()`)).toBe(
    `x = (\n  "${items[0]}"\n  "${items[1]}"\n)\ny = ()\n`,
  )
})

it('prints nothing for an empty text', () => {
  expect(layOut('# only a comment')).toBe('')
})
