import { describe, expect, it } from 'vitest'
import { keysIn } from './keyboard.ts'

describe('keys', () => {
  it('are read from what a terminal sends', () => {
    expect(keysIn('q\u001B[A\u001BOB\t\r\u007Fé/\u001B')).toEqual([
      'q',
      'up',
      'down',
      'tab',
      'enter',
      'backspace',
      'é',
      '/',
      'escape',
    ])
  })

  it('leave out what means nothing here', () => {
    expect(keysIn('\u001B[1;5Cx\u0000\u0007')).toEqual(['x'])
  })
})
