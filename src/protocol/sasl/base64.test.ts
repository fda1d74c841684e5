// Base64 is read as freenginx reads it.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64 } from './base64.ts'

const decode = (text: string): string | undefined =>
  decodeBase64(Buffer.from(text, 'latin1'))?.toString('latin1')

describe('decodeBase64', () => {
  it('takes every encoding apart again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64')
        expect(decodeBase64(Buffer.from(text))).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('does without padding, and does not look behind it', () => {
    expect([decode('dQ'), decode('dQ='), decode('dQ==*')]).toEqual(['u', 'u', 'u'])
  })

  it('takes nothing, or "=" alone, for an empty message', () => {
    expect([decode(''), decode('=')]).toEqual(['', ''])
  })

  it('refuses a cancel line, white space, the URL alphabet and a lonely digit', () => {
    const wrong = ['*', 'dX Nl', 'dXNl\t', 'dX-l', 'dX_l', 'dXNlc', 'dXNl\xff']
    expect(wrong.map(decode)).toEqual(wrong.map(() => undefined))
  })
})
