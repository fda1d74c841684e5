// One question that is asked again and again: the last answer, how old it is, and what went wrong.

export interface Feed<T> {
  /** Where it is asked, with what it is asked for. */
  readonly path: string
  readonly value?: T
  /** When `value` came. */
  readonly asOfMs?: number
  /** Why there is nothing newer. */
  readonly problem?: string
}

export function answered<T>(feed: Feed<T>, value: T, asOfMs: number): Feed<T> {
  return { path: feed.path, value, asOfMs }
}

export function failed<T>(feed: Feed<T>, problem: string): Feed<T> {
  return { ...feed, problem }
}
