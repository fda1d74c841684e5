// The protocols of nginx's mail module, and which one a port means.

import type { ValueResult, ValueType } from './directive-spec.ts'
import { didYouMean } from './values.ts'

/** nginx's three, and Momentum's own. */
export const protocols = ['imap', 'pop3', 'smtp', 'ecstream'] as const
export type MailProtocol = (typeof protocols)[number]

/** nginx looks at the port when a server does not say its protocol. */
const protocolOfPort: ReadonlyMap<number, MailProtocol> = new Map([
  [143, 'imap'],
  [993, 'imap'],
  [110, 'pop3'],
  [995, 'pop3'],
  [25, 'smtp'],
  [465, 'smtp'],
  [587, 'smtp'],
])

/** What a port means, or undefined for a port that means nothing by itself. */
export function guessProtocol(port: number): MailProtocol | undefined {
  return protocolOfPort.get(port)
}

/** Unlike other words, nginx compares these with their case. */
export const mailProtocol: ValueType = {
  syntax: protocols.join(' | '),
  example: 'imap',
  read(directive): ValueResult {
    const [word] = directive.args
    const choice = protocols.find((known) => known === word?.text)
    if (choice !== undefined) return { value: { kind: 'choice', choice } }
    const written = word?.text ?? ''
    const message = `unknown protocol "${written}"`
    const hint = didYouMean(written, protocols)
    return { problem: { code: 'nginx.bad_value', message, word, hint } }
  },
}
