import { describe, expect, it } from 'vitest'
import { distinguishedName } from './distinguished-name.ts'

describe('a distinguished name', () => {
  it('goes from the innermost part to the outermost', () => {
    expect(distinguishedName('C=DE\nO=Example\nCN=kai')).toBe('CN=kai,O=Example,C=DE')
  })

  it('has the parts of a multi-valued one the other way round, too, with a bare plus', () => {
    expect(distinguishedName('C=DE\nOU=A + OU=B')).toBe('OU=B+OU=A,C=DE')
  })

  it('keeps what is escaped, a plus and a trailing blank among it', () => {
    expect(distinguishedName('O=Ex\\, \\"Inc\\"\nCN=x \\+ y\\ ')).toBe(
      'CN=x \\+ y\\ ,O=Ex\\, \\"Inc\\"',
    )
  })

  it('is ASCII: other characters are written by the bytes of their UTF-8', () => {
    expect(distinguishedName('CN=käse 𝄞')).toBe('CN=k\\C3\\A4se \\F0\\9D\\84\\9E')
  })

  it('of nothing is nothing', () => {
    expect(distinguishedName('')).toBe('')
  })
})
