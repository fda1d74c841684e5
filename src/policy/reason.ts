// Why a value holds: for each option the scope that won, the ones that lost, and the rule that
// decided between them, as sentences for `explain`.

import type { Span } from '../base/diagnostic.ts'
import type { Chain } from './chain.ts'
import type { OptionName, Options } from './options.ts'
import type { Peer, Scope } from './policy.ts'

/** One scope that sets the option and applies to the session. */
interface Candidate {
  readonly scope: string
  readonly value: unknown
  readonly origin: Span
}

/** Candidates of one option, the winner first. */
export interface Reason {
  readonly option: OptionName
  readonly winner: Candidate
  readonly losers: readonly Candidate[]
  /** One sentence per loser, in the order of `losers`. */
  readonly because: readonly string[]
}

/**
 * Why an option has its value, looking through `scopes`, innermost first; undefined when none sets
 * it.
 */
export function reasonFor(scopes: readonly Scope[], option: OptionName): Reason | undefined {
  const setting = scopes.filter((scope) => scope.options[option] !== undefined)
  const [winner, ...losers] = setting
  if (winner === undefined) return undefined
  return {
    option,
    winner: candidate(winner, option),
    losers: losers.map((loser) => candidate(loser, option)),
    because: losers.map((loser) => `${name(winner)} beats ${name(loser)}: ${rule(winner, loser)}`),
  }
}

/**
 * Why the two budgets of a cap have their values: the Peers decide one, the other scopes the other
 * (SEMANTICS S7).
 */
export function capReasons(
  chain: Chain,
  option: 'serviceSessions' | 'listenerSessions',
): { readonly block: Reason | undefined; readonly shared: Reason | undefined } {
  return { block: reasonFor(chain.peers, option), shared: reasonFor(chain.shared, option) }
}

function candidate(scope: Scope, option: OptionName): Candidate {
  const options: Options = scope.options
  const sourced = options[option]
  if (sourced === undefined) throw new Error('postern: candidate without a value')
  return { scope: scope.label, value: sourced.value, origin: sourced.span }
}

/** Short where it is unmistakable: a Peer by its block, the others by their label. */
function name(scope: Scope): string {
  return scope.kind === 'peer' ? `Peer ${scope.block.text}` : scope.label
}

function rule(winner: Scope, loser: Scope): string {
  if (winner.kind === 'peer' && loser.kind === 'peer') return peerRule(winner, loser)
  if (winner.kind === 'pathway' || winner.kind === 'pathway_group') {
    return 'the pathway a scope names comes right below that scope'
  }
  if (loser.kind === 'pathway' || loser.kind === 'pathway_group') {
    return 'a value in the scope itself beats its pathway, and the scopes outside it'
  }
  if (winner.kind === 'peer') return 'a Peer is inside Listen and Listener'
  return 'inner scope'
}

function peerRule(winner: Peer, loser: Peer): string {
  const isSameContainer = container(winner) === container(loser)
  if (isSameContainer) return 'longer prefix'
  return "the Listen's Peers come before the Listener's"
}

/** The label of a Peer is its container's label and its own block. */
function container(peer: Peer): string {
  return peer.label.slice(0, peer.label.length - ` Peer ${peer.block.text}`.length)
}
