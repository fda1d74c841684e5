// A line to the store through a network namespace of its own, which can be pulled out as a cable: its
// packets go nowhere, and the kernel tells nobody. Needs root.

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { within } from '../../e2e/kit/until.ts'
import type { Line } from './store-line.ts'

const forwarder = fileURLToPath(new URL('forward.mjs', import.meta.url))
const port = 6379

/** False where this machine does not let us: then a proxy takes its place, and the log says so. */
export function hasCables(): boolean {
  const name = `postern-try-${process.pid}`
  const canAdd = process.getuid?.() === 0 && ip('netns', 'add', name)
  if (canAdd) ip('netns', 'del', name)
  else process.stderr.write('no network namespaces here: a proxy stands in for a cable\n')
  return canAdd
}

export class Cable implements Line {
  readonly #namespace: string
  readonly #far: string
  readonly #host: string
  readonly #child: ChildProcess

  private constructor(
    parts: { namespace: string; far: string; host: string },
    child: ChildProcess,
  ) {
    this.#namespace = parts.namespace
    this.#far = parts.far
    this.#host = parts.host
    this.#child = child
  }

  /** `path` is the Unix socket of the store. */
  static async to(path: string): Promise<Cable> {
    const mark = process.pid
    const [namespace, near, far] = [`postern-${mark}`, `pn${mark}`, `pf${mark}`]
    // The range for benchmarks: nobody has these addresses.
    const net = `198.18.${mark % 250}`
    const host = `${net}.2`
    const orders = [
      ['netns', 'add', namespace],
      ['link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', namespace],
      ['addr', 'add', `${net}.1/30`, 'dev', near],
      ['link', 'set', near, 'up'],
      ['-n', namespace, 'addr', 'add', `${host}/30`, 'dev', far],
      ['-n', namespace, 'link', 'set', far, 'up'],
    ]
    const failed = orders.find((order) => !ip(...order))
    if (failed !== undefined) {
      ip('netns', 'del', namespace)
      throw new Error(`ip ${failed.join(' ')} failed`)
    }
    const command = ['netns', 'exec', namespace, process.execPath, forwarder, path, host, `${port}`]
    const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] })
    await within('the forwarder in the namespace', once(child.stdout, 'data'))
    return new Cable({ namespace, far, host }, child)
  }

  get address(): string {
    return `${this.#host}:${port}`
  }

  stall(): void {
    ip('-n', this.#namespace, 'link', 'set', this.#far, 'down')
  }

  mend(): void {
    ip('-n', this.#namespace, 'link', 'set', this.#far, 'up')
  }

  async close(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.kill()
    await gone
    // Takes both ends of the cable along.
    ip('netns', 'del', this.#namespace)
  }
}

function ip(...args: readonly string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}
