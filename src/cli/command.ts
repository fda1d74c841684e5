// What all commands share: how commander is set up, and which exit code each ending has.

import { Command, CommanderError } from 'commander'
import type { Terminal } from './terminal.ts'

/** Exit codes of CONTRACT.md: fine; the thing asked about is wrong or failed; the call is wrong. */
export const exitCodes = { fine: 0, failed: 1, usage: 2 } as const

/**
 * A command as its module builds it; `parse` runs it on its arguments and answers the exit code.
 */
export interface CommandLine {
  parse(args: readonly string[]): Promise<number>
}

/** The call itself is wrong; the message says how. */
export class UsageError extends Error {}

export type Action = (command: Command) => Promise<number> | number

/** Wraps a commander command so that it never ends the process and prints to the terminal only. */
export function commandLine(command: Command, terminal: Terminal, action: Action): CommandLine {
  let exitCode: number = exitCodes.fine
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'postern: ')),
    })
    .showHelpAfterError(`See ${command.name()} --help.`)
    .action(async () => {
      exitCode = await action(command)
    })
  return {
    async parse(args) {
      try {
        await command.parseAsync([...args], { from: 'user' })
        return exitCode
      } catch (error) {
        return exitCodeOf(error, terminal, command)
      }
    },
  }
}

function exitCodeOf(error: unknown, terminal: Terminal, command: Command): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage
  }
  if (error instanceof UsageError) {
    terminal.err(`postern: ${error.message}\nSee ${command.name()} --help.\n`)
    return exitCodes.usage
  }
  throw error
}

/** A command as it is called (`postern check`), with its examples. */
export function newCommand(name: string, summary: string, examples: readonly string[]): Command {
  const shown = examples.map((example) => `  ${example}`).join('\n')
  return new Command(name).description(summary).addHelpText('after', `\nExamples:\n${shown}`)
}
