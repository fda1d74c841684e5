// Reads the configuration the way the daemon, `-t`, `-s` and the commands all need it: the policy,
// the daemon's own settings, and every diagnostic about either.

import type { Diagnostic } from '../base/diagnostic.ts'
import { dialectOf, loadConfiguration } from '../dialect/detect.ts'
import { fileReader } from '../dialect/file-reader.ts'
import type { Policy } from '../policy/policy.ts'
import { readUsers } from '../gateway/users.ts'
import { checkServable } from '../policy/validate.ts'
import { diagnoseStore } from './cluster-source.ts'
import { readAdminFiles } from './admin/admin-files.ts'
import { openFilesLimit } from './open-files.ts'
import { diagnoseSettings, settingsOf } from './settings.ts'
import { diagnoseWorkers } from './workers/diagnose.ts'
import type { DaemonSettings, Launch } from './settings.ts'

/** Which configuration, and how the daemon is started with it. */
export interface ConfigurationSource extends Launch {
  /** Absolute. */
  readonly file: string
  /** Directories searched for relative includes. */
  readonly searchPath: readonly string[]
  /** Use this text instead of reading `file`. */
  readonly text?: string
}

/** `policy` and `settings` are present when no diagnostic is an error. */
export interface LoadedConfiguration {
  readonly policy?: Policy
  readonly settings?: DaemonSettings
  readonly diagnostics: readonly Diagnostic[]
  /** What nginx prints after `[emerg]`, for a text in its language. */
  readonly emerg?: string
  /** Every file read, in order. */
  readonly sources: ReadonlyMap<string, string>
}

/** Never throws: whatever is wrong is a diagnostic. */
export function readConfiguration(source: ConfigurationSource): LoadedConfiguration {
  const missing = diagnoseMissing(source)
  if (missing !== undefined) return { diagnostics: [missing], sources: new Map() }
  const { file, searchPath, text } = source
  const loaded = loadConfiguration({
    file,
    searchPath,
    reader: fileReader,
    ...(text === undefined ? {} : { text }),
  })
  const { policy, sources, emerg } = loaded
  if (policy === undefined) {
    const said = emerg === undefined ? {} : { emerg }
    return { diagnostics: loaded.diagnostics, sources, ...said }
  }
  const settings = settingsOf(policy, source)
  const diagnostics = [
    ...loaded.diagnostics,
    ...checkServable(policy, dialectOf(policy.dialect).word),
    ...readUsers(policy, source.prefix).diagnostics,
    ...diagnoseStore(policy, { prefix: source.prefix, environment: process.env }),
    ...diagnoseSettings(policy.daemon, source, openFilesLimit()),
    ...diagnoseWorkers(policy, settings.workers),
    ...readAdminFiles(settings.admin, policy.daemon).diagnostics,
  ]
  if (diagnostics.some((diagnostic) => diagnostic.severity === 'error')) {
    return { diagnostics, sources }
  }
  return { policy, settings, diagnostics, sources }
}

/** The first thing that goes wrong for a newcomer deserves more than an error number. */
function diagnoseMissing(source: ConfigurationSource): Diagnostic | undefined {
  if (source.text !== undefined || fileReader.kindOf(source.file) !== undefined) return undefined
  return {
    severity: 'error',
    code: 'daemon.no_configuration',
    message: `open() "${source.file}" failed (2: No such file or directory)`,
    hint: '`postern -c FILE` names a configuration; `postern demo` shows one at work',
  }
}
