// From `-c`, `-p`, `-e` and `-g` to the configuration a command speaks about.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Diagnostic } from '../base/diagnostic.ts'
import { renderDiagnostic } from '../base/render-diagnostic.ts'
import { readConfiguration } from '../daemon/configuration.ts'
import type { ConfigurationSource, LoadedConfiguration } from '../daemon/configuration.ts'
import { noGlobals } from '../daemon/settings.ts'
import type { DaemonSettings } from '../daemon/settings.ts'
import type { Policy } from '../policy/policy.ts'
import { parseGlobalDirectives } from './global-directives.ts'
import type { Terminal } from './terminal.ts'

const defaultConfiguration = 'postern.conf'

/** The values of the flags, as commander keeps them. */
export interface SourceFlags {
  readonly c?: string
  readonly p?: string
  readonly e?: string
  readonly g?: string
}

/** Adds the flags that say which configuration is meant. */
export function addSourceFlags(command: Command): Command {
  return command
    .option('-c <file>', 'configuration file, relative to the prefix', defaultConfiguration)
    .option('-p <prefix>', 'prefix directory (default: the working directory)')
}

/** The source that the flags name, or what is wrong with `-g`. */
export function sourceOf(
  flags: SourceFlags,
  terminal: Terminal,
): { readonly source: ConfigurationSource } | { readonly problem: string } {
  const parsed = flags.g === undefined ? { globals: noGlobals } : parseGlobalDirectives(flags.g)
  if ('problem' in parsed) return parsed
  const prefix = resolve(terminal.cwd, flags.p ?? '.')
  return {
    source: {
      prefix,
      file: resolve(prefix, flags.c ?? defaultConfiguration),
      searchPath: searchPathOf(terminal, prefix),
      globals: parsed.globals,
      ...(flags.e === undefined ? {} : { earlyLog: flags.e }),
    },
  }
}

/** A configuration without errors. */
export interface Usable {
  readonly policy: Policy
  readonly settings: DaemonSettings
  readonly loaded: LoadedConfiguration
}

/** Reads the configuration of a command; when it is wrong, says so and answers undefined. */
export function readUsable(flags: SourceFlags, terminal: Terminal): Usable | undefined {
  const found = sourceOf(flags, terminal)
  if ('problem' in found) {
    terminal.err(`postern: [emerg] ${found.problem}\n`)
    return undefined
  }
  const loaded = readConfiguration(found.source)
  const { policy, settings } = loaded
  if (policy !== undefined && settings !== undefined) return { policy, settings, loaded }
  showDiagnostics(loaded, terminal, isError)
  return undefined
}

/** Prints diagnostics with their carets to standard error. */
export function showDiagnostics(
  loaded: LoadedConfiguration,
  terminal: Terminal,
  isWanted: (diagnostic: Diagnostic) => boolean = () => true,
): void {
  for (const diagnostic of loaded.diagnostics.filter(isWanted)) {
    const text = renderDiagnostic(diagnostic, loaded.sources, { color: terminal.isColorErr })
    terminal.err(`${text.trimEnd()}\n`)
  }
}

export function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error'
}

/** momentum EC_CONF_SEARCH_PATH; without it, relative includes are looked for in the prefix. */
function searchPathOf(terminal: Terminal, prefix: string): readonly string[] {
  const written = terminal.env['EC_CONF_SEARCH_PATH']
  if (written === undefined || written === '') return [prefix]
  return written.split(':').filter((directory) => directory !== '')
}
