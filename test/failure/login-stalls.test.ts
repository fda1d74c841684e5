// A client that leaves while somebody else stalls has its slot back within a second (SEMANTICS S23):
// at each place where a login can stall, in each way to leave, in each protocol.

import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { accept } from '../kit/login-servers.ts'
import { deafListener } from '../e2e/kit/deaf-listener.ts'
import type { Client } from '../e2e/kit/client.ts'
import type { MailService } from '../e2e/kit/login-gate.ts'
import { NginxGate } from '../e2e/kit/nginx-gate.ts'
import type { NginxGateOptions } from '../e2e/kit/nginx-gate.ts'
import { sleep, until } from '../e2e/kit/until.ts'

interface StallPoint {
  readonly where: string
  readonly options: (deafPort: number) => NginxGateOptions
  /** The limits are behind it: the session holds its slot while it waits. */
  readonly holdsSlot: boolean
  /** That it has come so far, as far as anybody outside can tell. */
  readonly isReached: (gate: NginxGate, before: Counts) => boolean
}

interface Counts {
  readonly asked: number
  readonly upstream: number
}

const countsOf = (gate: NginxGate): Counts => ({
  asked: gate.auth.asked.length,
  upstream: gate.behind.acceptedCount,
})
const isAsked = (gate: NginxGate, before: Counts): boolean => countsOf(gate).asked > before.asked
const isUpstreamReached = (gate: NginxGate, before: Counts): boolean =>
  countsOf(gate).upstream > before.upstream

const greetings: Readonly<Record<MailService, string>> = {
  imap: '* OK hi\r\n',
  pop3: '+OK hi\r\n',
  smtp: '220 hi\r\n',
}
/** The protocol that is spoken in the round of a test. */
const round: { service: MailService } = { service: 'imap' }

/** Greets, and says nothing to what comes then. */
function greetOnly(socket: Socket): void {
  endWhenTold(socket)
  socket.write(greetings[round.service])
}

/** Reads what comes, and goes when the other side goes. */
function endWhenTold(socket: Socket): void {
  socket.resume()
  socket.on('end', () => socket.end())
}

const points: readonly StallPoint[] = [
  {
    where: 'the connection to the auth server',
    options: (port) => ({ authPort: port }),
    holdsSlot: false,
    // Nobody can see it from outside: there is time enough for it.
    isReached: () => true,
  },
  {
    where: 'the answer of the auth server',
    options: () => ({ answer: () => undefined }),
    holdsSlot: false,
    isReached: isAsked,
  },
  {
    where: 'WAIT',
    options: () => ({ answer: () => ({ 'Auth-Status': 'WAIT', 'Auth-Wait': '60' }) }),
    holdsSlot: false,
    isReached: isAsked,
  },
  {
    where: 'the delay of Auth-Wait',
    options: () => ({ answer: () => ({ 'Auth-Status': 'no', 'Auth-Wait': '60' }) }),
    holdsSlot: false,
    isReached: isAsked,
  },
  {
    where: 'the connection to the upstream',
    options: (port) => ({ answer: () => accept(port) }),
    holdsSlot: true,
    isReached: isAsked,
  },
  {
    where: 'the greeting of the upstream',
    options: () => ({ serve: endWhenTold }),
    holdsSlot: true,
    isReached: isUpstreamReached,
  },
  {
    where: 'the middle of the login at the upstream',
    options: () => ({ serve: greetOnly }),
    holdsSlot: true,
    isReached: isUpstreamReached,
  },
]

const ways: readonly (readonly [name: string, leave: (client: Client) => void])[] = [
  ['FIN', (client) => client.socket.end()],
  ['RST', (client) => client.reset()],
]
const services: readonly MailService[] = ['imap', 'pop3', 'smtp']

describe('a client leaves while a login stalls in', () => {
  it.each(points.map((point): [string, StallPoint] => [point.where, point]))(
    '%s: its slot is free within a second',
    async (_where, point) => {
      const gate = await NginxGate.start({
        mail: 'limit_conn_zone $remote_user zone=user:1m; limit_conn user 1;',
        ...point.options(await deafListener()),
      })
      for (const service of services) {
        round.service = service
        for (const [name, leave] of ways) {
          const before = countsOf(gate)
          const client = await gate.tries(service, 'u')
          await until(`${service} to stall`, () => point.isReached(gate, before))
          if (point.holdsSlot) {
            await until('the slot', async () => (await gate.used('user'))['u'] === 1)
          }
          // What was asked is answered, what was answered is acted upon.
          await sleep(100)
          expect((await gate.status()).sessionsActive).toBe(1)
          leave(client)
          await until(
            `${service} to be free after ${name}`,
            async () => (await gate.status()).sessionsActive === 0,
            1000,
          )
          expect({ service, name, used: await gate.used('user') }).toEqual({
            service,
            name,
            used: {},
          })
        }
      }
      await until('no connection behind', () => gate.behind.sockets.size === 0)
      await until('no question', () => gate.auth.openCount === 0)
    },
  )
})
