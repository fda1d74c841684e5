// Real mail clients log in through the gate to a real Dovecot, and read what a limit tells them.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../e2e/kit/ports.ts'
import { Program } from '../e2e/kit/process.ts'
import { until } from '../e2e/kit/until.ts'
import { haveDebian } from './debian.ts'
import { Dovecot, password } from './dovecot.ts'

const run = promisify(execFile)
const packages = ['dovecot-imapd', 'dovecot-pop3d', 'curl', 'python3']
const isRoot = process.getuid?.() === 0
const hasAll = isRoot && haveDebian(['dovecot', 'doveadm', 'curl', 'python3'], packages)
if (!isRoot) process.stderr.write('\n*** DOVECOT NOT RUN: it needs root\n\n')

const ends: (() => unknown)[] = []
let folder: string
let dovecot: Dovecot
let imap: number
let pop3: number

beforeEach(async () => {
  if (!hasAll) return
  folder = mkdtempSync(join(tmpdir(), 'postern-login-'))
  dovecot = new Dovecot({ imap: await freePort(), pop3: await freePort() })
  ends.push(() => dovecot.stop())
  imap = await freePort()
  pop3 = await freePort()
})

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
  if (hasAll) rmSync(folder, { recursive: true, force: true })
})

/** An auth server as an nginx operator has one: headers in, headers out. */
async function startAuthServer(): Promise<number> {
  const own = await freePort()
  const answer = ({ headers }: IncomingMessage, response: ServerResponse): void => {
    const isRight = headers['auth-pass'] === password
    response.setHeader('Auth-Status', isRight ? 'OK' : 'Invalid login or password')
    if (isRight) {
      response.setHeader('Auth-Server', '127.0.0.1')
      const isPop3 = headers['auth-protocol'] === 'pop3'
      response.setHeader('Auth-Port', `${isPop3 ? dovecot.ports.pop3 : dovecot.ports.imap}`)
    }
    response.end()
  }
  const server = createServer(answer)
  await new Promise<void>((resolve) => {
    server.listen(own, '127.0.0.1', resolve)
  })
  ends.push(() => server.close())
  return own
}

/** The same gate in both languages, and with Dovecot itself to decide about logins. */
const languages = {
  momentum: (authServer: number) => {
    const login = `Auth_HTTP = "http://127.0.0.1:${authServer}/auth"  Limit_Conn "user" { Sessions = 2 }`
    return `PIDFile = "postern.pid"
Limit_Conn_Zone "user" { Key = "$remote_user" Size = "1m" }
IMAP_Listener { ${login} Listen "127.0.0.1:${imap}" {} }
POP3_Listener { ${login} Listen "127.0.0.1:${pop3}" {} }
`
  },
  nginx: (authServer: number) => `pid postern.pid;
events { }
mail {
  limit_conn_zone $remote_user zone=user:1m;
  limit_conn user 2;
  auth_http 127.0.0.1:${authServer}/auth;
  server { listen 127.0.0.1:${imap}; protocol imap; }
  server { listen 127.0.0.1:${pop3}; protocol pop3; }
}
`,
  'nginx, with no auth server': () => `pid postern.pid;
events { }
mail {
  limit_conn_zone $remote_user zone=user:1m;
  limit_conn user 2;
  auth_upstream on;
  server { listen 127.0.0.1:${imap}; protocol imap; proxy_pass 127.0.0.1:${dovecot.ports.imap}; }
  server { listen 127.0.0.1:${pop3}; protocol pop3; proxy_pass 127.0.0.1:${dovecot.ports.pop3}; }
}
`,
} as const

async function startGate(language: keyof typeof languages): Promise<void> {
  const text = languages[language](await startAuthServer())
  writeFileSync(join(folder, 'postern.conf'), text)
  const program = new Program(['-p', folder, '-e', 'stderr'], { cwd: folder })
  ends.push(async () => {
    program.signal('SIGTERM')
    await program.ended()
  })
  const pidFile = join(folder, 'postern.pid')
  await until(
    () => `the pid file; it said ${program.stderr}`,
    () => tryRead(pidFile) !== '',
  )
}

function tryRead(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

async function python(script: string): Promise<string> {
  const { stdout } = await run('python3', ['-c', script], { timeout: 60_000 })
  return stdout.trim()
}

describe.skipIf(!hasAll).each(['momentum', 'nginx', 'nginx, with no auth server'] as const)(
  'through the gate to Dovecot, configured in the language of %s',
  (language) => {
    beforeEach(() => startGate(language))

    it('curl stores a message by IMAP and reads the same by POP3', async () => {
      const message = `Subject: x\r\n\r\n${'A line with a . in it.\r\n'.repeat(500)}`
      const file = join(folder, 'message')
      writeFileSync(file, message)
      const user = ['-sS', '--user', `bob:${password}`]
      await run('curl', [...user, '--upload-file', file, `imap://127.0.0.1:${imap}/INBOX`])
      const { stdout } = await run('curl', [...user, `pop3://127.0.0.1:${pop3}/1`])
      expect(stdout).toBe(message)
    })

    it("Python's imaplib and poplib are told of a full limit, over both protocols", async () => {
      const told = await python(`
import imaplib, poplib
held = []
for port in (${imap}, ${imap}):
    c = imaplib.IMAP4('127.0.0.1', port)
    c.login('bob', '${password}')
    held.append(c)
try:
    imaplib.IMAP4('127.0.0.1', ${imap}).login('bob', '${password}')
except imaplib.IMAP4.error as error:
    print(error)
p = poplib.POP3('127.0.0.1', ${pop3})
p.user('bob')
try:
    p.pass_('${password}')
except poplib.error_proto as error:
    print(error)
other = poplib.POP3('127.0.0.1', ${pop3})
other.user('eve')
print(other.pass_('${password}').decode())
other.quit()
for c in held:
    print(c.select()[0])
    c.logout()
`)
      expect(told.split('\n')).toEqual([
        "b'[UNAVAILABLE] Too many connections'",
        "b'-ERR [SYS/TEMP] Too many connections'",
        '+OK Logged in.',
        'OK',
        'OK',
      ])
      expect(dovecot.log()).toContain('Login: user=<bob>')
    })

    it('a wrong password is refused in the words of who decides, and takes no slot', async () => {
      const told = await python(`
import imaplib
for attempt in range(5):
    try:
        imaplib.IMAP4('127.0.0.1', ${imap}).login('bob', 'wrong')
    except imaplib.IMAP4.error as error:
        print(error)
c = imaplib.IMAP4('127.0.0.1', ${imap})
print(c.login('bob', '${password}')[0])
c.logout()
`)
      // Without an auth server these are Dovecot's own.
      const isTried = language === 'nginx, with no auth server'
      const said = isTried
        ? '[AUTHENTICATIONFAILED] Authentication failed.'
        : 'Invalid login or password'
      const words = `b'${said}'`
      expect(told.split('\n')).toEqual([words, words, words, words, words, 'OK'])
      expect(dovecot.log()).not.toContain('wrong')
    })
  },
)
