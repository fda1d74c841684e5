// What every measured server of a run shares: a directory for its files, ports nobody else took,
// and a way to start a command with enough file descriptors.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

export interface Lab {
  /** Makes a fresh directory for one server and writes its files into it. */
  directory(name: string, files: Readonly<Record<string, string>>): string
  freePort(): Promise<number>
  /** The command with what raises its descriptor limit put before it, when that is needed. */
  command(argv: readonly [string, ...string[]]): readonly [string, ...string[]]
  /** Descriptors a started process can have. */
  readonly descriptorMax: number
  /** The same for the load processes, which are not raised. */
  readonly loadDescriptorMax: number
}

// Below the range the kernel takes client ports from, so that no client ever sits on one.
const portFirst = 20_000
const portSpan = 10_000
const portTries = 100

export function createLab(root: string, descriptorsWanted: number): Lab {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
  const takenPorts = new Set<number>()
  const hardMax = hardDescriptorMax()
  const raise = ['prlimit', `--nofile=${descriptorsWanted}:${descriptorsWanted}`] as const
  const canRaise =
    hardMax < descriptorsWanted && spawnSync(raise[0], [raise[1], 'true']).status === 0
  return {
    descriptorMax: canRaise ? descriptorsWanted : Math.min(hardMax, descriptorsWanted),
    loadDescriptorMax: hardMax,
    command: (argv) => (canRaise ? [...raise, ...argv] : argv),
    directory(name, files) {
      const path = join(root, name)
      rmSync(path, { recursive: true, force: true })
      mkdirSync(path, { recursive: true })
      for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
      return path
    },
    async freePort() {
      for (let tries = 0; tries < portTries; tries += 1) {
        const port = portFirst + Math.floor(Math.random() * portSpan)
        if (takenPorts.has(port) || !(await canBind(port))) continue
        takenPorts.add(port)
        return port
      }
      throw new Error('found no free port')
    },
  }
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function hardDescriptorMax(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1]
  return hard === undefined || hard === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(hard)
}
