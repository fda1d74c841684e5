// Which certificates a client is offered: for the name it asks for, of every kind of key the one
// that fits best.

import type { ServerCertificate } from './certificate.ts'

/** RFC 6125 6.4.3: a star stands for the whole leftmost label, and for one label alone. */
const rules = { partialWildcards: false, multiLabelWildcards: false } as const

/**
 * Where no certificate is for the name, or none was asked for, the first of each kind of key. An
 * exact name goes before a wildcard, and an earlier certificate before a later one.
 */
export function certificatesFor(
  certificates: readonly ServerCertificate[],
  serverName: string | undefined,
): readonly ServerCertificate[] {
  const fitting = serverName === undefined ? [] : bestFirst(certificates, serverName)
  return firstOfEachType(fitting.length > 0 ? fitting : certificates)
}

function bestFirst(
  certificates: readonly ServerCertificate[],
  serverName: string,
): readonly ServerCertificate[] {
  const matches = certificates.map((certificate) => ({
    certificate,
    match: certificate.x509.checkHost(serverName, rules),
  }))
  const isWildcard = (match: string | undefined): boolean => match?.startsWith('*') === true
  return [
    ...matches.filter(({ match }) => match !== undefined && !isWildcard(match)),
    ...matches.filter(({ match }) => isWildcard(match)),
  ].map(({ certificate }) => certificate)
}

function firstOfEachType(certificates: readonly ServerCertificate[]): readonly ServerCertificate[] {
  return certificates.filter(
    (certificate) =>
      certificates.find(({ keyType }) => keyType === certificate.keyType) === certificate,
  )
}

/** One name for every choice there can be; nobody asks for the label that stands for the star. */
export function representativeNames(certificates: readonly ServerCertificate[]): readonly string[] {
  const names = certificates.flatMap(({ names: own }) => own)
  return [...new Set(names.map((name) => name.replace(/^\*/, 'postern-any-name')))]
}
