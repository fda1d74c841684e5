// Base64 as mail clients send it, with freenginx's leniency and no more.

// Anything may stand behind the padding, and the padding may be missing.
const pattern = /^([A-Za-z0-9+/]*)(?:=|$)/

/**
 * The decoded bytes, or undefined when it is no base64. Reading ends at the first `=`, as in
 * freenginx; Node's own decoder would skip foreign characters, so that `*` (cancel) passed.
 */
export function decodeBase64(text: Buffer): Buffer | undefined {
  const digits = pattern.exec(text.toString('latin1'))?.[1]
  // One digit of a group of four has six bits, which are no byte.
  if (digits === undefined || digits.length % 4 === 1) return undefined
  return Buffer.from(digits, 'base64')
}
