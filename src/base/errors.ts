// The base of every error Postern throws: a stable code, a cause and fields for the log.

const brand = 'postern.error'

export interface PosternErrorOptions {
  readonly cause?: unknown
  readonly fields?: Readonly<Record<string, string | number | boolean>>
}

/**
 * An error with a stable `code` (docs/errors.md). Two loaded copies of Postern recognise each
 * other's.
 */
export class PosternError extends Error {
  readonly code: string
  readonly fields: Readonly<Record<string, string | number | boolean>>
  /** Recognised across two loaded copies of Postern, where `instanceof` is not. */
  readonly 'postern.error' = true

  constructor(code: string, message: string, options: PosternErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'PosternError'
    this.code = code
    this.fields = options.fields ?? {}
  }

  static is(value: unknown): value is PosternError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
