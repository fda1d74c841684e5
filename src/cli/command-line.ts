// Finds what is asked for: flags first is the daemon, a word first is a command.

import { suggest } from '../base/suggest.ts'
import type { CommandLine } from './command.ts'
import { exitCodes } from './command.ts'
import type { Keyboard } from './keyboard.ts'
import { columns } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface Entry {
  readonly summary: string
  /** Commands are loaded when they are called: the daemon never loads the demo. */
  readonly load: (terminal: Terminal) => Promise<CommandLine>
}

const commands: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  [
    'run',
    {
      summary: 'run the daemon (the same as no command)',
      load: async (terminal) =>
        (await import('./daemon-command.ts')).daemonCommand('postern run', terminal),
    },
  ],
  [
    'demo',
    {
      summary: 'try it: an example configuration in front of a small mail server',
      load: async (terminal) => (await import('./demo-command.ts')).demoCommand(terminal),
    },
  ],
  [
    'check',
    {
      summary: 'check a configuration and show what it means',
      load: async (terminal) => (await import('./check-command.ts')).checkCommand(terminal),
    },
  ],
  [
    'explain',
    {
      summary: 'say which limits a session would meet, and why',
      load: async (terminal) => (await import('./explain-command.ts')).explainCommand(terminal),
    },
  ],
  [
    'convert',
    {
      summary: 'print a configuration in the language of nginx or Momentum',
      load: async (terminal) => (await import('./convert-command.ts')).convertCommand(terminal),
    },
  ],
  [
    'users',
    {
      summary: 'make, change and check a file of users',
      load: async (terminal) => {
        const { usersCommand } = await import('./users-command.ts')
        const { consolePasswords } = await import('./password-prompt.ts')
        return usersCommand(terminal, consolePasswords(process.stdin, process.stderr))
      },
    },
  ],
  [
    'record',
    {
      summary: 'write what happens at the running daemon to a trace',
      load: async (terminal) => (await import('./record-command.ts')).recordCommand(terminal),
    },
  ],
  [
    'replay',
    {
      summary: 'try another configuration on a trace',
      load: async (terminal) => (await import('./replay-command.ts')).replayCommand(terminal),
    },
  ],
  [
    'sessions',
    {
      summary: 'list the sessions of the running daemon',
      load: async (terminal) => (await import('./sessions-command.ts')).sessionsCommand(terminal),
    },
  ],
  [
    'refusals',
    {
      summary: 'list who was turned away, and by which limit',
      load: async (terminal) => (await import('./refusals-command.ts')).refusalsCommand(terminal),
    },
  ],
  [
    'kick',
    {
      summary: 'end sessions of the running daemon: a user, a network, or one',
      load: async (terminal) => {
        const { kickCommand } = await import('./kick-command.ts')
        return kickCommand(terminal, await keyboard())
      },
    },
  ],
  [
    'top',
    {
      summary: 'watch limits, keys, sessions and refusals as they change',
      load: async (terminal) => {
        const { processScreen, topCommand } = await import('./top-command.ts')
        return topCommand(terminal, await keyboard(), processScreen(process.stdout))
      },
    },
  ],
  [
    'status',
    {
      summary: 'show counts and budgets of the running daemon',
      load: async (terminal) => (await import('./status-command.ts')).statusCommand(terminal),
    },
  ],
])

/** This process's own, where a command asks. */
async function keyboard(): Promise<Keyboard> {
  const { consoleKeyboard } = await import('./keyboard.ts')
  return consoleKeyboard(process.stdin, process.stderr)
}

/** Runs one call of the program and answers its exit code. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = args
  if (first === undefined || first.startsWith('-')) {
    const { daemonCommand } = await import('./daemon-command.ts')
    const daemon = daemonCommand('postern', terminal, commandList())
    return daemon.parse(args)
  }
  if (first === 'help') return help(rest, terminal)
  const entry = commands.get(first)
  if (entry === undefined) return unknownCommand(first, terminal)
  const command = await entry.load(terminal)
  return command.parse(rest)
}

async function help(args: readonly string[], terminal: Terminal): Promise<number> {
  const name = args.find((arg) => !arg.startsWith('-'))
  if (name !== undefined && name !== 'help') return runCommandLine([name, '--help'], terminal)
  terminal.out(
    'Postern stands in front of mail servers, counts their sessions, and refuses what does not fit.\n\n' +
      'Usage: postern [flags]             run the daemon; see postern -h\n' +
      '       postern COMMAND [options]   see postern COMMAND --help\n\n' +
      commandList(),
  )
  return exitCodes.fine
}

function commandList(): string {
  const rows = [...commands].map(([name, { summary }]) => [`  ${name}`, summary])
  rows.push(['  help', 'this list, or the help of one command'])
  return `Commands:\n${columns(rows)}`
}

function unknownCommand(name: string, terminal: Terminal): number {
  const close = suggest(name, [...commands.keys(), 'help'])
  const hint = close === undefined ? 'postern help lists them.' : `Did you mean "${close}"?`
  terminal.err(`postern: unknown command "${name}". ${hint}\n`)
  return exitCodes.usage
}
