// Mail servers behind the gate that speak TLS, from the first byte or after STARTTLS, and the
// certificates for them.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import { generate } from 'selfsigned'
import type { SubjectAltNameEntry } from 'selfsigned'
import { serveImap, servePop3, serveSmtp } from './login-servers.ts'

export interface Identity {
  readonly cert: string
  readonly key: string
}

export interface IdentityOptions {
  readonly name: string
  /** Addresses that the certificate carries beside the name. */
  readonly addresses?: readonly string[]
  readonly notAfter?: Date
}

/** Signs certificates as the tests want them. */
export class Authority {
  readonly #identity: Identity

  private constructor(identity: Identity) {
    this.#identity = identity
  }

  static async create(name: string): Promise<Authority> {
    const made = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    })
    return new Authority({ cert: made.cert, key: made.private })
  }

  /** Its own certificate: what others trust. */
  get cert(): string {
    return this.#identity.cert
  }

  async issue({ name, addresses = [], notAfter }: IdentityOptions): Promise<Identity> {
    const altNames: SubjectAltNameEntry[] = [
      { type: 2, value: name },
      ...addresses.map((ip) => ({ type: 7 as const, ip })),
    ]
    const dayMs = 86_400_000
    const made = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ca: this.#identity,
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'subjectAltName', altNames },
      ],
      notBeforeDate: new Date((notAfter?.getTime() ?? Date.now()) - dayMs),
      ...(notAfter === undefined ? {} : { notAfterDate: notAfter }),
    })
    return { cert: made.cert, key: made.private }
  }
}

export type Serve = (socket: Socket) => void

/** Every socket is TLS from its first byte. */
export function insideTls(
  serve: Serve,
  options: SecureContextOptions,
  more: { readonly requestCert?: boolean; readonly onSecured?: (socket: TLSSocket) => void } = {},
): Serve {
  const secureContext = createSecureContext(options)
  return (socket) => {
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      requestCert: more.requestCert === true,
      rejectUnauthorized: false,
    })
    secured.on('error', () => socket.destroy())
    let isSecured = false
    secured.on('secure', () => {
      isSecured = true
      more.onSecured?.(secured)
    })
    // Node leaves a client that goes in the middle of the handshake to the TLS server, which we are.
    secured.on('end', () => {
      if (!isSecured) socket.destroy()
    })
    serve(secured)
  }
}

export const serveBy = { imap: serveImap, pop3: servePop3, smtp: serveSmtp } as const

/** What each protocol says before TLS; the last line makes it begin. */
const openings = {
  imap: {
    greeting: '* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] plain ready\r\n',
    answers: [[/^(\S+) STARTTLS\r\n$/i, '$1 OK begin\r\n']],
  },
  pop3: {
    greeting: '+OK plain ready <1@upstream.test>\r\n',
    answers: [[/^STLS\r\n$/i, '+OK begin\r\n']],
  },
  smtp: {
    greeting: '220-upstream.test\r\n220 plain ready\r\n',
    answers: [
      [/^EHLO \S+\r\n$/i, '250-upstream.test\r\n250-STARTTLS\r\n250 HELP\r\n'],
      [/^STARTTLS\r\n$/i, '220 begin\r\n'],
    ],
  },
} as const

export interface StarttlsServer {
  readonly service: keyof typeof openings
  readonly identity: Identity
  /** What the answer to one of the commands is made into, on its way. */
  readonly tamper?: (answer: string) => string
  /** Every line that came in plain text. */
  readonly onPlain?: (line: string) => void
}

/** TLS is asked for; inside it the server does not greet again. */
export function afterStarttls({ service, identity, tamper, onPlain }: StarttlsServer): Serve {
  const begin = insideTls((socket) => serveBy[service](withoutGreeting(socket)), identity)
  const { greeting, answers } = openings[service]
  return (socket) => {
    void converse().catch(() => socket.destroy())
    async function converse(): Promise<void> {
      socket.write(tamper?.(greeting) ?? greeting)
      for (const [asked, answer] of answers) {
        const [chunk] = (await once(socket, 'data')) as [Buffer] // as net says
        const line = chunk.toString('latin1')
        onPlain?.(line)
        if (!asked.test(line)) throw new Error(`unexpected ${line}`)
        const text = line.replace(asked, answer)
        socket.write(tamper?.(text) ?? text)
      }
      socket.removeAllListeners('data')
      begin(socket)
    }
  }
}

function withoutGreeting(socket: Socket): Socket {
  const write = socket.write.bind(socket)
  const swallow = (): boolean => {
    socket.write = write
    return true
  }
  socket.write = swallow
  return socket
}
