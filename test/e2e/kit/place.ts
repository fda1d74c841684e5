// A temporary directory with configuration files in it, and the real ports behind the nominal ones.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expand, nominalPorts } from './notation.ts'
import { freePort } from './ports.ts'

export interface PlaceOptions {
  /** `host:port` of the upstream that configurations name. */
  readonly upstream: string
  readonly isProxied?: boolean
}

export class Place {
  readonly directory: string
  readonly #options: PlaceOptions
  readonly #ports = new Map<number, number>()

  constructor(options: PlaceOptions) {
    this.directory = mkdtempSync(join(tmpdir(), 'postern-e2e-'))
    this.#options = options
  }

  get ports(): readonly number[] {
    return [...this.#ports.values()]
  }

  /** Real port of a nominal one that some configuration has named. */
  portFor(nominal: number): number {
    const port = this.#ports.get(nominal)
    if (port === undefined) throw new Error(`no configuration here names port ${nominal}`)
    return port
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  /** Writes a file as it is. */
  writeText(name: string, text: string): string {
    writeFileSync(this.path(name), text)
    return this.path(name)
  }

  /** Expands a configuration, choosing ports where it names new ones, and writes it. */
  async writeConfig(name: string, config: string): Promise<string> {
    for (const nominal of nominalPorts(config)) {
      if (!this.#ports.has(nominal)) this.#ports.set(nominal, await freePort())
    }
    const text = expand(config, {
      directory: this.directory,
      upstream: this.#options.upstream,
      portFor: (nominal) => this.portFor(nominal),
      isProxied: this.#options.isProxied === true,
    })
    return this.writeText(name, `${text}\n`)
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}
