// One configuration of a mail gate, for nginx and Postern alike.

import { generate } from 'selfsigned'
import type { LoginPorts } from '../process.ts'
import type { Lab } from '../lab.ts'

export async function loginPorts(lab: Lab): Promise<LoginPorts> {
  return {
    imap: await lab.freePort(),
    pop3: await lab.freePort(),
    smtp: await lab.freePort(),
    imaps: await lab.freePort(),
  }
}

/** The `mail` block; `limits` is what only one of them can say. */
export function mailBlock(ports: LoginPorts, authPort: number, limits: string): string {
  return `mail {
  server_name gate.example;
  auth_http 127.0.0.1:${authPort}/auth;
  ssl_certificate cert.pem;
  ssl_certificate_key key.pem;
${limits}
  server { listen 127.0.0.1:${ports.imap} backlog=4096; protocol imap; }
  server { listen 127.0.0.1:${ports.imaps} ssl backlog=4096; protocol imap; }
  server { listen 127.0.0.1:${ports.pop3} backlog=4096; protocol pop3; }
  server { listen 127.0.0.1:${ports.smtp} backlog=4096; protocol smtp; }
}
`
}

/** A certificate of its own for each server: the same kind of key for all. */
export async function certificateFiles(): Promise<Readonly<Record<string, string>>> {
  const made = await generate([{ name: 'commonName', value: 'gate.example' }], {
    keyType: 'ec',
    algorithm: 'sha256',
  })
  return { 'cert.pem': made.cert, 'key.pem': made.private }
}
