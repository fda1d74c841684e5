// What the commands share that ask the running daemon.

import { PosternError } from '../base/errors.ts'
import { exitCodes } from './command.ts'
import { readUsable } from './source.ts'
import type { SourceFlags } from './source.ts'
import type { Terminal } from './terminal.ts'

/**
 * Finds the control socket of a configuration and asks; a daemon that is not there is exit code 1.
 */
export async function withDaemon(
  flags: SourceFlags,
  terminal: Terminal,
  ask: (controlSocket: string) => Promise<void>,
): Promise<number> {
  const usable = readUsable(flags, terminal)
  if (usable === undefined) return exitCodes.failed
  try {
    await ask(usable.settings.controlSocket)
    return exitCodes.fine
  } catch (error) {
    if (!PosternError.is(error)) throw error
    terminal.err(`postern: ${error.message}; is the daemon running?\n`)
    return exitCodes.failed
  }
}
