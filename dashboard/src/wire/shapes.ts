// What the gate answers, as its own code defines it: types alone, nothing of it runs here.

import type {
  Budgets,
  ClusterState,
  HistoryAnswer,
  Refusals,
  ReloadAnswer,
  Sessions,
} from '../../../src/admin/answers.ts'

export type {
  Budgets,
  ClusterState,
  Diagnostic,
  ErrorAnswer,
  Finding,
  Kicked,
  Limit,
  Limits,
  ReloadAnswer,
  Refusals,
  Sessions,
  Status,
} from '../../../src/admin/answers.ts'

export type History = HistoryAnswer
export type Budget = Budgets['budgets'][number]
export type Session = Sessions['sessions'][number]
export type Refusal = Refusals['refusals'][number]
export type LimitHistory = History['limits'][number]
export type Ledger = ClusterState['ledgers'][number]
export type Change = NonNullable<ReloadAnswer['changes']>[number]
