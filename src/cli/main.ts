#!/usr/bin/env node
// The program: joins the command line to this process and ends with its exit code.

import { basename, relative } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runCommandLine } from './command-line.ts'
import type { Terminal } from './terminal.ts'

// V8 doubles its young generation while thousands of sessions open, and keeps it: 22 MB, half of what
// idle sessions cost. At its first size it collects a little more often, which does not show.
setFlagsFromString('--semi-space-growth-factor=1')

const { stdout, stderr, env, argv } = process

/** Colours only for eyes: never into a pipe or a file (NO_COLOR, no-color.org). */
function isColor(stream: NodeJS.WriteStream): boolean {
  const noColor = env['NO_COLOR']
  return stream.isTTY && (noColor === undefined || noColor === '') && env['TERM'] !== 'dumb'
}

/** Called by its installed name, or by its path? What we print must work when it is copied. */
function invocation(): string {
  const script = argv[1] ?? 'postern'
  if (basename(script) === 'postern') return 'postern'
  const near = relative(process.cwd(), script)
  return `node ${near.startsWith('..') ? script : near}`
}

const terminal: Terminal = {
  out: (text) => stdout.write(text),
  err: (text) => stderr.write(text),
  env,
  cwd: process.cwd(),
  invocation: invocation(),
  isColorOut: isColor(stdout),
  isColorErr: isColor(stderr),
  isTerminalErr: stderr.isTTY,
}

// A reader that has seen enough (`| head`) is no failure of ours, and a closed standard error must
// not take a daemon down.
stdout.on('error', () => process.exit(0))
stderr.on('error', () => {})

// Standard output and error are written synchronously on the systems we support (files, pipes and
// terminals on Linux), so nothing is lost by leaving at once.
process.exit(await runCommandLine(argv.slice(2), terminal))
