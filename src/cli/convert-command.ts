// `postern convert`: a configuration in the other language.

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { loadConfiguration } from '../dialect/detect.ts'
import { fileReader } from '../dialect/file-reader.ts'
import { errnoText } from '../gateway/errno.ts'
import { commandLine, exitCodes, newCommand, UsageError } from './command.ts'
import type { CommandLine } from './command.ts'
import { convertPolicy, notSaidText } from './convert.ts'
import { addSourceFlags, showDiagnostics, sourceOf } from './source.ts'
import type { SourceFlags } from './source.ts'
import { json } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface ConvertFlags extends SourceFlags {
  readonly to: 'nginx' | 'momentum'
  readonly o?: string
  readonly partial?: true
  readonly json?: true
}

const examples = [
  'postern convert --to nginx postern.conf               print it in the language of nginx',
  'postern convert --to momentum nginx.conf -o new.conf  write it into a file',
  'postern convert --to nginx postern.conf --partial     also when something cannot be said',
  '',
  'Included files become one text. What the other language has no words for is listed on standard',
  'error, and then nothing is printed and the exit code is 1, unless --partial is given: then the',
  'list stands above the text, too, and the exit code is 0.',
]

export function convertCommand(terminal: Terminal): CommandLine {
  const command = newCommand(
    'postern convert',
    'Print a configuration in the other language. Reads the result back and tells what differs.',
    examples,
  )
  command
    .argument('[file]', 'configuration file, relative to the prefix')
    .addOption(
      new Option('--to <language>', 'the language to print')
        .choices(['nginx', 'momentum'])
        .makeOptionMandatory(),
    )
  addSourceFlags(command)
    .option('-o <file>', 'write into this file instead of standard output')
    .option('--partial', 'print what can be said, and leave out the rest')
    .option('--json', 'print {text, notSaid} as JSON')
  return commandLine(command, terminal, (parsed) => convert(parsed, terminal))
}

function convert(command: Command, terminal: Terminal): number {
  const flags = command.opts<ConvertFlags>()
  const [file] = command.args
  if (file !== undefined && command.getOptionValueSource('c') === 'cli') {
    throw new UsageError('The file is given twice: as FILE and with -c.')
  }
  const found = sourceOf({ ...flags, ...(file === undefined ? {} : { c: file }) }, terminal)
  if ('problem' in found) throw new UsageError(found.problem)
  const target = flags.o === undefined ? undefined : resolve(terminal.cwd, flags.o)
  // What the machine has, as users files and certificates, is not asked: only what is written.
  const { file: main, searchPath } = found.source
  const loaded = loadConfiguration({ file: main, searchPath, reader: fileReader })
  if (target !== undefined && loaded.sources.has(target)) {
    throw new UsageError(`${flags.o} is what is converted; write into another file.`)
  }
  // Warnings, too: what this program does not act on is not in the policy, so not in the text.
  showDiagnostics(loaded, terminal, ({ severity }) => severity !== 'note')
  if (loaded.policy === undefined) return exitCodes.failed
  const { policy } = loaded
  const { prefix } = found.source
  const source = file ?? flags.c ?? found.source.file
  const { text, notSaid } = convertPolicy({ policy, to: flags.to, prefix, source })
  const isComplete = notSaid.length === 0 || flags.partial === true
  const exitCode = isComplete ? exitCodes.fine : exitCodes.failed
  for (const missing of notSaid) terminal.err(`postern: not said: ${notSaidText(missing)}\n`)
  const output = flags.json === true ? json({ text, notSaid }) : text
  if (!isComplete && flags.json !== true) {
    terminal.err('postern: nothing was printed; --partial prints the rest.\n')
    return exitCode
  }
  if (target === undefined) terminal.out(output)
  else return writeInto(target, output, terminal) ? exitCode : exitCodes.failed
  return exitCode
}

function writeInto(target: string, text: string, terminal: Terminal): boolean {
  try {
    // It may name secrets, as headers for the auth server; who may read it is the umask's business.
    writeFileSync(target, text)
    return true
  } catch (error) {
    terminal.err(`postern: open() "${target}" failed (${errnoText(error)})\n`)
    return false
  }
}
