import { describe, expect, it } from 'vitest'
import { parseTlsFlags, tlsFlagNames } from './tls-flags.ts'

describe('the switches of the TLS library', () => {
  it('are read in any case, with commas or blanks between, each once', () => {
    const text = 'prioritizechacha, -EncryptThenMac +PrioritizeChaCha'
    expect(parseTlsFlags(text)).toEqual({ flags: ['PrioritizeChaCha', '-EncryptThenMac'] })
  })

  it('may ask for what holds anyway, and then nothing is set', () => {
    expect(parseTlsFlags('SessionTicket,-PrioritizeChaCha')).toEqual({ flags: [] })
  })

  it('are refused by name when there is no such switch', () => {
    expect(parseTlsFlags('ServerPreference,KTLS')).toEqual({
      problem: 'knows no option "KTLS"',
      word: 'KTLS',
    })
  })

  it('are read as they are listed', () => {
    for (const name of tlsFlagNames) expect(parseTlsFlags(name)).toEqual({ flags: [name] })
  })
})
