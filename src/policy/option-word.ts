// How a check of a policy names an option: in the language that the policy was written in.

import type { OptionName } from './options.ts'

/** The name of an option; some languages have one for each kind of value. */
export type OptionWord = (option: OptionName, value?: unknown) => string

/** The ways to log in, for a hint. */
export function loginWords(word: OptionWord): string {
  const [http, users, upstream] = (['http', 'users', 'upstream'] as const).map((kind) =>
    word('authenticator', { kind }),
  )
  return `${http}, ${users} or ${upstream}`
}
