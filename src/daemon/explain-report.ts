// Everything `explain` has to say about one kind of session, as data: the same for the command
// line, which asks an engine of its own, and for the control socket, which asks the running one.

import { addressOfClient } from '../base/address.ts'
import type { Endpoint } from '../base/address.ts'
import type { Span } from '../base/diagnostic.ts'
import { parseEndpoint } from '../base/endpoint.ts'
import { suggest } from '../base/suggest.ts'
import { isRefusing } from '../engine/admission.ts'
import type { Engine, Explanation, OpenRequest } from '../engine/engine.ts'
import type { Finding } from '../engine/verdict.ts'
import { chainOf } from '../policy/chain.ts'
import type { Chain } from '../policy/chain.ts'
import { defaults } from '../policy/defaults.ts'
import type { LimitCluster, WhenAway } from '../policy/cluster.ts'
import type { LimitOption, Tier } from '../policy/limit.ts'
import { needsLogin } from '../policy/login.ts'
import type { OptionName } from '../policy/options.ts'
import { settingNames } from '../policy/options-list.ts'
import type { Plan } from '../policy/plan.ts'
import type { Policy, ServiceName } from '../policy/policy.ts'
import { capReasons, reasonFor } from '../policy/reason.ts'
import type { Reason } from '../policy/reason.ts'
import { connectRefusal } from '../protocol/refusal.ts'

/** A session that might come. */
export interface ExplainRequest {
  /** As an operator writes it: `:25`, `*:25`, `/run/postern.sock`. */
  readonly listen: string
  /** An address, or `unix`. */
  readonly from: string
}

/** One budget the session would meet. */
export interface ExplainedLimit {
  readonly option: LimitOption
  readonly tier: Tier
  readonly scope: string
  readonly usedCount: number
  readonly capMax?: number
  readonly isDryRun: boolean
  readonly isOver: boolean
  /** Counted over all nodes. */
  readonly cluster?: LimitCluster
  /** The store is away: `capMax` is what this node may admit alone. */
  readonly alone?: WhenAway
  readonly origin?: Span
  /** Why this value won, one sentence per value that lost. */
  readonly because: readonly string[]
}

/** One limit that the session would meet if it logged in; its key value is not known before. */
export interface ExplainedLogin {
  readonly zone: string
  /** What is counted: `$remote_user`. */
  readonly key: string
  readonly capMax: number
  readonly isDryRun: boolean
  /** Counted over all nodes. */
  readonly cluster?: LimitCluster
  readonly scope: string
  readonly origin: Span
}

/** One effective option. */
export interface ExplainedOption {
  readonly option: OptionName
  readonly value: unknown
  /** Absent: the default holds. */
  readonly scope?: string
  readonly origin?: Span
  readonly because: readonly string[]
}

export interface ExplainReport {
  readonly listen: string
  readonly from: string
  readonly service: ServiceName
  readonly revision: number
  /** The language of the configuration, whose words the options have. */
  readonly dialect: Policy['dialect']
  /** In the order they are asked. */
  readonly limits: readonly ExplainedLimit[]
  /** Asked after authentication, in this order; absent: the session does not log in here. */
  readonly afterLogin?: readonly ExplainedLogin[]
  readonly options: readonly ExplainedOption[]
  readonly answer: 'admit' | 'refuse'
  /** Index in `limits` of the one that refuses. */
  readonly decidedBy?: number
  /** What the refused client reads; absent when it is closed without a byte. */
  readonly reply?: string
}

/** Answers in order of what was wrong; `problem` is a sentence for the operator. */
export type ExplainResult = { readonly report: ExplainReport } | { readonly problem: string }

/** Explains what an engine would do with a session now. Counts nothing. */
export function explainSession(engine: Engine, request: ExplainRequest): ExplainResult {
  return explainWith(engine, request, (open) => engine.explain(open))
}

/** The same with counts over all nodes, where the store says them. */
export async function explainLive(engine: Engine, request: ExplainRequest): Promise<ExplainResult> {
  const listenId = findListen(engine.policy, request.listen)
  const isAsked = typeof listenId === 'string' && addressOfClient(request.from) !== undefined
  const live = isAsked ? await engine.explainLive({ listenId, remote: request.from }) : undefined
  return explainWith(engine, request, (open) => live ?? engine.explain(open))
}

function explainWith(
  engine: Engine,
  request: ExplainRequest,
  explain: (open: OpenRequest) => Explanation | undefined,
): ExplainResult {
  const listenId = findListen(engine.policy, request.listen)
  if (typeof listenId !== 'string') return listenId
  const address = addressOfClient(request.from)
  if (address === undefined) return { problem: `"${request.from}" is not an IP address.` }
  const explanation = explain({ listenId, remote: request.from })
  const chain = chainOf(engine.policy, listenId, address)
  if (explanation === undefined || chain === undefined) {
    return { problem: `There is no Listen ${listenId} in the policy.` }
  }
  const decidedBy = explanation.findings.findIndex(isRefusing)
  const { service } = explanation.plan.listener
  const reply = connectRefusal(service)?.toString('latin1').trimEnd()
  return {
    report: {
      listen: listenId,
      from: request.from,
      service,
      revision: engine.revision,
      dialect: engine.policy.dialect,
      limits: explanation.findings.map((finding) => explainLimit(chain, finding)),
      ...explainLogin(engine.policy, explanation.plan),
      options: explainOptions(chain),
      answer: decidedBy < 0 ? 'admit' : 'refuse',
      ...(decidedBy < 0 ? {} : { decidedBy, ...(reply === undefined ? {} : { reply }) }),
    },
  }
}

/** The id of the Listen an operator means, or why there is none. */
export function findListen(policy: Policy, text: string): string | { readonly problem: string } {
  const known = policy.listeners.flatMap((listener) => listener.listens.map((listen) => listen.id))
  if (known.includes(text)) return text
  // nginx's language says a port alone: `listen 143`.
  const parsed = parseEndpoint(/^\d+$/.test(text) ? `:${text}` : text)
  const id = 'endpoint' in parsed ? parsed.endpoint.text : text
  if (known.includes(id)) return id
  const only = 'endpoint' in parsed ? onlyListenOnPort(policy, parsed.endpoint) : undefined
  if (only !== undefined) return only
  const close = suggest(id, known)
  const hint = close === undefined ? `It has ${known.join(', ')}.` : `Did you mean ${close}?`
  return { problem: `The policy has no Listen ${text}. ${hint}` }
}

/**
 * `:25` means the one Listen of that port, whatever its address; an address that no Listen has is
 * served by the one for all addresses.
 */
function onlyListenOnPort(policy: Policy, wanted: Endpoint): string | undefined {
  if (wanted.kind !== 'tcp') return undefined
  const isAny = (host: string): boolean => host === '*' || host === '::'
  const found = policy.listeners.flatMap((listener) =>
    listener.listens.filter(({ endpoint }) => {
      if (endpoint.kind !== 'tcp' || endpoint.port !== wanted.port) return false
      return isAny(wanted.host) || isAny(endpoint.host)
    }),
  )
  return found.length === 1 ? found[0]?.id : undefined
}

function explainLimit(chain: Chain, finding: Finding): ExplainedLimit {
  const { limit, usedCount, isOver } = finding
  const { option, tier, scope, capMax, isDryRun, cluster, alone, origin } = limit
  return {
    option,
    tier,
    scope,
    usedCount,
    ...(capMax === undefined ? {} : { capMax }),
    isDryRun,
    isOver,
    ...(cluster === undefined ? {} : { cluster }),
    ...(alone === undefined ? {} : { alone }),
    ...(origin === undefined ? {} : { origin }),
    because: reasonOfLimit(chain, option, tier)?.because ?? [],
  }
}

function reasonOfLimit(chain: Chain, option: LimitOption, tier: Tier): Reason | undefined {
  if (option === 'limit_conn' || tier === 'keyed') return undefined
  const name = option === 'service_sessions' ? 'serviceSessions' : 'listenerSessions'
  return capReasons(chain, name)[tier]
}

function explainLogin(policy: Policy, plan: Plan): Pick<ExplainReport, 'afterLogin'> {
  if (!needsLogin(plan)) return {}
  const afterLogin = plan.keyedLimits.map((limit) => {
    const { zone, capMax, isDryRun, cluster, scope, origin } = limit
    const key = policy.zones.find(({ name }) => name === zone)?.key.text ?? ''
    const over = cluster === undefined ? {} : { cluster }
    return { zone, key, capMax, isDryRun, ...over, scope, origin }
  })
  return { afterLogin }
}

/** Every option that is set or has a default, in the order of the options' list. */
function explainOptions(chain: Chain): ExplainedOption[] {
  const byDefault: Readonly<Record<string, unknown>> = defaults
  const explained: ExplainedOption[] = []
  for (const option of settingNames) {
    const reason = reasonFor(chain.scopes, option)
    if (reason !== undefined) {
      const { value, scope, origin } = reason.winner
      explained.push({ option, value, scope, origin, because: reason.because })
    } else if (option in byDefault) {
      explained.push({ option, value: byDefault[option], because: [] })
    }
  }
  return explained
}
