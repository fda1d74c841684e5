// Ten thousand logins of two hundred users through a limit of three for each, with wrong passwords,
// stalls and resets among them: never a fourth, and nothing left in the end.

import { describe, expect, it } from 'vitest'
import type { AuthAsked } from '../kit/login-servers.ts'
import type { Client } from '../e2e/kit/client.ts'
import { anybody, LoginGate, loginLines } from '../e2e/kit/login-gate.ts'
import type { MailService } from '../e2e/kit/login-gate.ts'
import { seededRandom } from '../e2e/kit/random.ts'
import type { Random } from '../e2e/kit/random.ts'
import { sleep, until } from '../e2e/kit/until.ts'

const loginCount = 10_000
const userCount = 200
const cap = 3
// As many as one machine's two processors serve without the clients becoming the bottleneck.
const clientCount = 120
const services: readonly MailService[] = ['imap', 'pop3', 'smtp']

/** Who is in, as the clients know it. */
class Tally {
  readonly #inside = new Map<string, number>()
  highest = 0
  admittedCount = 0
  refusedCount = 0

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

async function logInOnce(login: LoginGate, tally: Tally, random: Random): Promise<void> {
  const service = services[random.below(services.length)] ?? 'imap'
  const user = `u${random.below(userCount)}`
  const fate = random.below(20)
  const asked = fate === 0 ? `wrong-${user}` : fate === 1 ? `stalled-${user}` : user
  const client = login.gate.connect(`A@${{ imap: 143, pop3: 110, smtp: 25 }[service]}`)
  client.socket.setNoDelay(true)
  client.send(loginLines(service, asked))
  if (fate === 2) return reset(client)
  if (fate === 1) {
    await sleep(random.below(20))
    return reset(client)
  }
  await until(
    () => `an answer for ${client.describe()}`,
    () => insidePattern.test(client.text) || client.hasEnded || client.isClosed,
  )
  if (insidePattern.test(client.text)) {
    tally.enter(user)
    await sleep(random.below(30))
    tally.leave(user)
    if (fate === 3) return reset(client)
  } else if (outsidePattern.test(client.text)) {
    tally.refusedCount += 1
  }
  await client.close()
}

async function reset(client: Client): Promise<void> {
  client.reset()
  await client.over()
}

function answer(asked: AuthAsked, behind: Parameters<typeof anybody>[1]) {
  const user = asked.headers.get('auth-user') ?? ''
  if (user.startsWith('stalled-')) return undefined
  return user.startsWith('wrong-') ? { 'Auth-Status': 'no such user' } : anybody(asked, behind)
}

describe('a storm of logins', () => {
  it('never lets a fourth session of a user in, and leaves nothing behind', async () => {
    const login = await LoginGate.start({
      global: 'Limit_Conn_Zone "user" { Key = "$remote_user" Size = "1m" }',
      all: `Limit_Conn "user" { Sessions = ${cap} }`,
      errorLog: 'stderr notice',
      answer,
    })
    const tally = new Tally()
    const random = seededRandom()
    let left = loginCount
    const clients = Array.from({ length: clientCount }, async () => {
      while (left > 0) {
        left -= 1
        await logInOnce(login, tally, random)
      }
    })
    await Promise.all(clients)
    expect(tally.highest).toBeLessThanOrEqual(cap)
    expect(tally.admittedCount).toBeGreaterThan(loginCount / 2)
    expect(tally.refusedCount).toBeGreaterThan(0)
    await login.gate.isEmpty()
    expect(await login.used('user')).toEqual({})
    expect(login.behind.sockets.size).toBe(0)
    expect(login.auth.openCount).toBe(0)
  })
})
