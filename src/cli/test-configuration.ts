// `-t` and `-T`: is this configuration right, and could a daemon start with it here?

import { readConfiguration } from '../daemon/configuration.ts'
import type { ConfigurationSource, LoadedConfiguration } from '../daemon/configuration.ts'
import { preflight } from '../daemon/preflight.ts'
import { exitCodes } from './command.ts'
import { isError, showDiagnostics } from './source.ts'
import type { Terminal } from './terminal.ts'

export interface TestWanted {
  /** Errors only. */
  readonly isQuiet: boolean
  /** Print every file that was read. */
  readonly isDump: boolean
}

/** Says what nginx says, on standard error; answers 0 or 1. */
export async function testConfiguration(
  source: ConfigurationSource,
  terminal: Terminal,
  wanted: TestWanted,
): Promise<number> {
  const { file, prefix } = source
  const say = (text: string): void => {
    if (!wanted.isQuiet) terminal.err(`postern: ${text}\n`)
  }
  const loaded = readConfiguration(source)
  if (isOnlyUnknownZones(loaded)) say(`the configuration file ${file} syntax is ok`)
  if (loaded.emerg !== undefined) terminal.err(`postern: [emerg] ${loaded.emerg}\n`)
  showDiagnostics(loaded, terminal, wanted.isQuiet ? isError : undefined)
  const { policy, settings, sources } = loaded
  if (policy === undefined || settings === undefined) {
    terminal.err(`postern: configuration file ${file} test failed\n`)
    return exitCodes.failed
  }
  say(`the configuration file ${file} syntax is ok`)
  const problems = await preflight(policy, settings, prefix)
  showDiagnostics({ diagnostics: problems, sources }, terminal)
  if (problems.some(isError)) {
    terminal.err(`postern: configuration file ${file} test failed\n`)
    return exitCodes.failed
  }
  say(`configuration file ${file} test is successful`)
  if (wanted.isDump) {
    for (const [name, text] of sources) terminal.out(`# configuration file ${name}:\n${text}\n`)
  }
  return exitCodes.fine
}

/** nginx looks for the zones of limits after the parse, so it has found the syntax right by then. */
function isOnlyUnknownZones({ diagnostics, emerg }: LoadedConfiguration): boolean {
  const errors = diagnostics.filter(isError)
  return emerg !== undefined && errors.every(({ code }) => code === 'nginx.zone_unknown')
}
