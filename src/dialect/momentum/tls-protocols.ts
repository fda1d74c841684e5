// The OpenSSL protocol string of TLS_Protocols (`+ALL:-SSLv3:-TLSv1.0`) to a list of versions.

import { tlsVersions as versions } from '../../policy/options.ts'
import type { TlsVersion } from '../../policy/options.ts'
import { quoted } from './report.ts'
import { didYouMean, scalarType } from './values.ts'
import type { ValueType, WordResult } from './values.ts'

const versionWords: ReadonlyMap<string, TlsVersion> = new Map([
  ['tlsv1', 'TLSv1'],
  ['tlsv1.0', 'TLSv1'],
  ['tlsv1.1', 'TLSv1.1'],
  ['tlsv1.2', 'TLSv1.2'],
  ['tlsv1.3', 'TLSv1.3'],
])

/** Protocols no TLS library of today offers: they can be switched off, and not on. */
const goneWords = new Set(['sslv2', 'sslv3'])

const known = ['ALL', 'SSLv2', 'SSLv3', 'TLSv1.0', ...versions]

/** A string of protocols, each with `+` or `-` or nothing before it. */
export const tlsProtocols: ValueType<readonly TlsVersion[]> = scalarType({
  title: 'TLS versions as in "+ALL:-TLSv1.0"',
  example: '"+ALL:-SSLv3:-TLSv1.0"',
  parse: parseProtocols,
})

/** Reads the string from left to right; it begins with all versions when its first word removes. */
function parseProtocols(text: string): WordResult<readonly TlsVersion[]> {
  const words = text.split(/[:, ]+/).filter((word) => word !== '')
  const enabled = new Set<TlsVersion>(isRemoval(words[0] ?? '') ? versions : [])
  for (const word of words) {
    const name = word.replace(/^[+!-]/, '')
    const folded = name.toLowerCase()
    const version = versionWords.get(folded)
    if (version === undefined && folded !== 'all' && !goneWords.has(folded)) {
      const problem = `knows no protocol ${quoted(name)}`
      return { code: 'momentum.bad_value', problem, hint: didYouMean(name, known) }
    }
    if (goneWords.has(folded) && !isRemoval(word)) {
      const problem = `cannot switch on ${name}: no TLS library of today has it`
      return { code: 'momentum.bad_value', problem, hint: `leave ${name} out` }
    }
    const named = version === undefined ? (folded === 'all' ? versions : []) : [version]
    for (const each of named) {
      if (isRemoval(word)) enabled.delete(each)
      else enabled.add(each)
    }
  }
  const inOrder = versions.filter((version) => enabled.has(version))
  if (inOrder.length > 0) return { value: inOrder }
  return { code: 'momentum.bad_value', problem: 'switches every TLS version off' }
}

function isRemoval(word: string): boolean {
  return word.startsWith('-') || word.startsWith('!')
}
