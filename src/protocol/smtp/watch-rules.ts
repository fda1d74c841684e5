// Which options of a session ask for a watch, and what they ask of it.

import type { Settings } from '../../policy/plan.ts'
import type { StarttlsInjection, XclientMode } from '../../policy/options.ts'
import { BannerRenamer, BannerReplacer, staticBanner } from './banner.ts'
import { type ExtensionList, extensionList } from './extensions.ts'
import type { ReplyRewriter } from './reply.ts'

/** The settings a watch looks at. */
export type WatchSettings = Partial<
  Pick<
    Settings,
    | 'bannerHostname'
    | 'staticBanner'
    | 'smtpExtensions'
    | 'maxReceptions'
    | 'starttlsInjection'
    | 'reconfigMessage'
    | 'upstreamXclient'
  >
>

/** The options of one session, ready for use by its watch. */
export interface WatchRules {
  /** Makes the rewriter of the greeting; absent: it is passed on as it is. */
  readonly renameGreeting?: () => ReplyRewriter
  readonly extensions?: ExtensionList
  /** Messages per session. */
  readonly messagesMax?: number
  readonly starttlsInjection: StarttlsInjection
  /** Said in answer to the next MAIL or RSET once the policy was replaced. */
  readonly reconfigReply?: Buffer
  readonly xclient: Exclude<XclientMode, 'always'>
  /** False: there is nothing more to do once the client has been greeted. */
  readonly outlastsGreeting: boolean
}

/**
 * True when an option asks for something a byte relay cannot do. Ask for SMTP sessions only.
 *
 * Momentum's own default, `Starttls_Injection_Policy = reject`, does not ask for it by itself:
 * without a watch the dialogue is the upstream's, its defence against injection included, and a
 * watch in every session would cost every session. Written in the configuration it does, and any
 * watch made for another reason that outlasts the greeting applies it.
 */
export function needsWatch(settings: WatchSettings): boolean {
  const rules = watchRules(settings)
  return rules.renameGreeting !== undefined || rules.xclient !== 'no' || rules.outlastsGreeting
}

/** Reads the options once, at the start of a session. */
export function watchRules(settings: WatchSettings): WatchRules {
  const renameGreeting = greetingRule(settings)
  const extensions = settings.smtpExtensions?.value
  const messagesMax = settings.maxReceptions?.value.capMax
  const injection = settings.starttlsInjection
  const reconfigMessage = settings.reconfigMessage?.value
  const isInjectionWritten = injection?.origin !== undefined && injection.value !== 'allow'
  return {
    ...(renameGreeting === undefined ? {} : { renameGreeting }),
    ...(extensions === undefined ? {} : { extensions: extensionList(extensions) }),
    ...(messagesMax === undefined ? {} : { messagesMax }),
    ...(reconfigMessage === undefined ? {} : { reconfigReply: reconfigReply(reconfigMessage) }),
    starttlsInjection: injection?.value ?? 'reject',
    xclient: xclientMode(settings),
    outlastsGreeting:
      isInjectionWritten ||
      extensions !== undefined ||
      messagesMax !== undefined ||
      reconfigMessage !== undefined,
  }
}

/** A watch sees what the upstream offers, so it never has to send XCLIENT without looking. */
function xclientMode({ upstreamXclient }: WatchSettings): WatchRules['xclient'] {
  const mode = upstreamXclient?.value ?? 'no'
  return mode === 'always' ? 'ifavailable' : mode
}

/** Static_Banner is the whole greeting, so a Banner_Hostname beside it has nothing left to name. */
function greetingRule(settings: WatchSettings): (() => ReplyRewriter) | undefined {
  const text = settings.staticBanner?.value
  if (text !== undefined) {
    const banner = staticBanner(text)
    return () => new BannerReplacer(banner)
  }
  const hostname = settings.bannerHostname?.value
  return hostname === undefined ? undefined : () => new BannerRenamer(oneLine(hostname))
}

function reconfigReply(message: string): Buffer {
  return Buffer.from(`421 ${oneLine(message)}\r\n`)
}

/** A line break inside would end our line and make the client read the rest as another reply. */
function oneLine(text: string): string {
  return text.trim().replace(/[\r\n]+/g, ' ')
}
