// `postern demo`: the example configuration at work, and what to try with it.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { PosternError } from '../base/errors.ts'
import { noGlobals } from '../daemon/settings.ts'
import { commandLine, exitCodes, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { demoConfiguration } from './demo-configuration.ts'
import { startDemoServer } from './demo-server.ts'
import { demoText } from './demo-text.ts'
import { Maildir } from './maildir.ts'
import { isError, showDiagnostics } from './source.ts'
import type { Terminal } from './terminal.ts'

interface DemoFlags {
  readonly port: string
  readonly submissionPort: string
  readonly maildir: string
}

const otherPorts = 'postern demo --port 3525 --submission-port 3587'
const examples = ['postern demo', otherPorts]

export function demoCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern demo',
    "Start the example of Momentum's Service_Sessions page in front of a small mail server.",
    examples,
  )
    .option('--port <port>', 'port for SMTP on 127.0.0.1', '2525')
    .option('--submission-port <port>', 'port for submission on 127.0.0.1', '2587')
    .option('--maildir <directory>', 'where messages are kept', 'Maildir')
  return commandLine(command, terminal, (parsed) => demo(parsed, terminal))
}

async function demo(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<DemoFlags>()
  const smtpPort = portOf('--port', flags.port)
  const submissionPort = portOf('--submission-port', flags.submissionPort)
  // Short: a Unix socket's path has at most 107 bytes.
  const directory = await mkdtemp(join(tmpdir(), 'postern-demo-'))
  try {
    return await serve({ directory, smtpPort, submissionPort, maildir: flags.maildir }, terminal)
  } catch (error) {
    if (!PosternError.is(error)) throw error
    terminal.err(`postern: ${error.message}\n`)
    return exitCodes.failed
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

interface DemoPlan {
  readonly directory: string
  readonly smtpPort: number
  readonly submissionPort: number
  readonly maildir: string
}

async function serve(plan: DemoPlan, terminal: Terminal): Promise<number> {
  const { directory, smtpPort, submissionPort } = plan
  const maildir = await Maildir.create(resolve(terminal.cwd, plan.maildir))
  const shownMaildir = relative(terminal.cwd, maildir.path)
  const server = await startDemoServer(maildir, (name) => {
    terminal.out(`delivered ${join(shownMaildir, 'new', name)}\n`)
  })
  try {
    const file = join(directory, 'postern.conf')
    const socketPath = join(directory, 'smtp.sock')
    const places = { smtpPort, submissionPort, socketPath, upstreamPort: server.port }
    await writeFile(file, demoConfiguration(await readExample(), places))
    const source = { file, prefix: directory, searchPath: [directory], globals: noGlobals }
    const { runDaemon } = await import('../daemon/run.ts')
    const exitCode = await runDaemon({
      given: [],
      source,
      // The example is right: a note about it would only stand between a newcomer and what to try.
      showDiagnostics: (loaded) => showDiagnostics(loaded, terminal, isError),
      writeError: (text) => terminal.err(text),
      onReady: () =>
        terminal.out(demoText({ ...places, directory, file, maildir: shownMaildir }, terminal)),
    })
    if (exitCode !== exitCodes.fine) {
      terminal.err(`postern: if the ports are busy: ${otherPorts}\n`)
    }
    return exitCode
  } finally {
    await server.close()
  }
}

/** The example stands beside the program, in the sources and in the package. */
function readExample(): Promise<string> {
  return readFile(new URL('../../examples/momentum/seed.conf', import.meta.url), 'utf8')
}

function portOf(flag: string, written: string): number {
  const port = Number(written)
  if (!/^[0-9]{1,5}$/.test(written) || port < 1 || port > 65_535) {
    throw new UsageError(`${flag} takes a port from 1 to 65535, not "${written}"`)
  }
  return port
}
