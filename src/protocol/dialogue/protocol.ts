// What IMAP, POP3 and SMTP each bring to a dialogue; everything they share is the machine's.

import type { Credentials } from '../sasl/credentials.ts'
import type { SessionSalt } from '../sasl/salt.ts'
import type { AuthOutcome, DialogueDetails } from './dialogue.ts'
import type { DialogueService } from './last-words.ts'

/** What one command of the client comes to. Texts are whole replies, line ends included. */
export type ProtocolStep =
  | { readonly kind: 'reply'; readonly text: string; readonly log?: string }
  /** Cannot be read: counts to `max_errors`. */
  | {
      readonly kind: 'malformed'
      /** Data follow unasked that would be taken for commands. */
      readonly announcesLiteral?: boolean
    }
  /** Can be read, and is not valid here: does not count as an error. */
  | { readonly kind: 'invalid' }
  /** The command goes on behind so many bytes (IMAP). */
  | {
      readonly kind: 'literal'
      readonly sizeBytes: number
      /** Undefined: the client does not wait for it. */
      readonly invitation?: string
    }
  /** AUTH or AUTHENTICATE, and what stands behind it. */
  | { readonly kind: 'exchange'; readonly words: readonly Buffer[] }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'starttls'; readonly text: string }
  | { readonly kind: 'quit'; readonly text: string }

export type Refused = Extract<AuthOutcome, { readonly kind: 'refused' }>

export interface Protocol {
  readonly service: DialogueService
  /** How many words a line of a SASL exchange may have; all but the first are not looked at. */
  readonly responseWordsMax: number
  /** Stands before a challenge. */
  readonly challengePrefix: string
  greeting(salt: SessionSalt): string
  read(command: Buffer): ProtocolStep
  /** The command was cut short; answers its verb if that is a known one, for the log. */
  readStart(start: Buffer): string | undefined
  /** The reply to a command that is not valid: to the last one read. */
  invalid(): string
  refused(refusal: Refused): string
  limited(): string
  /** For the credentials of the command last read. */
  details(): DialogueDetails
  /** A login failed or was broken off: no part of it may be used again. */
  forgetLogin(): void
  tlsStarted(): void
}
