// Starts the built program as a child process, keeps what it says, and sees to its end.

import { spawn } from 'node:child_process'
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { HandedListen } from './handed.ts'
import { within } from './until.ts'

/** The program as users run it; POSTERN_MAIN names another build, such as an installed package. */
export const mainFile =
  process.env['POSTERN_MAIN'] ??
  fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

export interface ExitStatus {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProgramOptions {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** Another script, in place of the program. */
  readonly script?: string
  /** Run before the program by a shell, as in `ulimit -n 64`. */
  readonly shellPrelude?: string
  /** Listening sockets that it inherits, as systemd hands them over. */
  readonly handed?: readonly HandedListen[]
}

function isPiped(child: ChildProcess): child is ChildProcessByStdio<null, Readable, Readable> {
  return child.stdout !== null && child.stderr !== null
}

/** A running `postern`. */
export class Program {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<ExitStatus>
  stdout = ''
  stderr = ''
  exit: ExitStatus | undefined

  constructor(args: readonly string[], options: ProgramOptions) {
    const { handed = [] } = options
    const command = [process.execPath, options.script ?? mainFile, ...args]
    // The number of the process is known to the shell that becomes it.
    const prelude = handed.length === 0 ? options.shellPrelude : 'export LISTEN_PID=$$'
    const [file = '', ...rest] =
      prelude === undefined ? command : ['/bin/sh', '-c', `${prelude}; exec "$@"`, 'sh', ...command]
    const names = handed.map(({ name }) => name).join(':')
    const child = spawn(file, rest, {
      cwd: options.cwd,
      env: {
        ...process.env,
        ...(handed.length === 0 ? {} : { LISTEN_FDS: `${handed.length}`, LISTEN_FDNAMES: names }),
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe', ...handed.map(({ fd }) => fd)],
    })
    // So many places for descriptors that the compiler does not know which of them are pipes.
    if (!isPiped(child)) throw new Error('no pipes')
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        this.exit = { code, signal }
        resolve(this.exit)
      })
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the program did not start')
    return this.#child.pid
  }

  /** Signals this process, never another one: only while it is known to run. */
  signal(name: NodeJS.Signals): void {
    if (this.exit === undefined) this.#child.kill(name)
  }

  /** Signals it and resolves with how it ended. */
  async stop(name: NodeJS.Signals): Promise<ExitStatus> {
    this.signal(name)
    return this.ended()
  }

  /** Resolves with how it ended. */
  async ended(): Promise<ExitStatus> {
    return within(() => `end of process ${this.pid}; stderr: ${this.stderr}`, this.#ended)
  }
}

export interface Output {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program to its end. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions,
): Promise<Output> {
  const program = new Program(args, options)
  try {
    const { code } = await program.ended()
    return { code, stdout: program.stdout, stderr: program.stderr }
  } finally {
    program.signal('SIGKILL')
  }
}
