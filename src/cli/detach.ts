// `daemon on;`: starts the daemon as a process of its own and leaves once it is ready.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { readConfiguration } from '../daemon/configuration.ts'
import type { ConfigurationSource } from '../daemon/configuration.ts'
import type { GivenDescriptor } from '../gateway/handed-sockets.ts'
import { readPidFile } from '../daemon/pid-file.ts'
import { exitCodes } from './command.ts'
import { showDiagnostics } from './source.ts'
import type { Terminal } from './terminal.ts'

/** Tells the child that it is the one that stays. */
const childMark = 'POSTERN_DETACHED'

/** Far below what a person notices, far above what it costs. */
const pollMs = 20
/** Binding thousands of sockets and reading certificates takes seconds at most. */
const readyWaitMs = 60_000

/** True in the process that `runDetached` started. */
export function isDetachedChild(terminal: Terminal): boolean {
  return terminal.env[childMark] === '1'
}

/** Starts this same call detached; answers 0 when the pid file names the new process. */
export async function runDetached(
  source: ConfigurationSource,
  terminal: Terminal,
  given: readonly GivenDescriptor[],
): Promise<number> {
  const loaded = readConfiguration(source)
  if (loaded.settings === undefined) {
    showDiagnostics(loaded, terminal)
    return exitCodes.failed
  }
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    cwd: terminal.cwd,
    detached: true,
    env: { ...terminal.env, [childMark]: '1' },
    // What the child says before it is ready is passed on; afterwards it has its log.
    stdio: ['ignore', 'ignore', 'pipe', ...given.map(({ fd }) => fd)],
  })
  child.stderr?.on('data', (chunk: Buffer) => terminal.err(chunk.toString()))
  return becomeReady(child, loaded.settings.pidFile, terminal)
}

async function becomeReady(
  child: ChildProcess,
  pidFile: string,
  terminal: Terminal,
): Promise<number> {
  let failure: number | undefined
  child.on('error', (error) => {
    terminal.err(`postern: [emerg] ${error.message}\n`)
    failure = exitCodes.failed
  })
  // `close`, not `exit`: by then everything the child had to say has been passed on.
  child.on('close', (code) => {
    failure = code === null || code === 0 ? exitCodes.failed : code
  })
  for (let waitedMs = 0; waitedMs < readyWaitMs; waitedMs += pollMs) {
    if (failure !== undefined) return failure
    const found = readPidFile(pidFile)
    if (found.kind === 'pid' && found.pid === child.pid) return exitCodes.fine
    await wait(pollMs)
  }
  child.kill('SIGKILL')
  terminal.err('postern: [emerg] the daemon did not become ready in time\n')
  return exitCodes.failed
}
