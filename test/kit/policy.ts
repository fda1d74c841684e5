// Policies for unit tests, written as literals, without a dialect.

import { parseBlock } from '../../src/base/address.ts'
import { parseKey } from '../../src/policy/key.ts'
import { parseEndpoint } from '../../src/base/endpoint.ts'
import type { Span } from '../../src/base/diagnostic.ts'
import type { Options } from '../../src/policy/options.ts'
import { freezePolicy } from '../../src/policy/policy.ts'
import type {
  Listen,
  Listener,
  Pathway,
  Peer,
  Policy,
  ServiceName,
} from '../../src/policy/policy.ts'

/** Caps as numbers (0 = set, no limit), times in seconds. */
export interface OptionsText {
  readonly ss?: number
  readonly ls?: number
  readonly ssDry?: boolean
  readonly lsDry?: boolean
  readonly it?: number
  readonly pathway?: string
  readonly banner?: string
  readonly proxy?: boolean
  readonly enable?: boolean
  readonly upstream?: number
  readonly useTls?: boolean
  /** Caps after authentication, by zone; negative means dry run. */
  readonly limits?: Readonly<Record<string, number>>
}

export interface ListenText extends OptionsText {
  readonly peers?: Readonly<Record<string, OptionsText>>
}

export interface ListenerText extends ListenText {
  readonly listens: Readonly<Record<string, ListenText>>
}

export interface PolicyText {
  /** Keys by zone name; `size` bytes for each, 1 MiB if absent. */
  readonly zones?: Readonly<Record<string, string>>
  readonly zoneBytes?: number
  readonly smtp?: ListenerText
  readonly ecstream?: ListenerText
  readonly pathways?: Readonly<Record<string, OptionsText>>
  readonly groups?: Readonly<
    Record<string, OptionsText & { readonly pathways?: Readonly<Record<string, OptionsText>> }>
  >
}

const words: Readonly<Record<ServiceName, string>> = {
  smtp: 'ESMTP_Listener',
  ecstream: 'ECStream_Listener',
  imap: 'IMAP_Listener',
  pop3: 'POP3_Listener',
}

/** Builds a policy; every span gets a line of its own, in the order of the literal. */
export function buildPolicy(text: PolicyText): Policy {
  return new Builder().policy(text)
}

class Builder {
  #line = 0

  policy(text: PolicyText): Policy {
    const listeners: Listener[] = []
    for (const service of ['smtp', 'ecstream'] as const) {
      const listener = text[service]
      if (listener !== undefined) listeners.push(this.#listener(service, listener))
    }
    const pathways: Pathway[] = Object.entries(text.pathways ?? {}).map(([name, options]) =>
      this.#pathway(name, options),
    )
    const pathwayGroups = Object.entries(text.groups ?? {}).map(([group, options]) => {
      for (const [name, inner] of Object.entries(options.pathways ?? {})) {
        pathways.push({
          ...this.#pathway(name, inner),
          label: `Pathway_Group ${group} Pathway ${name}`,
          group,
        })
      }
      return {
        kind: 'pathway_group' as const,
        name: group,
        label: `Pathway_Group ${group}`,
        options: this.#options(options),
        span: this.#span(),
      }
    })
    return freezePolicy({
      kind: 'policy',
      dialect: 'momentum',
      daemon: {},
      global: { kind: 'global', label: 'global', options: {}, span: this.#span() },
      listeners,
      pathways,
      pathwayGroups,
      zones: Object.entries(text.zones ?? {}).map(([name, key]) => {
        const span = this.#span()
        const parsed = parseKey({ value: key, span }).key
        if (parsed === undefined) throw new Error(`bad key ${key}`)
        const sizeBytes = text.zoneBytes ?? 1_048_576
        return { kind: 'zone', name, sizeBytes, key: parsed, span }
      }),
    })
  }

  #listener(service: ServiceName, text: ListenerText): Listener {
    const label = words[service]
    return {
      kind: 'listener',
      service,
      label,
      options: this.#options(text),
      span: this.#span(),
      peers: this.#peers(label, text.peers),
      listens: Object.entries(text.listens).map(([name, listen]) =>
        this.#listen(label, name, listen),
      ),
    }
  }

  #listen(listener: string, name: string, text: ListenText): Listen {
    const parsed = parseEndpoint(name)
    if (!('endpoint' in parsed)) throw new Error(parsed.problem)
    const label = `${listener} Listen ${parsed.endpoint.text}`
    return {
      kind: 'listen',
      id: parsed.endpoint.text,
      endpoint: parsed.endpoint,
      label,
      options: this.#options(text),
      span: this.#span(),
      peers: this.#peers(label, text.peers),
    }
  }

  #peers(container: string, peers: Readonly<Record<string, OptionsText>> = {}): Peer[] {
    return Object.entries(peers).map(([name, options]) => {
      const parsed = parseBlock(name)
      if (parsed === undefined) throw new Error(`bad block ${name}`)
      return {
        kind: 'peer',
        block: parsed.block,
        label: `${container} Peer ${parsed.block.text}`,
        options: this.#options(options),
        span: this.#span(),
      }
    })
  }

  #pathway(name: string, text: OptionsText): Pathway {
    return {
      kind: 'pathway',
      name,
      label: `Pathway ${name}`,
      options: this.#options(text),
      span: this.#span(),
    }
  }

  #options(text: OptionsText): Options {
    const cap = (value: number): { capMax?: number } => (value === 0 ? {} : { capMax: value })
    const at = <T>(value: T): { value: T; span: Span } => ({ value, span: this.#span() })
    return {
      ...(text.ss === undefined ? {} : { serviceSessions: at(cap(text.ss)) }),
      ...(text.ls === undefined ? {} : { listenerSessions: at(cap(text.ls)) }),
      ...(text.ssDry === undefined ? {} : { serviceSessionsDryRun: at(text.ssDry) }),
      ...(text.lsDry === undefined ? {} : { listenerSessionsDryRun: at(text.lsDry) }),
      ...(text.it === undefined ? {} : { idle: at(text.it === 0 ? {} : { ms: text.it * 1000 }) }),
      ...(text.pathway === undefined ? {} : { pathway: at(text.pathway) }),
      ...(text.banner === undefined ? {} : { bannerHostname: at(text.banner) }),
      ...(text.proxy === undefined ? {} : { proxyProtocol: at(text.proxy) }),
      ...(text.enable === undefined ? {} : { enable: at(text.enable) }),
      ...(text.useTls === undefined ? {} : { useTls: at(text.useTls) }),
      ...(text.limits === undefined
        ? {}
        : {
            limitConns: at(
              Object.entries(text.limits).map(([zone, signed]) => ({
                zone,
                capMax: Math.abs(signed),
                span: this.#span(),
                ...(signed < 0 ? { isDryRun: true } : {}),
              })),
            ),
          }),
      ...(text.upstream === undefined
        ? {}
        : { upstream: at([{ kind: 'tcp', host: '127.0.0.1', port: text.upstream }] as const) }),
    }
  }

  #span(): Span {
    this.#line += 1
    return { file: 'test.conf', line: this.#line, column: 1 }
  }
}
