// Resolver and the options beside it: who is asked what SMTP clients are called.

import { parseNameServer } from '../../policy/name-server.ts'
import type { NameServer } from '../../policy/name-server.ts'
import { seconds } from './numbers.ts'
import { works } from './option-spec.ts'
import type { OptionSpec } from './option-spec.ts'
import { quoted } from './report.ts'
import { flag, plainText, readWord, wrongForm } from './values.ts'
import type { ValueType, WordResult } from './values.ts'

/** One name server, or several; `none` cancels those of an outer scope. */
const nameServers: ValueType<readonly NameServer[]> = {
  title: 'a list of name servers or none',
  example: '( "127.0.0.1:53" )',
  read(statement, report) {
    if (statement.kind === 'dictionary') return wrongForm(statement, this.title, report)
    const words = statement.kind === 'scalar' ? [statement.value] : statement.items
    const isNone = statement.kind === 'scalar' && statement.value.text.toLowerCase() === 'none'
    if (isNone || words.length === 0) return []
    const read = words.map((word) => readWord(statement, word, { parse, report }))
    const servers = read.filter((server) => server !== undefined)
    return servers.length === words.length ? servers : undefined
  },
}

function parse(text: string): WordResult<NameServer> {
  const plain = plainText(text)
  if (!('value' in plain)) return plain
  const server = parseNameServer(text)
  if (typeof server === 'object') return { value: server }
  const problem = `cannot be read as a name server: ${quoted(text)}`
  const hint =
    server === 'no port'
      ? 'the port is 1 to 65535'
      : 'write an address or a host name, and a port if it is not 53'
  return { code: 'momentum.bad_address', problem, hint }
}

const place = { scopes: 'G E L W WG P', services: ['smtp'] } as const

export const resolverOptions: readonly OptionSpec[] = [
  works('Resolver', { key: 'resolver', type: nameServers, ...place }),
  works('Resolver_Valid', { key: 'resolverValid', type: seconds, ...place }),
  works('Resolver_Timeout', { key: 'resolverTimeout', type: seconds, ...place }),
  works('Resolver_IPv4', { key: 'resolverIpv4', type: flag, ...place }),
  works('Resolver_IPv6', { key: 'resolverIpv6', type: flag, ...place }),
]
