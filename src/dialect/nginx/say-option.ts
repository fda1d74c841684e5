// Says options in nginx's language: as directives of a block.

import type { ClusterCount } from '../../policy/cluster.ts'
import type { OptionName, Options } from '../../policy/options.ts'
import type { ServiceName } from '../../policy/policy.ts'
import type { NotSaid, TextNode } from '../written.ts'
import type { Context } from './directive-spec.ts'
import { specOf } from './directive-table.ts'
import { printWord } from './print.ts'
import { countWords } from './write-cluster.ts'
import { directiveName, nginxWords, timeText, writtenOptions } from './write-options.ts'

/** A block that is being written. */
export interface BlockWriter {
  readonly context: Context
  readonly service: ServiceName
  /** For what cannot be said. */
  readonly label: string
  readonly notSaid: NotSaid[]
}

/** All options of a block that are no parameters of `listen`, in the order of the table. */
export function optionNodes(options: Options, block: BlockWriter): TextNode[] {
  return writtenOptions.flatMap((option) => {
    if (isOfCap(option) || (options.resolver !== undefined && isOfResolver(option))) return []
    const nodes = optionNode(option, options, block)
    const parameters = parametersOf(option, options)
    return nodes.map(({ head }) => ({ head: `${head}${parameters}` }))
  })
}

/** A flag without its cap is about nothing: what holds for each cap stands beside it. */
function isOfCap(option: OptionName): boolean {
  return option === 'serviceSessionsCluster' || option === 'listenerSessionsCluster'
}

function parametersOf(option: OptionName, options: Options): string {
  switch (option) {
    case 'resolver':
      return resolverParameters(options)
    case 'serviceSessions':
      return countText(options.serviceSessionsCluster?.value)
    case 'listenerSessions':
      return countText(options.listenerSessionsCluster?.value)
    default:
      return ''
  }
}

function countText(count: ClusterCount | undefined): string {
  return countWords(count)
    .map((word) => ` ${word}`)
    .join('')
}

function isOfResolver(option: OptionName): boolean {
  return option === 'resolverValid' || option === 'resolverIpv4' || option === 'resolverIpv6'
}

/** Three options of the policy are parameters here. */
function resolverParameters({
  resolver,
  resolverValid,
  resolverIpv4,
  resolverIpv6,
}: Options): string {
  if (resolver?.value.length === 0) return ''
  const ms = resolverValid?.value.ms
  return [
    ...(ms === undefined ? [] : [` valid=${timeText(ms)}`]),
    ...(resolverIpv4?.value === false ? [' ipv4=off'] : []),
    ...(resolverIpv6?.value === false ? [' ipv6=off'] : []),
  ].join('')
}

function optionNode(option: OptionName, options: Options, block: BlockWriter): TextNode[] {
  const sourced = options[option]
  if (sourced === undefined) return []
  // The entry of an option says values of that option; the compiler cannot follow it that far.
  const words = nginxWords[option] as {
    readonly say?: (value: unknown) => readonly (readonly string[])[] | undefined
  }
  const name = directiveName(option, sourced.value, block.service)
  const isHere = specOf(name)?.contexts.includes(block.context) ?? false
  const said = isHere ? words.say?.(sourced.value) : undefined
  if (said !== undefined)
    return said.map((args) => ({ head: [name, ...args].map((word) => printWord(word)).join(' ') }))
  const lost = isHere
    ? `${name} cannot say this value`
    : `${name} is not for ${inWords[block.context]}`
  block.notSaid.push({ reason: `${option} of ${block.label}: ${lost}`, span: sourced.span })
  return []
}

const inWords: { readonly [K in Context]: string } = {
  main: 'the main block',
  events: 'events',
  mail: 'mail',
  server: 'a server',
  peer: 'a peer',
}
