// Checks of a policy about how fast clients are sent to.

import type { Diagnostic } from '../base/diagnostic.ts'
import { chainOf } from './chain.ts'
import type { PolicyCode } from './codes.ts'
import { findOption } from './fallback.ts'
import type { OptionWord } from './option-word.ts'
import type { Listen, Listener, Policy, Scope } from './policy.ts'

const code: PolicyCode = 'policy.rate_after_alone'

/** Bytes that go before a rate holds say nothing without a rate. */
export function checkRates(
  policy: Policy,
  listener: Listener,
  listen: Listen,
  word: OptionWord,
): Diagnostic[] {
  const outside = chainOf(policy, listen.id, undefined)?.scopes ?? []
  const peers: readonly Scope[] = [...listen.peers, ...listener.peers]
  const everywhere = [...peers, ...outside]
  if (everywhere.some((scope) => scope.options.limitRate?.value.bytesPerSecond !== undefined)) {
    return []
  }
  const after = findOption(everywhere, 'limitRateAfter')
  if (after === undefined || after.sourced.value === 0) return []
  const { scope, sourced } = after
  return [
    {
      severity: 'warning',
      code,
      message: `${scope.label} lets ${sourced.value} bytes through before a rate that nothing sets`,
      span: sourced.span,
      hint: `set the rate with ${word('limitRate')}, or leave ${word('limitRateAfter')} out`,
    },
  ]
}
