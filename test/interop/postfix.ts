// A real Postfix of its own: queue, log and mail in a temporary folder, one port on loopback, the
// PROXY header required on it. Needs root, as Postfix does.

import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../e2e/kit/until.ts'
import type { Identity } from '../kit/tls-upstreams.ts'

/** Nobody on Debian; the mail is stored as this user. */
const nobody = 65_534

export interface StoredMail {
  readonly count: number
  /** What follows the headers of each message, in no particular order. */
  readonly bodies: readonly string[]
  /** Bytes after the headers, over all messages, line ends counted as one byte. */
  readonly bodyBytes: number
}

export class Postfix {
  readonly #folder: string
  readonly port: number
  readonly #proxyProtocol: string
  readonly #hasTls: boolean

  /** `tls`: STARTTLS on the port, and TLS from the first byte on one more. */
  constructor(port: number, needsProxyHeader: boolean, tls?: Identity & { readonly port: number }) {
    this.port = port
    this.#hasTls = tls !== undefined
    this.#proxyProtocol = needsProxyHeader ? 'haproxy' : ''
    this.#folder = mkdtempSync(join(tmpdir(), 'postern-postfix-'))
    // Its daemons run as other users and must get in.
    chmodSync(this.#folder, 0o755)
    for (const name of ['etc', 'queue', 'data', 'mail', 'mail/box']) mkdirSync(this.#path(name))
    const postfix = Number(execFileSync('id', ['-u', 'postfix']).toString())
    chownSync(this.#path('data'), postfix, 0)
    for (const name of ['mail', 'mail/box']) chownSync(this.#path(name), nobody, nobody)
    writeFileSync(this.#path('etc/main.cf'), this.#mainCf())
    if (tls !== undefined) writeFileSync(this.#path('etc/tls.pem'), `${tls.key}\n${tls.cert}`)
    writeFileSync(this.#path('etc/master.cf'), masterCf(port, tls?.port))
    this.#control('start')
  }

  /** Waits until as many messages are stored as were sent. */
  async stored(count: number): Promise<StoredMail> {
    await until(
      () => `${count} messages, ${this.#files().length} stored:\n${this.log().slice(-2000)}`,
      () => this.#files().length >= count,
      60_000,
    )
    const bodies = this.#files().map((name) => bodyOf(readFileSync(name, 'utf8')))
    const bodyBytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0)
    return { count: bodies.length, bodies, bodyBytes }
  }

  log(): string {
    return readFileSync(this.#path('log'), 'utf8')
  }

  stop(): void {
    this.#control('stop')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #files(): string[] {
    const folder = this.#path('mail/box/new')
    try {
      return readdirSync(folder).map((name) => join(folder, name))
    } catch {
      return [] // made with the first delivery
    }
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }

  #control(action: 'start' | 'stop'): void {
    const done = spawnSync('postfix', ['-c', this.#path('etc'), action], { encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`postfix ${action}: ${done.stderr}`)
  }

  #tlsCf(): string {
    return `smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = ${this.#path('etc/tls.pem')}
smtpd_tls_loglevel = 1
`
  }

  #mainCf(): string {
    return `compatibility_level = 3.6
queue_directory = ${this.#path('queue')}
data_directory = ${this.#path('data')}
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = upstream.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_base = ${this.#path('mail')}
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:${nobody}
virtual_gid_maps = static:${nobody}
maillog_file = ${this.#path('log')}
maillog_file_prefixes = ${tmpdir()}
smtpd_upstream_proxy_protocol = ${this.#proxyProtocol}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_client_port_logging = yes
smtpd_client_connection_count_limit = 0
smtpd_authorized_xclient_hosts = 127.0.0.0/8
${this.#hasTls ? this.#tlsCf() : ''}`
  }
}

function masterCf(port: number, tlsPort: number | undefined): string {
  const tls = `127.0.0.1:${tlsPort} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
tlsmgr unix - - n 1000? 1 tlsmgr
`
  return `127.0.0.1:${port} inet n - n - - smtpd
${tlsPort === undefined ? '' : tls}cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`
}

function bodyOf(message: string): string {
  return message.slice(message.indexOf('\n\n') + 2)
}
