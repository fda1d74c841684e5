// What a holder wants done in its ledger, as arguments of admit-n, and what came of it.

import { unreachable } from '../../base/assert.ts'

/** One budget that a session must fit. */
export interface AskedBudget {
  /** The budget's name in the ledgers. */
  readonly field: string
  readonly capMax: number
  /** Counted, over the cap or not; never refuses (SEMANTICS S18). */
  readonly isDryRun: boolean
  /** Slots to take: one for the session, more to have some in hand. */
  readonly wantMax: number
}

/** `usedCounts` are from before the session, over all nodes. */
export type Reply =
  | { readonly kind: 'granted'; readonly usedCounts: readonly number[] }
  | { readonly kind: 'refused'; readonly place: number; readonly usedCounts: readonly number[] }
  /** Nobody knows: the store does not answer, or not reliably. */
  | { readonly kind: 'away' }

export interface Ask {
  readonly budgets: readonly AskedBudget[]
  /** Called once, never while `ask` runs. False: nobody wants the slots any more. */
  readonly settle: (reply: Reply) => boolean
}

export type Step =
  /** Slots taken by sessions that are admitted already, or (below 0) given back. */
  | { readonly kind: 'change'; readonly changes: Map<string, number> }
  /** Gives and asks in one: nobody comes between. */
  | { readonly kind: 'ask'; readonly gives: readonly string[]; readonly ask: Ask }
  | {
      readonly kind: 'look'
      readonly fields: readonly string[]
      readonly settle: (usedCounts: readonly number[] | undefined) => void
    }

export type Answer =
  | { readonly kind: 'fenced' }
  | { readonly kind: 'stale'; readonly members: Members }
  | { readonly kind: 'done'; readonly sequence: number; readonly outcomes: readonly Outcome[] }

/** Of the steps that want to know something, in their order. */
export interface Outcome {
  /** 0: taken; else which budget did not fit, from 1. */
  readonly decided: number
  readonly usedCounts: readonly number[]
}

/** Who has a ledger. */
export interface Members {
  readonly revision: string
  readonly names: readonly string[]
}

/** How many slots a grant took, as the script reckons it. */
export function takenBy(budget: AskedBudget, usedCount: number, holderCount: number): number {
  const { capMax, isDryRun, wantMax } = budget
  if (isDryRun || wantMax <= 1) return 1
  return Math.min(wantMax, Math.max(1, Math.floor((capMax - usedCount) / holderCount)))
}

export function stepArgs(steps: readonly Step[]): string[] {
  const args: string[] = []
  for (const step of steps) addStep(args, step)
  return args
}

function addStep(args: string[], step: Step): void {
  switch (step.kind) {
    case 'change':
      args.push('=', `${step.changes.size}`)
      for (const [field, change] of step.changes) args.push(field, `${change}`)
      return
    case 'ask':
      if (step.gives.length > 0) args.push('=', `${step.gives.length}`)
      for (const field of step.gives) args.push(field, '-1')
      args.push('+', `${step.ask.budgets.length}`)
      for (const { field, capMax, isDryRun, wantMax } of step.ask.budgets) {
        args.push(field, `${capMax}`, isDryRun ? '0' : `${wantMax}`)
      }
      return
    case 'look':
      args.push('?', `${step.fields.length}`, ...step.fields)
      return
    default:
      unreachable(step)
  }
}

/** Reads the answer to `steps`; undefined: no script of ours answers so. */
export function readAnswer(raw: unknown, steps: readonly Step[]): Answer | undefined {
  if (!Array.isArray(raw)) return undefined
  const [first, ...rest] = raw as readonly unknown[] // an array of anything
  if (first === -1) return { kind: 'fenced' }
  if (first === -2) {
    const members = readMembers(rest)
    return members === undefined ? undefined : { kind: 'stale', members }
  }
  if (!isCount(first) || !rest.every(isCount)) return undefined
  const outcomes: Outcome[] = []
  let at = 0
  for (const step of steps) {
    if (step.kind === 'change') continue
    const isAsk = step.kind === 'ask'
    const decided = isAsk ? (rest[at] ?? 0) : 0
    if (isAsk) at += 1
    const end = at + (isAsk ? step.ask.budgets.length : step.fields.length)
    outcomes.push({ decided, usedCounts: rest.slice(at, end) })
    at = end
  }
  return at === rest.length ? { kind: 'done', sequence: first, outcomes } : undefined
}

/** Reads `{ '#rev', holder.. }`. */
export function readMembers(raw: readonly unknown[]): Members | undefined {
  const [revision, ...names] = raw
  if (typeof revision !== 'string' || !names.every((name) => typeof name === 'string')) {
    return undefined
  }
  return { revision, names }
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

/** A step whose lease is over: what was held is published anew in any case. */
export function withoutLease(step: Step): Step[] {
  if (step.kind === 'ask') return [{ ...step, gives: [] }]
  if (step.kind === 'look') step.settle(undefined)
  return []
}
