// A zone that an operator declares: what it counts by, and how much it may hold.

import type { Span } from '../base/diagnostic.ts'
import type { ClusterCount } from './cluster.ts'
import type { KeyExpression } from './key.ts'

/** One `limit_conn_zone`. Names are unique in a policy. */
export interface LimitZone {
  readonly kind: 'zone'
  readonly name: string
  /** SEMANTICS S16. */
  readonly sizeBytes: number
  readonly key: KeyExpression
  /** Absent: each node counts for itself. */
  readonly cluster?: ClusterCount
  readonly span: Span
}
