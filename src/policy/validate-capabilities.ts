// Checks of a policy about what clients that log in are told the server can do.

import type { Diagnostic } from '../base/diagnostic.ts'
import type { PolicyCode } from './codes.ts'
import { findOption } from './fallback.ts'
import type { Scope } from './policy.ts'

const code: PolicyCode = 'policy.capability_not_kept'

/** Both bring BDAT, whose bytes a gate that reads commands would take for commands. */
const notKept: ReadonlySet<string> = new Set(['CHUNKING', 'BINARYMIME'])

/** A client may send BDAT and its bytes in one flight with RCPT, before there is a relay. */
export function checkCapabilities(scopes: readonly Scope[]): Diagnostic[] {
  const found =
    findOption(scopes, 'smtpCapabilities')?.sourced ?? findOption(scopes, 'smtpExtensions')?.sourced
  const words = (found?.value ?? []).filter((word) => notKept.has(nameOf(word)))
  if (found === undefined || words.length === 0) return []
  return [
    {
      severity: 'warning',
      code,
      message: `${words.join(' and ')} cannot be kept before a session is relayed: BDAT is not read there, and mail may be lost`,
      span: found.span,
      hint: `leave ${words.length === 1 ? 'it' : 'them'} out: clients then send DATA`,
    },
  ]
}

function nameOf(capability: string): string {
  return capability.split(' ')[0]?.toUpperCase() ?? ''
}
