// Asks an auth server over HTTP (freenginx auth_http): by a connection for each attempt, or, where
// the configuration wants that, by one that is kept.

import { PosternError } from '../../base/errors.ts'
import { authRequest, authRequestHeaders } from '../../protocol/auth-http/request.ts'
import type { AuthOutcome } from '../../protocol/auth-http/outcome.ts'
import { escapeUri } from '../../protocol/auth-http/escape.ts'
import { AuthResponseReader } from '../../protocol/auth-http/response.ts'
import type { AuthHttpServer } from '../../policy/options.ts'
import type { Settings } from '../../policy/plan.ts'
import { isOutOfDescriptors } from '../errno.ts'
import type { Session } from '../session.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'
import { AuthExchange } from './auth-exchange.ts'
import { KeptExchange } from './kept-exchange.ts'
import { authRequestOf } from './auth-question.ts'
import type { Attempt } from './auth-question.ts'
import type { AuthServerLink, AuthServers } from './auth-servers.ts'
import type { Authenticator, LoginOutcome, LoginQuestion } from './authenticator.ts'
import { needsPassword } from './dialogue-of.ts'
import { loginOption } from './login-settings.ts'
import { settledQuestion } from './settled-question.ts'

export class HttpAuthenticator implements Authenticator {
  readonly action = 'in http auth state'
  /** An auth server says itself how often, with Auth-Wait. */
  readonly failuresMax = undefined
  readonly #session: Session
  readonly #settings: Settings
  readonly #server: AuthHttpServer
  /** Those of its policy: a reload, and files that go with the old policy, concern later sessions. */
  readonly #servers: AuthServers

  constructor(session: Session, settings: Settings, server: AuthHttpServer) {
    this.#session = session
    this.#settings = settings
    this.#server = server
    this.#servers = session.host.authServers
  }

  get name(): string {
    return `auth http server ${this.#target().text}`
  }

  get timeoutMs(): number | undefined {
    return loginOption(this.#settings, 'authHttpTimeout').ms
  }

  ask(attempt: Attempt, onOutcome: (outcome: LoginOutcome) => void): LoginQuestion {
    const { uri, host } = this.#server
    const headers = loginOption(this.#settings, 'authHttpHeaders')
    const server = this.#target()
    const link = this.#link()
    if (PosternError.is(link)) {
      const logText = `${this.name} cannot be asked: ${link.message}`
      return settledQuestion(this.action, { kind: 'broken', logText }, onOutcome)
    }
    const { method } = attempt.credentials
    const target = { uri, host, headers }
    const asked = authRequestOf(this.#session, attempt)
    const judge = {
      serverName: server.text,
      needsPassword: needsPassword(attempt, this.#settings),
      takesSaslChallenge: method === 'xoauth2' || method === 'oauthbearer',
    }
    const report = (outcome: AuthOutcome, error?: Error): void => {
      const { host: gateway } = this.#session
      if (error !== undefined && isOutOfDescriptors(error)) gateway.onOutOfDescriptors(error)
      onOutcome(this.#withTarget(outcome))
    }
    if (link.agent !== undefined) {
      const path = escapeUri(uri).toString('latin1')
      const lines = authRequestHeaders(target, asked)
      return new KeptExchange({ link, server, path, headers: lines, judge, onOutcome: report })
    }
    return new AuthExchange({
      link,
      server,
      request: authRequest(target, asked),
      reader: new AuthResponseReader(judge),
      onOutcome: report,
    })
  }

  /** The error, where a file was read for this plan only now and cannot be used. */
  #link(): AuthServerLink | PosternError {
    try {
      return this.#servers.linkOf(this.#server, this.#settings)
    } catch (error) {
      if (!PosternError.is(error)) throw error
      return error
    }
  }

  #withTarget(outcome: AuthOutcome): LoginOutcome {
    if (outcome.kind !== 'accept') return outcome
    const { server: host, port, ...rest } = outcome
    const target = this.#session.host.upstreams.targetOf({ kind: 'tcp', host, port })
    return { ...rest, upstream: { kind: 'known', targets: [target] } }
  }

  #target(): UpstreamTarget {
    return this.#session.host.upstreams.targetOf(this.#server.address)
  }
}
