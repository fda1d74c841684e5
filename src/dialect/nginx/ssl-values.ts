// The readers of the ssl module's own arguments: the commands of ssl_conf_command.

import { parseTlsFlags, tlsFlagNames } from '../../policy/tls-flags.ts'
import type { Problem, ValueResult, ValueType } from './directive-spec.ts'
import type { Directive } from './syntax.ts'
import { didYouMean } from './values.ts'

/** OpenSSL's commands (SSL_CONF_cmd) that Postern has an option for. */
export const confCommands = [
  'Ciphersuites',
  'CipherString',
  'Curves',
  'DHParameters',
  'Groups',
  'MaxProtocol',
  'MinProtocol',
  'Options',
  'Protocol',
  'SignatureAlgorithms',
] as const

export type ConfCommand = (typeof confCommands)[number]

/** The command with this name, in any case, as OpenSSL takes it. */
export function confCommandOf(name: string): ConfCommand | undefined {
  return confCommands.find((known) => known.toLowerCase() === name.toLowerCase())
}

const versionWords = ['None', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3', 'ALL']

/** `command value`, as SSL_CONF_cmd takes them. */
export const confCommand: ValueType = {
  syntax: 'command value',
  example: 'Options PrioritizeChaCha',
  read(directive): ValueResult {
    const [name, value] = directive.args
    const command = confCommandOf(name?.text ?? '')
    const problem = command === undefined ? unknownCommand(directive) : misread(command, directive)
    if (problem !== undefined) return { problem }
    return { value: { kind: 'texts', texts: [command ?? '', value?.text ?? ''] } }
  },
}

function unknownCommand({ args }: Directive): Problem {
  const [word] = args
  const name = word?.text ?? ''
  return {
    code: 'nginx.bad_value',
    message: `"ssl_conf_command ${name}" cannot be passed on to the TLS library of Node.js`,
    word,
    hint: didYouMean(name, confCommands) ?? `the commands are ${confCommands.join(', ')}`,
  }
}

function misread(command: ConfCommand, { args }: Directive): Problem | undefined {
  const word = args[1]
  const text = word?.text ?? ''
  const bad = (what: string, words: readonly string[], close = text): Problem => ({
    code: 'nginx.bad_value',
    message: `"ssl_conf_command ${command}" ${what}`,
    word,
    hint: didYouMean(close, words) ?? `it knows ${words.join(', ')}`,
  })
  switch (command) {
    case 'Options': {
      const result = parseTlsFlags(text)
      return 'problem' in result ? bad(result.problem, tlsFlagNames, result.word) : undefined
    }
    case 'MinProtocol':
    case 'MaxProtocol':
    case 'Protocol': {
      const parts = command === 'Protocol' ? text.split(',') : [text]
      const names = parts.map((part) => part.trim().replace(/^[+-]/, ''))
      const wrong = names.find((part) => versionOf(part) === undefined)
      return wrong === undefined
        ? undefined
        : bad(`knows no protocol "${wrong}"`, versionWords, wrong)
    }
    default:
      return text === '' ? bad('takes a value', ['one that is not empty']) : undefined
  }
}

/** OpenSSL's word for a version, in its own spelling. */
export function versionOf(text: string): string | undefined {
  const word = text.toLowerCase() === 'tlsv1.0' ? 'tlsv1' : text.toLowerCase()
  return versionWords.find((known) => known.toLowerCase() === word)
}
