// Speaks XCLIENT with the upstream before the client is greeted (Upstream_XCLIENT).

import type { XclientMode } from '../../policy/options.ts'
import type { Answer, Awaited } from './dialogue.ts'
import { KeptGreeting } from './reply-route.ts'
import { type ClientIdentity, xclientCommand } from './xclient.ts'

/**
 * What comes next: a command of our own; the greeting that was `kept`, or the one that just
 * `passed`, is the client's; or the session `failed`, the client having read the upstream's words
 * or nothing.
 */
export type HandshakeStep =
  | { readonly kind: 'send'; readonly command: Buffer; readonly awaited: Awaited }
  | { readonly kind: 'passed' | 'kept' | 'failed' | 'failed_aloud' }

export interface HandshakeOptions {
  readonly mode: Exclude<XclientMode, 'no' | 'always'>
  readonly client: ClientIdentity
  readonly ehloName: string
}

/** Greeting, EHLO, XCLIENT, second greeting. The first greeting is kept in case it is needed. */
export class XclientHandshake {
  readonly kept: KeptGreeting = new KeptGreeting()
  readonly #options: HandshakeOptions

  constructor(options: HandshakeOptions) {
    this.#options = options
  }

  get isRequired(): boolean {
    return this.#options.mode === 'required'
  }

  next(answer: Answer): HandshakeStep {
    const { awaited, code } = answer
    if (awaited === 'greeting') return this.#afterGreeting(code)
    if (awaited === 'xclient' && code === 220) return { kind: 'passed' }
    const command = awaited === 'probe' ? this.#command(answer) : undefined
    if (command !== undefined) return { kind: 'send', command, awaited: 'xclient' }
    // A 421 says that the upstream is leaving: to greet the client now would be a lie.
    return { kind: this.isRequired || code === 421 ? 'failed' : 'kept' }
  }

  /** A refusal in the place of the greeting went to the client as it is. */
  #afterGreeting(code: number): HandshakeStep {
    if (code !== 220) return { kind: this.isRequired ? 'failed_aloud' : 'passed' }
    const command = Buffer.from(`EHLO ${this.#options.ehloName}\r\n`)
    return { kind: 'send', command, awaited: 'probe' }
  }

  #command({ code, offer }: Answer): Buffer | undefined {
    const attributes = code === 250 ? offer?.xclientAttributes : undefined
    return attributes === undefined ? undefined : xclientCommand(attributes, this.#options.client)
  }
}
