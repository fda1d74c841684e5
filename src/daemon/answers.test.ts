// What the control socket tells about sessions, from a gateway with real ones.

import { afterEach, describe, expect, it } from 'vitest'
import { cleanUp, connectClient, until } from '../../test/kit/gateway-rig.ts'
import { setLoginScene } from '../../test/kit/login-scene.ts'
import { systemClock } from '../base/clock.ts'
import { answerQuestion } from './answers.ts'
import { parseRequest } from './control-requests.ts'
import { EventRecord } from './event-record.ts'

afterEach(cleanUp)

type Scene = Awaited<ReturnType<typeof setLoginScene>>

async function ask({ rig }: Scene, line: string): Promise<unknown> {
  const { engine, gateway } = rig
  const parsed = parseRequest(line)
  if ('problem' in parsed) return parsed
  const { request } = parsed
  if (request.request !== 'sessions') throw new Error('no question about sessions')
  const record = new EventRecord({ policy: engine.policy, clock: systemClock })
  return answerQuestion({ engine, gateway, clock: systemClock, record }, request)
}

describe('the list of sessions', () => {
  it('shows where each is on its way, who it is, where to, and how much went through', async () => {
    const scene = await setLoginScene()
    const relayed = await connectClient(scene.rig.port(), 'a LOGIN u p\r\n')
    await until(() => /^a OK/m.test(relayed.text))
    const idle = await connectClient(scene.rig.port())
    await until(() => idle.text !== '')
    const upstream = `127.0.0.1:${scene.upstream.port}`
    const counts = { bytesFromClient: 13, bytesToClient: relayed.received.length }
    expect(await ask(scene, '{"request":"sessions"}')).toMatchObject({
      ok: true,
      result: {
        sessionsActive: 2,
        matchingCount: 2,
        sessions: [
          { client: '127.0.0.1', state: 'relaying', login: 'u', upstream, isTls: false, ...counts },
          { client: '127.0.0.1', state: 'login', isTls: false, bytesFromClient: 0 },
        ],
      },
    })
    expect(JSON.stringify(await ask(scene, '{"request":"sessions"}'))).not.toContain('"p"')
  })

  it('lists those of one user or one block, and counts what it does not list', async () => {
    const scene = await setLoginScene()
    for (const user of ['u', 'u', 'v']) {
      const client = await connectClient(scene.rig.port(), `a LOGIN ${user} p\r\n`)
      await until(() => /^a OK/m.test(client.text))
    }
    const few = await ask(scene, '{"request":"sessions","limit":1,"user":"u"}')
    expect(few).toMatchObject({
      result: { sessionsActive: 3, matchingCount: 2, sessions: [{ login: 'u' }] },
    })
    const inside = await ask(scene, '{"request":"sessions","from":"127.0.0.0/8","user":"v"}')
    expect(inside).toMatchObject({ result: { matchingCount: 1, sessions: [{ login: 'v' }] } })
    const outside = await ask(scene, '{"request":"sessions","from":"10.0.0.0/8"}')
    expect(outside).toMatchObject({ result: { matchingCount: 0, sessions: [] } })
  })

  it('shows no control characters of a login', async () => {
    const scene = await setLoginScene()
    const login = '{4+}\r\nu\u001b[m'
    const client = await connectClient(scene.rig.port(), `a LOGIN ${login} p\r\n`)
    await until(() => /^a OK/m.test(client.text))
    expect(await ask(scene, '{"request":"sessions"}')).toMatchObject({
      result: { sessions: [{ login: String.raw`u\x1B[m` }] },
    })
  })

  it.each(['{"request":"sessions","from":"nowhere"}', '{"request":"sessions","user":7}'])(
    'answers %s with what is wrong',
    async (line) => {
      expect(parseRequest(line)).toHaveProperty('problem')
    },
  )
})
