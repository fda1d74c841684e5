// The way of one reply from the upstream: to the client as it is or rewritten, kept, or to nobody.

import { greetingMaxBytes } from './bounds.ts'
import type { Awaited } from './dialogue.ts'
import { ExtensionFilter, UpstreamOffer } from './extensions.ts'
import type { ReplyLine, ReplyRewriter } from './reply.ts'
import type { Outbox } from './watch-actions.ts'
import type { WatchRules } from './watch-rules.ts'

/** What is done with a reply; absent members mean that it is passed on untouched. */
export interface ReplyRoute {
  readonly rewriter?: ReplyRewriter
  /** Reads what an EHLO reply offers. */
  readonly offer?: UpstreamOffer
  /** Where it goes instead of to the client. */
  readonly instead?: KeptGreeting | 'nobody'
}

/** The upstream's greeting, kept back while XCLIENT is spoken, in case the client is to read it. */
export class KeptGreeting {
  #lines: Buffer[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Keeps what fits; the last line always stays, so that what is kept remains one whole reply. */
  push(bytes: Buffer, isLast: boolean): void {
    if (this.#length + bytes.length > greetingMaxBytes && !isLast) return
    this.#lines.push(Buffer.from(bytes))
    this.#length += bytes.length
  }

  take(): readonly Buffer[] {
    const lines = this.#lines
    this.#lines = []
    this.#length = 0
    return lines
  }
}

/** What decides about a reply when its first line has come. */
export interface ReplyStart {
  readonly awaited: Awaited | undefined
  readonly code: number
  readonly rules: WatchRules
  /** Present while XCLIENT is spoken. */
  readonly kept: KeptGreeting | undefined
}

/** Chooses the way of a reply. */
export function routeOf(start: ReplyStart): ReplyRoute {
  const { awaited, code, rules, kept } = start
  switch (awaited) {
    case 'greeting':
      if (code !== 220) return {}
      return { ...greetingRoute(rules), ...(kept === undefined ? {} : { instead: kept }) }
    case 'xclient':
      return code === 220 ? greetingRoute(rules) : { instead: 'nobody' }
    case 'probe':
      return { instead: 'nobody', offer: new UpstreamOffer() }
    case 'ehlo': {
      if (code !== 250) return {}
      const offer = new UpstreamOffer()
      if (rules.extensions === undefined) return { offer }
      return { offer, rewriter: new ExtensionFilter(rules.extensions) }
    }
    default:
      return {}
  }
}

function greetingRoute({ renameGreeting }: WatchRules): ReplyRoute {
  return renameGreeting === undefined ? {} : { rewriter: renameGreeting() }
}

/** True when the reply's bytes, and the pieces of an over-long line of it, pass as they come. */
export function isUntouched(route: ReplyRoute): boolean {
  return route.rewriter === undefined && route.instead === undefined
}

/** Shows a line to those who read it and, unless the route is untouched, sends it on its way. */
export function deliverLine(route: ReplyRoute, line: ReplyLine, toClient: Outbox): void {
  route.offer?.read(line)
  if (isUntouched(route)) return
  for (const bytes of route.rewriter?.rewrite(line) ?? [line.bytes]) {
    if (route.instead === undefined) toClient.push(bytes)
    else if (route.instead !== 'nobody') route.instead.push(bytes, line.isLast)
  }
}

/** Bytes that the route keeps back for now. */
export function routedBytes(route: ReplyRoute): number {
  return route.rewriter?.keptBytes ?? 0
}
