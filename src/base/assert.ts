// Programmer errors. Bad input never comes here: it becomes a Diagnostic or a Verdict.

/**
 * Throws when an invariant of our own code does not hold. On a busy path the message is a constant:
 * one put together would be put together each time.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`postern: assertion failed: ${message}`)
}

/** Ends an exhaustive switch: compiles only when no case is left over. */
export function unreachable(value: never): never {
  throw new Error(`postern: unreachable: ${String(value)}`)
}
