// Facts about the machine that a reader needs to judge the numbers; nothing that names it.

import { availableParallelism, cpus, release, totalmem } from 'node:os'

export interface Fact {
  readonly name: string
  readonly value: string
}

/** What the numbers were taken on, and with which versions. */
export function machineFacts(versions: Readonly<Record<string, string>>): Fact[] {
  const kernel = /^\d+\.\d+(\.\d+)?/.exec(release())?.[0] ?? 'unknown'
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return [
    { name: 'processor', value: cpus()[0]?.model.trim() ?? 'unknown' },
    { name: 'cores', value: String(availableParallelism()) },
    { name: 'memory', value: `${gigabytes} GB` },
    { name: 'kernel', value: `Linux ${kernel}` },
    ...Object.entries(versions).map(([name, value]) => ({ name, value })),
  ]
}
