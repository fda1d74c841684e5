// What is to be said about a number of workers, before they are started.

import { availableParallelism } from 'node:os'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Policy } from '../../policy/policy.ts'
import type { DaemonCode } from '../codes.ts'

/** Memory that threads share is addressed by 32 bits; this is as much as a zone can be of it. */
export const sharedZoneBytesMax: number = 2 ** 31 - 64

interface Found extends Diagnostic {
  readonly code: DaemonCode
}

/** `workers` is the number in force; `processors` is how many of them can run at a time. */
export function diagnoseWorkers(
  policy: Policy,
  workers: number,
  processors: number = availableParallelism(),
): readonly Diagnostic[] {
  if (workers === 1) return []
  const found: Found[] = []
  const written = policy.daemon.workers
  if (workers > processors) {
    found.push({
      severity: 'warning',
      code: 'daemon.more_workers_than_processors',
      message: `${workers} workers share ${processors} processors: they only take each other's time`,
      ...(written === undefined ? {} : { span: written.span }),
      hint: `auto means one per processor`,
    })
  }
  for (const { name, sizeBytes, span } of policy.zones) {
    if (sizeBytes <= sharedZoneBytesMax) continue
    found.push({
      severity: 'error',
      code: 'daemon.zone_too_large',
      message: `zone "${name}" is larger than what workers can share, which is 2 GB`,
      span,
      hint: 'a gigabyte holds some 16 million states; or run one worker',
    })
  }
  return found
}
