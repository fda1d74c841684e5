// The mail clients of the field log in through the gate to a real Dovecot and a real Postfix, and are
// turned away at each stage. What they show is written down in docs/clients.md.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClientScene } from './clients/scene.ts'
import type { Outcome } from './clients/scene.ts'
import { clients, stages } from './clients/table.ts'
import type { MailClient, Stage } from './clients/table.ts'
import { clientPackages, clientPrograms, haveClients } from './clients/programs.ts'
import { haveDebian } from './debian.ts'

const hasAll = haveClients() || (haveDebian(clientPrograms, clientPackages) && haveClients())
if (!hasAll) process.stderr.write('\n*** CLIENTS NOT RUN: see above, and they need root\n\n')

const words: Readonly<Record<Exclude<Stage, 'let in'>, RegExp>> = {
  'at connect': /service unavailable, concurrency limit reached/i,
  'after login': /Too many connections/,
  'zone exhausted': /internal server error/i,
}

const table = clients.map((client): [string, string, MailClient] => [
  client.name,
  client.protocol,
  client,
])

describe.skipIf(!hasAll)('real clients', () => {
  let scene: ClientScene
  beforeAll(async () => {
    scene = await ClientScene.start()
  })
  afterAll(() => scene.stop())

  it.each(table)('%s is let in and turned away over %s', async (_name, _protocol, client) => {
    for (const stage of stages) {
      const outcome = await scene.run(client, stage)
      // All of it in one comparison, so that a failure shows what the client said.
      expect({ stage, ...factsOf(outcome, client, stage), outcome }).toEqual({
        stage,
        ...expectedOf(client, stage),
        outcome,
      })
    }
  })
})

interface Facts {
  readonly connects: boolean
  readonly sendsPassword: boolean
  readonly fails: boolean
  readonly tells: boolean
}

function factsOf(outcome: Outcome, client: MailClient, stage: Stage): Facts {
  const { exitCode, output, connectionCount, loginCount } = outcome
  return {
    connects: connectionCount > 0,
    sendsPassword: loginCount > 0,
    fails: exitCode !== (client.codeWhenIn ?? 0),
    tells: stage !== 'let in' && words[stage].test(output),
  }
}

function expectedOf({ neverFails, tells }: MailClient, stage: Stage): Facts {
  return {
    connects: true,
    // Nobody is asked for a password in place of a greeting.
    sendsPassword: stage !== 'at connect',
    fails: stage !== 'let in' && neverFails !== true,
    tells: stage !== 'let in' && tells.includes(stage),
  }
}
