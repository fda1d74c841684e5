// Covers what could be a password in a piece of a configuration, wherever one is shown or logged.

/**
 * Between the scheme of an address and its last `@`, and behind `password =`. The text keeps its
 * length, so that a caret below it stands where it should. Rather too much is covered than too
 * little.
 *
 * @example
 * coverSecrets('cluster redis://:secret@10.0.0.5;') // 'cluster redis:*********@10.0.0.5;'
 */
export function coverSecrets(text: string): string {
  return text
    .replace(/((?:redis|valkey)s?:|:\/\/)(.*)(?=@)/i, cover)
    .replace(/((?:password|pass)\s*=\s*|\bauth=)(.*)/i, cover)
}

function cover(_found: string, before: string, secret: string): string {
  return before + '*'.repeat(secret.length)
}
