import { describe, expect, it } from 'vitest'
import { chainTooLong, isUnknownIssuer, verifyErrorOf } from './verify-error.ts'

describe('the errors of a certificate check', () => {
  it("have OpenSSL's numbers", () => {
    const texts = [
      'ok',
      'certificate has expired',
      'self-signed certificate',
      'certificate revoked',
    ]
    expect(texts.map((text) => verifyErrorOf(text).number)).toEqual([0, 10, 18, 23])
  })

  it('that OpenSSL has no number for are unspecified', () => {
    expect(verifyErrorOf('the moon is full')).toEqual({ number: 1, text: 'the moon is full' })
  })

  it('that mean nothing but an unknown issuer are the five of nginx', () => {
    const numbers = Array.from({ length: 95 }, (_, number) => number)
    const unknown = numbers.filter((number) => isUnknownIssuer({ number, text: '' }))
    expect(unknown).toEqual([18, 19, 20, 21, 27])
    expect(chainTooLong.number).toBe(20)
  })
})
