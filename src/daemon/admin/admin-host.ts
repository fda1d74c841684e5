// The admin API of a daemon: started when the configuration asks for it, and not even loaded
// otherwise; follows reloads with its token and its certificate.

import { fileURLToPath } from 'node:url'
import type { Access } from '../../admin/access.ts'
import type { AdminServer } from '../../admin/server.ts'
import type { AdminView } from '../../admin/view.ts'
import type { Clock } from '../../base/clock.ts'
import { PosternError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { errnoText } from '../../gateway/errno.ts'
import type { Policy } from '../../policy/policy.ts'
import { isLocalEndpoint } from '../../policy/validate-admin.ts'
import type { AdminSettings } from '../settings.ts'
import { readVersion } from '../version.ts'
import { readAdminFiles } from './admin-files.ts'
import type { AdminSecrets } from './admin-files.ts'

/** Where the build puts the live page. */
const pageDirectory = fileURLToPath(new URL('../../dashboard/', import.meta.url))

export interface AdminHostOptions {
  readonly view: AdminView
  readonly log: Log
  readonly clock: Clock
}

export class AdminHost {
  readonly #options: AdminHostOptions
  readonly #settings: AdminSettings
  readonly #server: AdminServer
  readonly #state: { access: Access }

  private constructor(parts: {
    readonly options: AdminHostOptions
    readonly settings: AdminSettings
    readonly server: AdminServer
    readonly state: { access: Access }
  }) {
    this.#options = parts.options
    this.#settings = parts.settings
    this.#server = parts.server
    this.#state = parts.state
  }

  /** Binds; rejects with a PosternError when it cannot. */
  static async start(
    options: AdminHostOptions,
    settings: AdminSettings,
    policy: Policy,
  ): Promise<AdminHost> {
    const { view, clock, log } = options
    const { endpoint } = settings
    const secrets = readAdminFiles(settings, policy.daemon)
    // Loaded here and nowhere else: a gate without it does not pay for it.
    const [{ startAdminServer }, { accessOf }, { PageFiles }] = await Promise.all([
      import('../../admin/server.ts'),
      import('../../admin/access.ts'),
      import('../../admin/page-files.ts'),
    ])
    const page = PageFiles.load(pageDirectory)
    const state = { access: accessOf(kindOf(settings), secrets.token) }
    const { tls } = secrets
    try {
      const server = await startAdminServer({
        view,
        clock,
        endpoint,
        version: readVersion(),
        access: () => state.access,
        onDefect: (error) =>
          log.write('error', { text: `admin API: ${error.stack ?? error.message}` }),
        ...(tls === undefined ? {} : { tls }),
        ...(page === undefined ? {} : { page }),
      })
      log.write('notice', { text: `admin API on ${server.url}` })
      return new AdminHost({ options, settings, server, state })
    } catch (cause) {
      if (PosternError.is(cause)) throw cause
      const message = `bind() of the admin API to ${endpoint.text} failed (${errnoText(cause)})`
      throw new PosternError('daemon.admin_bind', message, { cause })
    }
  }

  /** As written by a new configuration. */
  async use(settings: AdminSettings | undefined, policy: Policy): Promise<void> {
    const { log } = this.#options
    if (settings?.endpoint.text !== this.#settings.endpoint.text) {
      const text = 'the changed address of the admin API takes effect at the next start'
      log.write('warn', { text })
      return
    }
    const { accessOf } = await import('../../admin/access.ts')
    const secrets: AdminSecrets = readAdminFiles(settings, policy.daemon)
    this.#state.access = accessOf(kindOf(settings), secrets.token)
    if (secrets.tls !== undefined) this.#server.useTls(secrets.tls)
    const isTls = this.#server.url.startsWith('https:')
    if (isTls !== (secrets.tls !== undefined) && this.#settings.endpoint.kind === 'tcp') {
      log.write('warn', { text: 'TLS of the admin API changes at the next start' })
    }
  }

  close(): Promise<void> {
    return this.#server.close()
  }
}

function kindOf({ endpoint }: AdminSettings): Access['kind'] {
  if (endpoint.kind === 'unix') return 'owner'
  return isLocalEndpoint(endpoint) ? 'local' : 'remote'
}
