// The daemon's own flags, those of nginx: run, test, signal, version.

import type { Command } from 'commander'
import { descriptorsOf, forgetActivation } from '../daemon/activation.ts'
import { readConfiguration } from '../daemon/configuration.ts'
import { forgetManager, managerOf } from '../daemon/service-manager.ts'
import type { ConfigurationSource } from '../daemon/configuration.ts'
import { signalOf } from '../daemon/signals.ts'
import type { SignalAction } from '../daemon/signals.ts'
import { readVersion } from '../daemon/version.ts'
import { commandLine, exitCodes, newCommand } from './command.ts'
import type { CommandLine } from './command.ts'
import { isDetachedChild, runDetached } from './detach.ts'
import { sendSignal } from './send-signal.ts'
import { addSourceFlags, isError, showDiagnostics, sourceOf } from './source.ts'
import type { SourceFlags } from './source.ts'
import type { Terminal } from './terminal.ts'
import { testConfiguration } from './test-configuration.ts'

interface DaemonFlags extends SourceFlags {
  readonly t?: true
  readonly T?: true
  readonly q?: true
  readonly s?: string
  readonly version?: true
  readonly V?: true
  readonly '?'?: true
}

const examples = [
  'postern -c /etc/postern/postern.conf      run in the foreground',
  'postern -t -c postern.conf                test the configuration',
  'postern -s reload                         have the running daemon read it again',
]

/** The bare program, and `postern run`. `epilogue` follows the examples in its help. */
export function daemonCommand(name: string, terminal: Terminal, epilogue = ''): CommandLine {
  const command = newCommand(
    name,
    'Run the daemon, test its configuration, or signal it.',
    examples,
  )
  addSourceFlags(command)
    .option('-e <file>', 'error log until the configuration names one; "stderr" is special')
    .option('-g <directives>', 'global directives: pid, error_log, worker_processes, daemon')
    .option('-t', 'test the configuration and exit')
    .option('-T', 'test the configuration, print it and exit')
    .option('-q', 'print errors only during -t')
    .option('-s <signal>', 'signal the running daemon: stop, quit, reload, reopen')
    .option('-v, --version', 'print the version and exit')
    .option('-V', 'print the version and what it is built with, and exit')
    .helpOption('-h, --help', 'print this help and exit')
    .option('-?', 'print this help and exit')
  if (epilogue !== '') command.addHelpText('after', `\n${epilogue.trimEnd()}`)
  return commandLine(command, terminal, (parsed) => dispatch(parsed, terminal))
}

async function dispatch(command: Command, terminal: Terminal): Promise<number> {
  const flags = command.opts<DaemonFlags>()
  if (flags['?'] === true) {
    command.outputHelp()
    return exitCodes.fine
  }
  if (flags.V === true || flags.version === true) {
    printVersion(terminal, flags.V === true)
    return exitCodes.fine
  }
  const action = signalAction(flags.s)
  if (action === 'unknown') {
    terminal.err(`postern: invalid option: "-s ${flags.s}"\n`)
    terminal.err('The signals are stop, quit, reload and reopen.\n')
    return exitCodes.usage
  }
  const found = sourceOf(flags, terminal)
  if ('problem' in found) {
    terminal.err(`postern: [emerg] ${found.problem}\n`)
    return exitCodes.failed
  }
  if (flags.t === true || flags.T === true) {
    const wanted = { isQuiet: flags.q === true, isDump: flags.T === true }
    return testConfiguration(found.source, terminal, wanted)
  }
  if (action !== undefined) return sendSignal(found.source, action, terminal)
  return run(found.source, terminal)
}

async function run(source: ConfigurationSource, terminal: Terminal): Promise<number> {
  const isChild = isDetachedChild(terminal)
  const pids = isChild ? [process.pid, process.ppid] : [process.pid]
  const given = descriptorsOf(terminal.env, pids)
  const manager = managerOf(terminal.env, pids)
  if (!isChild && readConfiguration(source).settings?.isDaemon === true) {
    return runDetached(source, terminal, given)
  }
  // What we start may not take for its own what was meant for us.
  forgetActivation(process.env)
  forgetManager(process.env)
  // Testing, signalling and the version need no gateway.
  const { runDaemon } = await import('../daemon/run.ts')
  return runDaemon({
    source,
    given,
    ...(manager === undefined ? {} : { manager }),
    // Warnings of a good configuration go to the log, which is where the daemon speaks.
    showDiagnostics: (loaded) =>
      showDiagnostics(loaded, terminal, loaded.policy === undefined ? undefined : isError),
    writeError: (text) => terminal.err(text),
  })
}

function signalAction(written: string | undefined): SignalAction | 'unknown' | undefined {
  if (written === undefined) return undefined
  const actions = Object.keys(signalOf) as SignalAction[] // keys of a record of SignalAction
  return actions.find((action) => action === written) ?? 'unknown'
}

function printVersion(terminal: Terminal, isLong: boolean): void {
  terminal.err(`postern version: postern/${readVersion()}\n`)
  if (!isLong) return
  terminal.err(
    `running on Node.js ${process.versions.node}, V8 ${process.versions.v8}, libuv ${process.versions.uv}\n` +
      `built with OpenSSL ${process.versions.openssl}\nTLS SNI support enabled\n` +
      `platform: ${process.platform} ${process.arch}\n` +
      'configuration dialects: momentum, nginx\n',
  )
}
