// `--node`: which gates a command asks, and how their answers are printed together.

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { PosternError } from '../../base/errors.ts'
import { errnoText } from '../../gateway/errno.ts'
import { exitCodes, UsageError } from '../command.ts'
import { readUsable } from '../source.ts'
import type { SourceFlags } from '../source.ts'
import { json, paint } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { adminNode } from './admin-node.ts'
import { localNode } from './node.ts'
import type { Node } from './node.ts'
import { parseNodeAddress } from './node-address.ts'

export interface NodeFlags extends SourceFlags {
  readonly node?: readonly string[]
  readonly tokenFile?: string
  readonly ca?: string
}

/** What a command found at a node. */
export interface NodeAnswer {
  readonly data: unknown
  readonly text: string
  readonly exitCode?: number
}

/** More nodes than a person reads one below the other. */
const nodesMax = 100

export function addNodeFlags(command: Command): Command {
  return command
    .option(
      '--node <address>',
      'ask the admin API there, as in https://gate2.example:8025, in place of the daemon here; several times for several nodes',
      (address: string, before: readonly string[] | undefined) => [...(before ?? []), address],
    )
    .option('--token-file <file>', 'with --node: the token of its admin API')
    .option('--ca <file>', 'with --node: certificates to trust in place of the system’s')
}

/** The nodes that the flags name; undefined: the configuration is wrong, which has been said. */
export function nodesOf(flags: NodeFlags, terminal: Terminal): readonly Node[] | undefined {
  const { node: addresses, tokenFile, ca } = flags
  if (addresses === undefined) {
    const stray = tokenFile === undefined ? ca && '--ca' : '--token-file'
    if (stray !== undefined) throw new UsageError(`${stray} is about another node: say --node, too`)
    const usable = readUsable(flags, terminal)
    return usable === undefined ? undefined : [localNode(usable.settings.controlSocket)]
  }
  if (addresses.length > nodesMax) throw new UsageError(`--node is given ${nodesMax} times at most`)
  const token = tokenFile === undefined ? {} : { token: tokenIn(tokenFile) }
  const trusted = ca === undefined ? {} : { ca: contentOf('--ca', ca) }
  return addresses.map((name) =>
    adminNode({ name, address: parseNodeAddress(name), ...token, ...trusted }),
  )
}

function tokenIn(file: string): string {
  const token = contentOf('--token-file', file).toString().trim()
  if (/^[\x21-\x7e]{1,1024}$/.test(token)) return token
  throw new UsageError(`--token-file: "${file}" does not hold a token of printable characters`)
}

function contentOf(flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UsageError(`${flag}: "${file}" cannot be read (${errnoText(error)})`)
  }
}

/**
 * Asks each node and prints what it says; one that does not answer does not keep the others from
 * it. The exit code is that of the worst.
 */
export async function askNodes(
  flags: NodeFlags & { readonly json?: true },
  terminal: Terminal,
  ask: (node: Node) => Promise<NodeAnswer>,
): Promise<number> {
  const nodes = nodesOf(flags, terminal)
  if (nodes === undefined) return exitCodes.failed
  const isOne = nodes.length === 1
  let exitCode: number = exitCodes.fine
  const all: unknown[] = []
  for (const node of nodes) {
    try {
      const { data, text, exitCode: own = exitCodes.fine } = await ask(node)
      exitCode = Math.max(exitCode, own)
      if (flags.json === true) all.push(isOne ? data : { node: node.name, answer: data })
      else terminal.out(isOne ? text : `${paint(terminal.isColorOut, 'bold', node.name)}\n${text}`)
    } catch (error) {
      if (!PosternError.is(error)) throw error
      terminal.err(
        `postern: ${error.message}${node.controlSocket === undefined ? '' : '; is the daemon running?'}\n`,
      )
      if (flags.json === true && !isOne) all.push({ node: node.name, problem: error.message })
      exitCode = exitCodes.failed
    }
  }
  if (flags.json === true && all.length > 0) terminal.out(json(isOne ? all[0] : all))
  return exitCode
}
