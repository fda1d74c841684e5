// The named zones of one configuration: who declared them, how large, under which key.

import type { Span } from '../../base/diagnostic.ts'
import type { Problem } from './directive-spec.ts'

/** Which module's zone it is: nginx's name for the rule that two modules never share one. */
export type ZoneUse = 'limit_conn' | 'ssl'

interface ZoneEntry {
  readonly use: ZoneUse
  readonly firstUse: Span
  /** Undefined until a declaration gave it. */
  sizeBytes: number | undefined
  key: string | undefined
}

/** Zones may be used before they are declared, so that what is missing shows at the end only. */
export class ZoneTable {
  readonly #zones = new Map<string, ZoneEntry>()

  /** A use without a size, or a declaration with one. Answers what is wrong with it. */
  add(
    name: string,
    claim: { readonly use: ZoneUse; readonly span: Span; readonly sizeBytes?: number },
  ): Problem | undefined {
    const { use, span, sizeBytes } = claim
    const known = this.#zones.get(name)
    if (known === undefined) {
      this.#zones.set(name, { use, firstUse: span, sizeBytes, key: undefined })
      return undefined
    }
    if (known.use !== use) {
      const message = `the shared memory zone "${name}" is already declared for a different use`
      return { code: 'nginx.zone_other_use', message }
    }
    known.sizeBytes ??= sizeBytes
    if (sizeBytes === undefined || sizeBytes === known.sizeBytes) return undefined
    const message = `the size ${sizeBytes} of shared memory zone "${name}" conflicts with already declared size ${known.sizeBytes}`
    return { code: 'nginx.zone_size_conflict', message }
  }

  /** Gives a zone its key; answers the one it has already. */
  bind(name: string, key: string): string | undefined {
    const zone = this.#zones.get(name)
    if (zone === undefined) return undefined
    const bound = zone.key
    zone.key ??= key
    return bound
  }

  /** Names of the declared zones, for suggestions. */
  declared(): readonly string[] {
    return [...this.#zones].filter(([, zone]) => zone.sizeBytes !== undefined).map(([name]) => name)
  }

  /** Zones that are used and declared nowhere, in the order of their first use. */
  undeclared(): readonly { readonly name: string; readonly span: Span }[] {
    return [...this.#zones]
      .filter(([, zone]) => zone.sizeBytes === undefined)
      .map(([name, zone]) => ({ name, span: zone.firstUse }))
  }
}
