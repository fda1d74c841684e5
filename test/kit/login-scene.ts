// A gateway in this process that logs clients in, for the unit tests of the login.

import type { Clock } from '../../src/base/clock.ts'
import { atCleanUp, rigPolicy, startRig, startUpstream } from './gateway-rig.ts'
import type { FakeUpstream, Rig, RigPolicy, Values } from './gateway-rig.ts'
import { accept, FakeAuth, serveImap, servePop3, serveSmtp } from './login-servers.ts'
import type { AuthAnswer, AuthAsked } from './login-servers.ts'

/** A gateway that logs clients in, and what stands behind it. */
interface LoginScene {
  readonly rig: Rig
  readonly auth: FakeAuth
  readonly upstream: FakeUpstream
}

/** What a test is about; the rest is as usual. */
export interface LoginSceneOptions extends Partial<RigPolicy> {
  readonly answer?: (asked: AuthAsked, port: number) => AuthAnswer
  readonly clock?: Clock
  readonly serve?: Parameters<typeof startUpstream>[0]
}

const servers = { imap: serveImap, pop3: servePop3, smtp: serveSmtp, ecstream: serveSmtp } as const

/** Starts an auth server, an upstream of the service, and a gateway between client and both. */
export async function setLoginScene(given: LoginSceneOptions = {}): Promise<LoginScene> {
  const { service = 'imap', answer = (_asked, port) => accept(port), serve, clock, ...text } = given
  const upstream = await startUpstream(serve ?? servers[service])
  const auth = await FakeAuth.start((asked) => answer(asked, upstream.port))
  atCleanUp(() => auth.close())
  const policy = rigPolicy({
    listens: { '127.0.0.1:0': {} },
    ...text,
    service,
    options: { ...authAt(auth.port), ...text.options },
  })
  return { rig: await startRig(policy, clock), auth, upstream }
}

/** As the option of a policy. */
export function authAt(port: number): Values {
  const address = { kind: 'tcp', host: '127.0.0.1', port } as const
  return { authenticator: { kind: 'http', server: { address, host: '127.0.0.1', uri: '/auth' } } }
}
