// The embeddable engine: policies in, verdicts out. Imports no dependency.

export { createEngine } from './engine/create-engine.ts'
export type { AuditReport } from './engine/audit.ts'
export type { AuthFacts } from './engine/auth-facts.ts'
export type {
  BudgetView,
  Engine,
  EngineOptions,
  Explanation,
  OpenRequest,
  Snapshot,
} from './engine/engine.ts'
export type { EngineEvent } from './engine/events.ts'
export type { EngineSession } from './engine/session.ts'
export type { Admit, Finding, Refuse, Verdict } from './engine/verdict.ts'
export type { StateHandle, StateView, Zone, ZoneUsage } from './engine/zone.ts'
export { PosternError } from './base/errors.ts'
export type { Address, Block, Endpoint } from './base/address.ts'
export type { Clock } from './base/clock.ts'
export type { Diagnostic, Severity, Sourced, Span } from './base/diagnostic.ts'
export type { Limit, LimitOption, Stage, Tier } from './policy/limit.ts'
export type { OptionName, Options, OptionValues } from './policy/options.ts'
export type { Effective, Plan, Settings } from './policy/plan.ts'
export type {
  DaemonOptions,
  Listen,
  Listener,
  Pathway,
  PathwayGroup,
  Peer,
  Policy,
  Scope,
  ServiceName,
} from './policy/policy.ts'
export { freezePolicy } from './policy/policy.ts'
