// The text of `-g`: nginx's global directives, as the daemon takes them from the command line.

import { readGlobalOptions } from '../dialect/nginx/global-directives.ts'
import type { GlobalDirectives } from '../daemon/settings.ts'

/** `problem` is what nginx would print after `[emerg]`, with a line about how to mend it. */
export type GlobalsResult = { readonly globals: GlobalDirectives } | { readonly problem: string }

/** Reads `pid FILE; error_log FILE LEVEL; worker_processes N; daemon on|off;` and the like. */
export function parseGlobalDirectives(text: string): GlobalsResult {
  const read = readGlobalOptions(text)
  if ('problem' in read) {
    const hint = read.hint === undefined ? '' : `\n  = ${read.hint}`
    return { problem: `${read.problem}${hint}` }
  }
  const { pidFile, errorLogs, workers, isDetached } = read.daemon
  return {
    globals: {
      errorLogs: errorLogs?.value ?? [],
      ...(pidFile === undefined ? {} : { pidFile: pidFile.value }),
      ...(workers === undefined ? {} : { workers: workers.value }),
      ...(isDetached === undefined ? {} : { isDaemon: isDetached.value }),
      ...(read.warnings.length === 0 ? {} : { warnings: read.warnings }),
    },
  }
}
