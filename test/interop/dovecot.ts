// A real Dovecot of its own: configuration, mail and log in a temporary folder, IMAP and POP3 on
// loopback, every user with one password. Needs root, as Dovecot does.

import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Identity } from '../kit/tls-upstreams.ts'

/** Nobody on Debian; the mail is stored as this user. */
const nobody = 65_534

export const password = 'secret'

export interface DovecotPorts {
  readonly imap: number
  readonly pop3: number
}

export interface DovecotOptions {
  /** Believes what a proxy on loopback says of its client. */
  readonly trustsLoopback?: boolean
  /** STARTTLS on the ports, and TLS from the first byte on two more. */
  readonly tls?: Identity & { readonly ports: DovecotPorts }
}

export class Dovecot {
  readonly #folder: string
  readonly ports: DovecotPorts
  readonly #options: DovecotOptions

  constructor(ports: DovecotPorts, options: DovecotOptions = {}) {
    this.ports = ports
    this.#options = options
    this.#folder = mkdtempSync(join(tmpdir(), 'postern-dovecot-'))
    // Its processes run as other users and must get in.
    chmodSync(this.#folder, 0o755)
    mkdirSync(this.#path('run'))
    mkdirSync(this.#path('mail'))
    chownSync(this.#path('mail'), nobody, nobody)
    if (options.tls !== undefined) {
      writeFileSync(this.#path('cert.pem'), options.tls.cert)
      writeFileSync(this.#path('key.pem'), options.tls.key)
    }
    writeFileSync(this.#path('dovecot.conf'), this.#configuration())
    this.#run('dovecot', '-c', this.#path('dovecot.conf'))
  }

  log(): string {
    return readFileSync(this.#path('log'), 'utf8')
  }

  stop(): void {
    this.#run('doveadm', '-c', this.#path('dovecot.conf'), 'stop')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }

  #run(program: string, ...args: readonly string[]): void {
    // No pipes: the daemon would keep them open, and we would wait for their end.
    const done = spawnSync(program, args, { stdio: 'ignore' })
    if (done.status !== 0) throw new Error(`${program} ended with ${done.status}`)
  }

  #tls(): string {
    if (this.#options.tls === undefined) return 'ssl = no'
    return `ssl = required
ssl_cert = <${this.#path('cert.pem')}
ssl_key = <${this.#path('key.pem')}`
  }

  #configuration(): string {
    const { tls } = this.#options
    return `base_dir = ${this.#path('run')}
log_path = ${this.#path('log')}
protocols = imap pop3
listen = 127.0.0.1
${this.#tls()}
disable_plaintext_auth = no
auth_mechanisms = plain login
login_trusted_networks = ${this.#options.trustsLoopback === true ? '127.0.0.0/8' : ''}
mail_location = maildir:${this.#path('mail')}/%u
first_valid_uid = ${nobody}
first_valid_gid = ${nobody}
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${nobody} gid=${nobody} home=${this.#path('mail')}/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${this.ports.imap}
  }
  inet_listener imaps {
    port = ${tls?.ports.imap ?? 0}
  }
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = ${this.ports.pop3}
  }
  inet_listener pop3s {
    port = ${tls?.ports.pop3 ?? 0}
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`
  }
}
