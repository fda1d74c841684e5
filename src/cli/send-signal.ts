// `-s`: finds the daemon through its pid file and signals it.

import { constants } from 'node:os'
import { readConfiguration } from '../daemon/configuration.ts'
import type { ConfigurationSource } from '../daemon/configuration.ts'
import { readPidFile } from '../daemon/pid-file.ts'
import { signalOf } from '../daemon/signals.ts'
import type { SignalAction } from '../daemon/signals.ts'
import { errnoText } from '../gateway/errno.ts'
import { exitCodes } from './command.ts'
import { isError, showDiagnostics } from './source.ts'
import type { Terminal } from './terminal.ts'

/** Signals the daemon of a configuration; says in nginx's words what is in the way. */
export function sendSignal(
  source: ConfigurationSource,
  action: SignalAction,
  terminal: Terminal,
): number {
  const loaded = readConfiguration(source)
  if (loaded.settings === undefined) {
    showDiagnostics(loaded, terminal, isError)
    return exitCodes.failed
  }
  const { pidFile } = loaded.settings
  const found = readPidFile(pidFile)
  if (found.kind !== 'pid') {
    terminal.err(`postern: [error] ${pidFileProblem(found, pidFile)}\n`)
    return exitCodes.failed
  }
  try {
    process.kill(found.pid, signalOf[action])
    return exitCodes.fine
  } catch (error) {
    const call = `kill(${found.pid}, ${constants.signals[signalOf[action]]})`
    terminal.err(`postern: [alert] ${call} failed (${errnoText(error)})\n`)
    return exitCodes.failed
  }
}

function pidFileProblem(
  found: Exclude<ReturnType<typeof readPidFile>, { kind: 'pid' }>,
  path: string,
): string {
  switch (found.kind) {
    case 'absent':
      return `open() "${path}" failed (2: No such file or directory)`
    case 'unreadable':
      return `open() "${path}" failed (${found.problem})`
    case 'invalid':
      return `invalid PID number "${found.text}" in "${path}"`
  }
}
