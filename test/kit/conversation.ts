// Holds a conversation with a dialogue before login, as a client that writes and reads text.

import type {
  AuthOutcome,
  ClientDialogue,
  DialogueActions,
  DialogueEvent,
  DialogueOptions,
} from '../../src/protocol/dialogue/dialogue.ts'
import { ManualClock } from './manual-clock.ts'

/** What every protocol's dialogue can be made with; a test changes what it is about. */
export function dialogueOptions(changes: Partial<DialogueOptions> = {}): DialogueOptions {
  return {
    serverName: 'mx.test',
    capabilities: [],
    methods: ['plain', 'login'],
    starttls: 'off',
    isTls: false,
    errorsMax: 5,
    commandsMax: 1_000,
    bufferBytes: 4_096,
    clock: new ManualClock(),
    randomBytes: (sizeBytes) => Buffer.alloc(sizeBytes, 1),
    ...changes,
  }
}

/** The salt of `dialogueOptions`: eight bytes of 1 as a number, ManualClock's second. */
export const testSalt = '<72340172838076673.1700000000@mx.test>'

type Credentials = Extract<DialogueEvent, { readonly kind: 'credentials' }>

export class Conversation {
  readonly dialogue: ClientDialogue
  readonly greeting: string
  readonly logs: string[] = []
  /** Of the last thing said. */
  last: DialogueActions = {}

  constructor(dialogue: ClientDialogue) {
    this.dialogue = dialogue
    this.greeting = this.take(dialogue.start())
  }

  /** Sends text, byte for byte, and answers what came back. */
  say(text: string): string {
    return this.take(this.dialogue.fromClient(Buffer.from(text, 'latin1')))
  }

  answer(outcome: AuthOutcome): string {
    return this.take(this.dialogue.authenticated(outcome))
  }

  refuse(text: string): string {
    return this.answer({ kind: 'refused', text, keepsSession: true })
  }

  tlsStarted(): string {
    return this.take(this.dialogue.tlsStarted())
  }

  get isClosed(): boolean {
    return this.last.close !== undefined
  }

  /** The credentials just shown. */
  get shown(): Credentials | undefined {
    const { event } = this.last
    return event?.kind === 'credentials' ? event : undefined
  }

  /** The credentials just shown, as readable text. */
  get login(): Readonly<Record<string, string>> | undefined {
    const { shown } = this
    if (shown === undefined) return undefined
    return Object.fromEntries(
      Object.entries(shown.credentials).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : value.toString('latin1'),
      ]),
    )
  }

  take(actions: DialogueActions): string {
    this.last = actions
    this.logs.push(...(actions.logs ?? []).map((log) => log.text))
    return Buffer.concat(actions.toClient ?? []).toString('latin1')
  }
}

/** Base64 of a text, as SASL has it on a line. */
export function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64')
}
