// What stands in `Cluster`: the store behind the limits that count over all nodes. And what a limit
// says about counting there.

import type { Sourced, Span } from '../../base/diagnostic.ts'
import {
  blockMax,
  clusterNameHint,
  databaseMax,
  isClusterName,
  isVariableName,
  leaseMaxMs,
  leaseMinMs,
  parseShare,
  whenAwayModes,
} from '../../policy/cluster.ts'
import type {
  ClusterCount,
  ClusterOptions,
  NodeShare,
  SecretPlace,
  StoreAddress,
  WhenAway,
} from '../../policy/cluster.ts'
import { parseStoreUrl } from '../../policy/store-url.ts'
import { integer, seconds } from './numbers.ts'
import { quoted } from './report.ts'
import type { Report } from './report.ts'
import { foldName, valueSpan } from './syntax.ts'
import type { OptionStatement, Word } from './syntax.ts'
import {
  choice,
  didYouMean,
  plainText,
  readWord,
  scalarType,
  wrongForm,
  yesOrNo,
} from './values.ts'
import type { ValueType, WordResult } from './values.ts'

type Parts = Omit<ClusterOptions, 'span'>

/** A Cluster while it is being read. `undefined` under a name: written, and wrong. */
export type ClusterDraft = { -readonly [K in keyof Parts]?: Parts[K] | undefined }

/** One or several addresses, and the database that stands behind one of them. */
export interface ServersValue {
  readonly servers: readonly StoreAddress[]
  readonly database?: Sourced<number>
}

export const clusterServers: ValueType<ServersValue> = {
  title: 'the address of a store, or a list of addresses',
  example: '( "redis://127.0.0.1:6379" )',
  read(statement, report) {
    if (statement.kind === 'dictionary') return wrongForm(statement, this.title, report)
    const words = statement.kind === 'scalar' ? [statement.value] : statement.items
    let database: Sourced<number> | undefined
    const read = words.map((word) => {
      const found = readWord(statement, word, { parse: parseServer, report })
      if (found?.database === undefined) return found?.address
      if (database !== undefined && database.value !== found.database) {
        reportTwice(statement, word.span, report)
      }
      database = { value: found.database, span: word.span }
      return found.address
    })
    const servers = read.filter((server) => server !== undefined)
    if (words.length === 0) {
      const message = `${statement.name.text} names no store`
      const hint = 'name one, as in ( "redis://127.0.0.1:6379" )'
      report.error({ code: 'momentum.bad_value', message, span: valueSpan(statement), hint })
    }
    if (words.length === 0 || servers.length !== words.length) return undefined
    return { servers, ...(database === undefined ? {} : { database }) }
  },
}

function reportTwice({ name }: OptionStatement, span: Span, report: Report): void {
  const message = `${name.text} names two databases, and one store has the counts`
  const hint = 'leave one of them out'
  report.error({ code: 'momentum.bad_value', message, span, hint })
}

type Server = { readonly address: StoreAddress; readonly database?: number }

/** A text that holds a secret is not said again: what is read here may end up in a log. */
function parseServer(text: string): WordResult<Server> {
  const plain = plainText(text)
  if (!('value' in plain)) {
    const problem = 'takes an address that is not empty and has no control characters'
    return { code: 'momentum.bad_value', problem }
  }
  const result = parseStoreUrl(text)
  if ('address' in result) return { value: result }
  if (result.kind === 'secret') {
    const problem = 'may not hold a user or a password'
    const hint = 'write User = "name", and Password_File = "path" or Password_Env = "VARIABLE"'
    return { code: 'momentum.secret_in_text', problem, hint }
  }
  const { problem, hint } = result
  return { code: 'momentum.bad_address', problem: `${quoted(text)} ${problem}`, hint }
}

export const clusterName: ValueType<string> = scalarType({
  title: 'a name',
  example: '"gate-1"',
  parse(text): WordResult<string> {
    if (isClusterName(text)) return { value: text }
    const problem = `cannot be ${quoted(text)}`
    return { code: 'momentum.bad_value', problem, hint: clusterNameHint }
  },
})

/** In bare seconds. */
export const clusterLease: ValueType<number> = {
  title: seconds.title,
  example: '5',
  read(statement, report) {
    const read = seconds.read(statement, report)
    if (read === undefined) return undefined
    const { ms = 0 } = read
    if (ms >= leaseMinMs && ms <= leaseMaxMs) return ms
    report.error({
      code: 'momentum.out_of_range',
      message: `${statement.name.text} is ${leaseMinMs / 1000} to ${leaseMaxMs / 1000} seconds`,
      span: valueSpan(statement),
      hint:
        ms < leaseMinMs
          ? 'with less, one lost packet would stop a node from admitting'
          : 'the slots of a node that died come back when its lease ends',
    })
    return undefined
  },
}

export const whenAway: ValueType<WhenAway> = choice(whenAwayModes)

export const clusterShare: ValueType<NodeShare> = scalarType({
  title: 'a part of each cap',
  example: '"1/3"',
  parse(text): WordResult<NodeShare> {
    const value = parseShare(text)
    if (value !== undefined) return { value }
    const problem = `takes a part of each cap, not ${quoted(text)}`
    return { code: 'momentum.bad_value', problem, hint: 'write it as in "1/3"' }
  },
})

export const clusterDatabase: ValueType<number> = integer(0, databaseMax)
export const clusterBlock: ValueType<number> = integer(1, blockMax)

export const passwordFile: ValueType<SecretPlace> = scalarType<SecretPlace>({
  title: 'a path',
  example: '"store.password"',
  parse(text): WordResult<SecretPlace> {
    const plain = plainText(text)
    return 'value' in plain ? { value: { kind: 'file', path: plain.value } } : plain
  },
})

export const passwordVariable: ValueType<SecretPlace> = scalarType<SecretPlace>({
  title: 'the name of an environment variable',
  example: '"STORE_PASSWORD"',
  parse(text): WordResult<SecretPlace> {
    if (isVariableName(text)) return { value: { kind: 'environment', name: text } }
    const problem = 'takes the name of an environment variable'
    return { code: 'momentum.bad_value', problem, hint: 'letters, digits and "_", without "$"' }
  },
})

/** `true`, `false`, or what differs from the Cluster's own: `[ When_Away = refuse Block = 50 ]`. */
export const sessionsCluster: ValueType<ClusterCount> = {
  title: 'true, false, or a dictionary of When_Away and Block',
  example: 'true',
  read(statement, report) {
    if (statement.kind === 'array') return wrongForm(statement, this.title, report)
    if (statement.kind === 'scalar') {
      const isCounted = readWord(statement, statement.value, { parse: yesOrNo, report })
      return isCounted === undefined ? undefined : { isCounted }
    }
    let count: ClusterCount | undefined = { isCounted: true }
    for (const { key, value } of statement.entries) {
      const part = readCountPart(statement, { key, value }, report)
      count = part === undefined || count === undefined ? undefined : { ...count, ...part }
    }
    return count
  },
}

function readCountPart(
  statement: OptionStatement,
  { key, value }: { readonly key: Word; readonly value: Word },
  report: Report,
): Pick<ClusterCount, 'whenAway' | 'block'> | undefined {
  const part: OptionStatement = { kind: 'scalar', name: key, value }
  switch (foldName(key.text)) {
    case 'when_away': {
      const read = whenAway.read(part, report)
      return read === undefined ? undefined : { whenAway: read }
    }
    case 'block': {
      const read = clusterBlock.read(part, report)
      return read === undefined ? undefined : { block: read }
    }
    default: {
      const hint = didYouMean(key.text, ['When_Away', 'Block']) ?? 'it has When_Away and Block'
      const message = `${statement.name.text} has no ${quoted(key.text)}`
      report.error({ code: 'momentum.bad_value', message, span: key.span, hint })
      return undefined
    }
  }
}
