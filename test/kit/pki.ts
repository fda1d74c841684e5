// Certificates for tests, made with the openssl program: authorities, chains, names, revocations.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CertificateWanted {
  /** As openssl's -subj; absent: `/CN=` and the file's name. */
  readonly subject?: string
  /** Alternative names. */
  readonly names?: readonly string[]
  /** File name of the authority; absent: it signs itself. */
  readonly issuer?: string
  readonly isAuthority?: boolean
  readonly keyType?: 'ec' | 'rsa'
  /** Ends so many days from now; negative: it is over. */
  readonly days?: number
  readonly passphrase?: string
}

/** A directory of certificates: `NAME.pem`, `NAME.key`, and `NAME.chain` up to the root. */
export class Pki {
  readonly directory: string
  readonly #issuers = new Map<string, string>()

  constructor(directory: string) {
    this.directory = directory
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  make(name: string, wanted: CertificateWanted = {}): void {
    const { subject = `/CN=${name}`, names = [], issuer, passphrase } = wanted
    this.#key(name, wanted.keyType ?? 'ec', passphrase)
    const extensions = [
      ...(wanted.isAuthority === true ? ['basicConstraints=critical,CA:TRUE'] : []),
      ...(names.length > 0
        ? [`subjectAltName=${names.map((each) => `DNS:${each}`).join(',')}`]
        : []),
    ]
    writeFileSync(this.path(`${name}.ext`), `${extensions.join('\n')}\n`)
    const key = [
      '-key',
      `${name}.key`,
      ...(passphrase === undefined ? [] : ['-passin', `pass:${passphrase}`]),
    ]
    const asked = [
      '-new',
      ...key,
      '-utf8',
      '-multivalue-rdn',
      '-subj',
      subject,
      '-out',
      `${name}.csr`,
    ]
    this.#openssl('req', ...asked)
    const signer =
      issuer === undefined
        ? ['-signkey', `${name}.key`, ...key.slice(2)]
        : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial']
    const dates = ['-days', String(wanted.days ?? 30)]
    const signed = ['-in', `${name}.csr`, ...signer, ...dates, '-extfile', `${name}.ext`]
    this.#openssl('x509', '-req', ...signed, '-out', `${name}.pem`)
    if (issuer !== undefined) this.#issuers.set(name, issuer)
    writeFileSync(this.path(`${name}.chain`), this.#chainOf(name))
  }

  /** A list of what an authority has revoked, as `FILE`. */
  revoke(file: string, issuer: string, revoked: readonly string[]): void {
    const configuration = [
      '[ca]',
      'default_ca = own',
      '[own]',
      `database = ${file}.index`,
      `crlnumber = ${file}.number`,
      `certificate = ${issuer}.pem`,
      `private_key = ${issuer}.key`,
      'default_md = sha256',
      'default_crl_days = 30',
    ]
    writeFileSync(this.path(`${file}.cnf`), `${configuration.join('\n')}\n`)
    writeFileSync(this.path(`${file}.index`), '')
    writeFileSync(this.path(`${file}.number`), '01\n')
    for (const name of revoked)
      this.#openssl('ca', '-config', `${file}.cnf`, '-revoke', `${name}.pem`)
    this.#openssl('ca', '-config', `${file}.cnf`, '-gencrl', '-out', file)
  }

  #key(name: string, type: 'ec' | 'rsa', passphrase: string | undefined): void {
    const kind =
      type === 'ec'
        ? ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
        : ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
    const closed = passphrase === undefined ? [] : ['-aes256', '-pass', `pass:${passphrase}`]
    this.#openssl('genpkey', ...kind, ...closed, '-out', `${name}.key`)
  }

  #chainOf(name: string): string {
    const issuer = this.#issuers.get(name)
    return this.text(`${name}.pem`) + (issuer === undefined ? '' : this.#chainOf(issuer))
  }

  #openssl(...words: string[]): void {
    execFileSync('openssl', words, { cwd: this.directory, stdio: 'pipe' })
  }
}
