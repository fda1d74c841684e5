// Finds the parts of a PEM file.

/** Every certificate of a file, each as a text of its own. */
export function certificatesIn(file: Buffer): readonly string[] {
  return partsOf(file, '(?:X509 |TRUSTED )?CERTIFICATE')
}

/** Every list of revoked certificates: Node.js reads only the first of a text. */
export function revocationListsIn(file: Buffer): readonly string[] {
  return partsOf(file, 'X509 CRL')
}

/** A private key that a passphrase protects, in either of the two formats. */
export function isKeyEncrypted(file: Buffer): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(
    file.toString('latin1'),
  )
}

export function hasPrivateKey(file: Buffer): boolean {
  return /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(file.toString('latin1'))
}

/** Node.js passes over parameters that it cannot read, and then has no DHE. */
export function hasDhParameters(file: Buffer): boolean {
  return /-----BEGIN (?:X9\.42 )?DH PARAMETERS-----/.test(file.toString('latin1'))
}

function partsOf(file: Buffer, label: string): readonly string[] {
  const pattern = new RegExp(`-----BEGIN (${label})-----[^-]+-----END \\1-----`, 'g')
  return Array.from(file.toString('latin1').matchAll(pattern), ([part]) => `${part}\n`)
}
