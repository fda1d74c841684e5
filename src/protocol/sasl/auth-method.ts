// The ways to log in that a listener can offer, in the order in which they are advertised.

/** The words of `imap_auth`, `pop3_auth` and `smtp_auth` (freenginx), in its order. */
export const authMethods = [
  'plain',
  'login',
  'apop',
  'cram-md5',
  'external',
  'xoauth2',
  'oauthbearer',
  'none',
] as const

export type AuthMethod = (typeof authMethods)[number]

/** A mechanism of SASL (RFC 4422) that a client can name in AUTH or AUTHENTICATE. */
export type SaslMechanism = 'PLAIN' | 'LOGIN' | 'CRAM-MD5' | 'EXTERNAL' | 'XOAUTH2' | 'OAUTHBEARER'

const mechanisms: Readonly<Partial<Record<AuthMethod, SaslMechanism>>> = Object.freeze({
  plain: 'PLAIN',
  login: 'LOGIN',
  'cram-md5': 'CRAM-MD5',
  external: 'EXTERNAL',
  xoauth2: 'XOAUTH2',
  oauthbearer: 'OAUTHBEARER',
})

/** The mechanisms to advertise; `apop` and `none` are no mechanisms of SASL. */
export function advertisedMechanisms(methods: readonly AuthMethod[]): readonly SaslMechanism[] {
  return authMethods.flatMap((method) => {
    const mechanism = mechanisms[method]
    return mechanism === undefined || !methods.includes(method) ? [] : [mechanism]
  })
}

/**
 * The mechanism a client names, in any case, or undefined when it may not be used here. PLAIN and
 * LOGIN are always accepted: the list only says whether they are advertised (freenginx).
 */
export function acceptedMechanism(
  name: Buffer,
  methods: readonly AuthMethod[],
): SaslMechanism | undefined {
  const wanted = name.toString('latin1').toUpperCase()
  return advertisedMechanisms(['plain', 'login', ...methods]).find((known) => known === wanted)
}
