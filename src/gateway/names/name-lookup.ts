// The name of one address: its PTR record, and whether that name points back to it.

import { parseAddress } from '../../base/address.ts'
import type { Address } from '../../base/address.ts'
import { isHostName, reverseName } from '../../base/host-name.ts'
import type { LogLevelName } from '../../base/log.ts'
import type { ClientName } from '../../protocol/smtp/client-name.ts'
import { Inquiry } from './inquiry.ts'
import type { InquiryOptions, Question, Reply } from './inquiry.ts'

// The TTL of a PTR record is not to be had from Node; five minutes bound how old a name may be.
const keepMsMax = 300_000
// DNS says how long "no such name" holds, Node does not. Half a minute spares a server the client
// that comes ten times a second, and lets a corrected record be seen soon.
const noneKeepMs = 30_000
/** As long as a failed lookup is not tried again: the next clients shall not all wait in vain. */
export const failedKeepMs = 5000

/** What is known of a client's name, and for how long. */
export interface FoundName {
  readonly name: ClientName
  /** For the log of each session that asked, with its `while`. */
  readonly problem?: string
  readonly level?: LogLevelName
  readonly keepMs: number
}

export const inAddress = 'in resolving client address'
const inHostname = 'in resolving client hostname'

export interface LookupOptions {
  readonly address: Address
  readonly isIpv4Asked: boolean
  readonly isIpv6Asked: boolean
  /** Set: how long a name is kept, whatever its TTL. */
  readonly validMs?: number | undefined
  /** Called for each question: the servers take turns. */
  readonly order: () => InquiryOptions
  readonly onFound: (found: FoundName) => void
}

export class NameLookup {
  readonly #options: LookupOptions
  readonly #inquiries: Inquiry[] = []
  readonly #replies: Reply[] = []
  #name = ''
  /** What it is doing, as a log says it. */
  action: string = inAddress

  constructor(options: LookupOptions) {
    this.#options = options
    const name = reverseName(options.address)
    this.#ask({ name, type: 'PTR' }, (reply) => this.#onPointer(reply))
  }

  abandon(): void {
    for (const inquiry of this.#inquiries) inquiry.abandon()
  }

  /** The first record is the name, as in nginx: a client with a hundred of them gets one lookup. */
  #onPointer(reply: Reply): void {
    const { text } = this.#options.address
    if (reply.kind === 'failed') {
      this.#fail(text, reply.text)
      return
    }
    const name = reply.kind === 'records' ? reply.values[0] : undefined
    if (name === undefined) {
      this.#none(`${text} could not be resolved (3: Host not found)`, 'error')
      return
    }
    // Never said aloud: it may hold anything (CVE-2026-28753).
    if (!isHostName(name)) {
      this.#none(`${text} resolved to an invalid host name`, 'error')
      return
    }
    this.#name = name
    this.action = inHostname
    const { isIpv4Asked, isIpv6Asked } = this.#options
    if (isIpv4Asked) this.#ask({ name, type: 'A' }, (one) => this.#onAddresses(one))
    if (isIpv6Asked) this.#ask({ name, type: 'AAAA' }, (one) => this.#onAddresses(one))
  }

  #onAddresses(reply: Reply): void {
    this.#replies.push(reply)
    const { address, isIpv4Asked, isIpv6Asked } = this.#options
    if (reply.kind === 'records' && reply.values.some((value) => isSame(value, address))) {
      this.abandon()
      this.#found(reply.ttlSeconds ?? 0)
      return
    }
    if (this.#replies.length < Number(isIpv4Asked) + Number(isIpv6Asked)) return
    const failed = this.#replies.find(({ kind }) => kind === 'failed')
    if (failed?.kind === 'failed') this.#fail(`"${this.#name}"`, failed.text)
    else if (this.#replies.every(({ kind }) => kind === 'none')) {
      this.#none(`"${this.#name}" could not be resolved (3: Host not found)`, 'error')
    } else this.#none(`"${this.#name}" does not point to ${address.text}`, 'info')
  }

  #ask(question: Question, onReply: (reply: Reply) => void): void {
    this.#inquiries.push(new Inquiry(question, this.#options.order(), onReply))
  }

  #found(ttlSeconds: number): void {
    const { validMs, onFound } = this.#options
    const keepMs = validMs ?? Math.min(ttlSeconds * 1000, keepMsMax)
    onFound({ name: { kind: 'known', name: this.#name }, keepMs })
  }

  #none(text: string, level: LogLevelName): void {
    const problem = `${text} while ${this.action}`
    this.#options.onFound({ name: { kind: 'unavailable' }, problem, level, keepMs: noneKeepMs })
  }

  #fail(what: string, why: string): void {
    const problem = `${what} could not be resolved (${why}) while ${this.action}`
    const name = { kind: 'temporarily_unavailable' } as const
    this.#options.onFound({ name, problem, level: 'error', keepMs: failedKeepMs })
  }
}

function isSame(text: string, address: Address): boolean {
  return parseAddress(text)?.text === address.text
}
