// `postern check`: everything that is wrong with a configuration, and what it means when it is
// right.

import type { Command } from 'commander'
import { readConfiguration } from '../daemon/configuration.ts'
import type { LoadedConfiguration } from '../daemon/configuration.ts'
import { dialectOf } from '../dialect/detect.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { commandLine, exitCodes, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { policyText } from './policy-text.ts'
import { addSourceFlags, showDiagnostics, sourceOf } from './source.ts'
import type { SourceFlags } from './source.ts'
import { json } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface CheckFlags extends SourceFlags {
  readonly json?: true
  readonly print?: true
}

const examples = [
  'postern check postern.conf           a summary, with all errors and warnings',
  'postern check postern.conf --json    the policy it means, every value with its place',
  'postern check postern.conf --print   the text itself in its canonical layout',
]

export function checkCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern check',
    'Check a configuration and show what it means. Touches nothing but the files it reads.',
    examples,
  )
  command.argument('[file]', 'configuration file, relative to the prefix')
  addSourceFlags(command)
    .option('--json', 'print the policy and the diagnostics as JSON')
    .option('--print', 'print every file read in canonical layout, without its comments')
  return commandLine(command, terminal, (parsed) => check(parsed, terminal))
}

function check(command: Command, terminal: Terminal): number {
  const flags = command.opts<CheckFlags>()
  if (flags.json === true && flags.print === true) {
    throw new UsageError('--json and --print exclude each other.')
  }
  const [file] = command.args
  if (file !== undefined && command.getOptionValueSource('c') === 'cli') {
    throw new UsageError('The file is given twice: as FILE and with -c.')
  }
  const found = sourceOf({ ...flags, ...(file === undefined ? {} : { c: file }) }, terminal)
  if ('problem' in found) throw new UsageError(found.problem)
  const loaded = readConfiguration(found.source)
  const exitCode = loaded.policy === undefined ? exitCodes.failed : exitCodes.fine
  if (flags.json === true) {
    const { policy, diagnostics } = loaded
    terminal.out(json({ ...(policy === undefined ? {} : { policy }), diagnostics }))
    return exitCode
  }
  showDiagnostics(loaded, terminal)
  if (loaded.policy === undefined) return exitCode
  if (flags.print === true) terminal.out(printedSources(loaded, dialectOf(loaded.policy.dialect)))
  else terminal.out(policyText(loaded.policy, terminal))
  return exitCode
}

/** Each file on its own: an include stays the statement it is. */
function printedSources(loaded: LoadedConfiguration, dialect: Dialect): string {
  const texts = [...loaded.sources].map(([file, text]) => {
    const printed = dialect.print({ file, text })
    return loaded.sources.size === 1 ? printed : `# ${file}\n${printed}`
  })
  return texts.join('\n')
}
