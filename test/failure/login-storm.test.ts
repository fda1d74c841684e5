// Ten thousand logins of two hundred users through a limit of three for each, with wrong passwords,
// stalls and resets among them: never a fourth, and nothing left in the end. The witnesses are the
// clients, the mail servers behind the gate, and the kernel.

import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { accept } from '../kit/login-servers.ts'
import type { AuthAnswer, AuthAsked } from '../kit/login-servers.ts'
import type { Client } from '../e2e/kit/client.ts'
import { anybody, LoginGate, loginLines } from '../e2e/kit/login-gate.ts'
import type { MailServers, MailService } from '../e2e/kit/login-gate.ts'
import { KernelLoginWitness, LoginWitness } from '../e2e/kit/login-witness.ts'
import { seededRandom } from '../e2e/kit/random.ts'
import type { Random } from '../e2e/kit/random.ts'
import { sleep, until } from '../e2e/kit/until.ts'

const loginCount = 10_000
const userCount = 200
const cap = 3
// As many as one machine's two processors serve without the clients becoming the bottleneck.
const clientCount = 160
// The daemon audits itself every ten seconds; what it says then is about what was left behind.
const auditEveryMs = 11_000
// Ten thousand logins are a minute's work on a machine that does nothing else.
const stormTimeoutMs = 300_000
const services: readonly MailService[] = ['imap', 'pop3', 'smtp']

/** Who is in, as the clients know it. */
class Tally {
  readonly #inside = new Map<string, number>()
  highest = 0
  admittedCount = 0
  refusedCount = 0
  /**
   * So many stay until the witness of the kernel has seen them. It counts whom two of its looks in a
   * row have seen, and on a busy machine a look takes longer than the others stay.
   */
  leftToShow = 10

  enter(user: string): void {
    const count = (this.#inside.get(user) ?? 0) + 1
    this.#inside.set(user, count)
    this.highest = Math.max(this.highest, count)
    this.admittedCount += 1
  }

  leave(user: string): void {
    this.#inside.set(user, (this.#inside.get(user) ?? 0) - 1)
  }
}

const insidePattern = /^t1 OK upstream|^\+OK upstream did PASS|^235 /m
const outsidePattern = /Too many connections|internal server error/

interface Storm {
  readonly login: LoginGate
  readonly tally: Tally
  readonly random: Random
  readonly kernel: KernelLoginWitness
}

async function logInOnce(storm: Storm): Promise<void> {
  const { login, tally, random, kernel } = storm
  const service = services[random.below(services.length)] ?? 'imap'
  const user = `u${random.below(userCount)}`
  const fate = random.below(20)
  const asked = [`wrong-${user}`, `stalled-${user}`, `hung-${user}`][fate] ?? user
  const client = login.gate.connect(`A@${{ imap: 143, pop3: 110, smtp: 25 }[service]}`)
  client.socket.setNoDelay(true)
  client.send(loginLines(service, asked))
  if (fate === 3) return reset(client)
  if (fate === 1 || fate === 2) {
    await sleep(random.below(20))
    return reset(client)
  }
  await until(
    () => `an answer for ${client.describe()}`,
    () => insidePattern.test(client.text) || client.hasEnded || client.isClosed,
  )
  if (insidePattern.test(client.text)) {
    tally.enter(user)
    if (tally.leftToShow > 0) {
      tally.leftToShow -= 1
      await kernel.looks(3)
    } else await sleep(random.below(30))
    tally.leave(user)
    if (fate === 4) return reset(client)
  } else if (outsidePattern.test(client.text)) {
    tally.refusedCount += 1
  }
  await client.close()
}

async function reset(client: Client): Promise<void> {
  client.reset()
  await client.over()
}

/** A mail server that takes connections and never says a word. */
async function startHungServer(): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.end())
    socket.on('close', () => sockets.delete(socket))
    socket.resume()
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 511 })
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  return address.port
}

/** Wrong users, users who are never answered, and users whose mail server hangs. */
function answerWith(hungPort: number) {
  return (asked: AuthAsked, behind: MailServers): AuthAnswer => {
    const [, fate, user = ''] =
      /^(?:(\w+)-)?(u\d+)$/.exec(asked.headers.get('auth-user') ?? '') ?? []
    if (fate === 'stalled') return undefined
    if (fate === 'wrong') return { 'Auth-Status': 'no such user' }
    return fate === 'hung' ? accept(hungPort, { 'Auth-User': user }) : anybody(asked, behind)
  }
}

describe('a storm of logins', () => {
  it(
    'never lets a fourth session of a user in, and leaves nothing behind',
    async () => {
      const witness = new LoginWitness()
      const login = await LoginGate.start({
        global: 'Limit_Conn_Zone "user" { Key = "$remote_user" Size = "1m" }',
        all: `Limit_Conn "user" { Sessions = ${cap} }`,
        errorLog: 'stderr notice',
        answer: answerWith(await startHungServer()),
        // So that the mail server hears who is behind an SMTP session.
        smtp: 'Upstream_XCLIENT = required',
        watch: witness.watch,
      })
      const kernel = new KernelLoginWitness(await login.gate.servingPid(), witness)
      onTestFinished(() => kernel.stop())
      const tally = new Tally()
      const random = seededRandom()
      let left = loginCount
      const clients = Array.from({ length: clientCount }, async () => {
        while (left > 0) {
          left -= 1
          await logInOnce({ login, tally, random, kernel })
        }
      })
      await Promise.all(clients)
      kernel.stop()
      expect([tally.highest, witness.highest]).toEqual([cap, cap])
      expect(kernel.highest).toBeLessThanOrEqual(cap)
      expect(kernel.highest).toBeGreaterThan(0)
      expect(witness.loginCount).toBeGreaterThanOrEqual(tally.admittedCount)
      expect(tally.admittedCount).toBeGreaterThan(loginCount / 2)
      expect(tally.refusedCount).toBeGreaterThan(0)
      await login.gate.isEmpty()
      expect(await login.used('user')).toEqual({})
      expect(login.behind.sockets.size).toBe(0)
      expect(login.auth.openCount).toBe(0)
      await sleep(auditEveryMs)
      const { audit } = await login.gate.status()
      expect(audit).toEqual({ drift: 0, leakedIds: [], unknownIds: [] })
    },
    stormTimeoutMs,
  )
})
