// Reads the operating system's errors and says them in nginx's words: `111: Connection refused`.

import { getSystemErrorMap } from 'node:util'

/** `ECONNREFUSED` and the like; undefined when the error is not the operating system's. */
export function errnoName(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Number and text of a system error; any other error by its message. */
export function errnoText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const errno = 'errno' in error ? error.errno : undefined
  if (typeof errno !== 'number') return error.message
  const text = getSystemErrorMap().get(errno)?.[1] ?? 'unknown error'
  return `${-errno}: ${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

/** True when the process or the machine has no file descriptor left. */
export function isOutOfDescriptors(error: unknown): boolean {
  const name = errnoName(error)
  return name === 'EMFILE' || name === 'ENFILE'
}
