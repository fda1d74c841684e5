// How the auth servers of one policy are reached: in plain text or over TLS, by a connection for
// each question or by one of those that are kept.

import { Agent as PlainAgent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { connect, isIP } from 'node:net'
import type { IpcNetConnectOpts, Socket, TcpNetConnectOpts } from 'node:net'
import { checkServerIdentity, connect as connectTls, createSecureContext } from 'node:tls'
import type { ConnectionOptions, SecureContext } from 'node:tls'
import { PlanTable } from '../../policy/plan-table.ts'
import type { AuthHttpServer } from '../../policy/options.ts'
import type { Plan, Settings } from '../../policy/plan.ts'
import type { Policy } from '../../policy/policy.ts'
import { tlsError, TlsFiles } from '../tls/tls-files.ts'
import { samples } from '../tls/tls-contexts.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'
import { loginOption } from './login-settings.ts'

// As long as nginx keeps those of its http upstreams; a server that closes earlier is no harm.
const keptIdleMs = 60_000

/** One auth server with what its scope says of it. */
export interface AuthServerLink {
  /** A connection of its own, and the event at which it can be written to. */
  connect(target: UpstreamTarget): Socket
  readonly isTls: boolean
  /** Where connections are kept; absent: one for each question. */
  readonly agent: PlainAgent | undefined
  /** For a request through the agent. */
  readonly tlsOptions: ConnectionOptions
}

export class AuthServers {
  readonly #files: TlsFiles
  readonly #links = new Map<string, AuthServerLink>()
  /** The same by the settings of a plan: asked for every login, they spare making the key. */
  readonly #linksOfPlans = new WeakMap<Settings, AuthServerLink>()

  constructor(prefix: string) {
    this.#files = new TlsFiles(prefix)
  }

  /** Throws a PosternError when a file of authorities cannot be used. */
  linkOf(server: AuthHttpServer, settings: Settings): AuthServerLink {
    const known = this.#linksOfPlans.get(settings)
    if (known !== undefined) return known
    const link = this.#linkByKey(server, settings)
    this.#linksOfPlans.set(settings, link)
    return link
  }

  #linkByKey(server: AuthHttpServer, settings: Settings): AuthServerLink {
    const key = keyOf(server, settings)
    let link = this.#links.get(key)
    if (link === undefined) {
      link = this.#createLink(server, settings)
      this.#links.set(key, link)
    }
    return link
  }

  /** Closes what is idle, and what is in use when its question is answered. */
  retire(): void {
    for (const { agent } of this.#links.values()) {
      if (agent === undefined) continue
      agent.maxFreeSockets = 0
      for (const sockets of Object.values(agent.freeSockets)) {
        for (const socket of sockets ?? []) socket.destroy()
      }
    }
  }

  #createLink(server: AuthHttpServer, settings: Settings): AuthServerLink {
    const isTls = server.isTls === true
    const tlsOptions = isTls ? this.#tlsOptionsOf(server, settings) : {}
    const { capMax } = loginOption(settings, 'authHttpKeepalive')
    const kept = { keepAlive: true, maxFreeSockets: capMax ?? 0, timeout: keptIdleMs }
    const agent = isTls ? new TlsAgent(kept) : new PlainAgent(kept)
    return {
      isTls,
      tlsOptions,
      agent: capMax === undefined ? undefined : agent,
      connect: ({ options }) => {
        // One question and its answer: there is nothing to keep alive, and nothing small to hurry.
        const own: TcpNetConnectOpts | IpcNetConnectOpts = {
          ...options,
          keepAlive: false,
          noDelay: false,
        }
        return isTls ? connectTls({ ...own, ...tlsOptions }) : connect(own)
      },
    }
  }

  #tlsOptionsOf(server: AuthHttpServer, settings: Settings): ConnectionOptions {
    const name = settings.authHttpTlsName?.value ?? server.host.replace(/^\[(.*)\]$/, '$1')
    return {
      secureContext: this.#contextOf(settings),
      rejectUnauthorized: loginOption(settings, 'authHttpTlsVerify'),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      // RFC 6066: an address is no server name.
      ...(isIP(name) === 0 ? { servername: name } : { servername: '' }),
    }
  }

  #contextOf({ authHttpTlsCa }: Settings): SecureContext {
    const path = authHttpTlsCa?.value.path
    if (authHttpTlsCa === undefined || path === undefined) return createSecureContext()
    const option = { name: 'Auth_HTTP_TLS_CA', origin: authHttpTlsCa.origin }
    const ca = this.#files.read(path, option)
    try {
      return createSecureContext({ ca })
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw tlsError(
        'gateway.tls_invalid',
        `${option.name}: "${path}" holds no certificate: ${why}`,
        {
          origin: option.origin,
          cause,
        },
      )
    }
  }
}

/** Makes every link of a policy, so that a wrong file is told before anything is swapped. */
export function loadAuthServers(policy: Policy, prefix: string): AuthServers {
  const servers = new AuthServers(prefix)
  const plans = new PlanTable(policy, (plan: Plan) => plan)
  for (const listener of policy.listeners) {
    for (const listen of listener.listens) {
      for (const address of samples([...listen.peers, ...listener.peers])) {
        const { settings } = plans.get(listen.id, address)
        const authenticator = settings.authenticator?.value
        if (authenticator?.kind === 'http') servers.linkOf(authenticator.server, settings)
      }
    }
  }
  return servers
}

function keyOf(server: AuthHttpServer, settings: Settings): string {
  return JSON.stringify([
    server,
    settings.authHttpTlsCa?.value,
    settings.authHttpTlsName?.value,
    loginOption(settings, 'authHttpTlsVerify'),
    loginOption(settings, 'authHttpKeepalive'),
  ])
}
