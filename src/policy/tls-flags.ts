// The switches of a TLS library that a configuration may set, under OpenSSL's own names
// (SSL_CONF_cmd `Options`): the ones that Node.js lets through.

/** Which way each can be turned; the other way is how it stands anyway, and cannot be changed. */
const directions: Readonly<Record<string, 'on' | 'off' | 'both'>> = {
  AllowNoDHEKEX: 'on',
  Bugs: 'on',
  Compression: 'off',
  EmptyFragments: 'off',
  EncryptThenMac: 'off',
  NoRenegotiation: 'on',
  NoResumptionOnRenegotiation: 'on',
  PrioritizeChaCha: 'on',
  ServerPreference: 'on',
  SessionTicket: 'off',
  UnsafeLegacyRenegotiation: 'on',
}

export type TlsFlagsResult =
  { readonly flags: readonly string[] } | { readonly problem: string; readonly word: string }

/** All of them, each with the sign it can have. */
export const tlsFlagNames: readonly string[] = Object.entries(directions).map(([name, way]) =>
  way === 'off' ? `-${name}` : name,
)

/**
 * Reads `PrioritizeChaCha,-EncryptThenMac`, in any case. A flag that asks for what holds anyway is
 * taken, and is not in the result.
 */
export function parseTlsFlags(text: string): TlsFlagsResult {
  const flags: string[] = []
  for (const word of text.split(/[, ]+/).filter((part) => part !== '')) {
    const isOff = word.startsWith('-')
    const wanted = word.replace(/^[+-]/, '').toLowerCase()
    const found = Object.entries(directions).find(([name]) => name.toLowerCase() === wanted)
    if (found === undefined) return { problem: `knows no option "${word}"`, word }
    const [name, way] = found
    if (isOff === (way === 'off')) flags.push(isOff ? `-${name}` : name)
  }
  return { flags: [...new Set(flags)] }
}
