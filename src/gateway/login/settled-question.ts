// A question that needs nobody: its outcome is known, and comes as late as the contract wants.

import type { LoginOutcome, LoginQuestion } from './authenticator.ts'

export function settledQuestion(
  action: string,
  outcome: LoginOutcome,
  onOutcome: (outcome: LoginOutcome) => void,
): LoginQuestion {
  const timer = setImmediate(onOutcome, outcome)
  return { action, onTimeout: () => {}, abandon: () => clearImmediate(timer) }
}
