// What the admin API answers and takes, as schemas: they check what comes in, make the OpenAPI
// document, and are what the tests hold every answer against.

import * as v from 'valibot'
import type {
  Budgets,
  DrainAnswer,
  ErrorAnswer,
  Explained,
  Health,
  HistoryAnswer,
  Kicked,
  LimitAnswer,
  Limits,
  Refusals,
  ReloadAnswer,
  Sessions,
  Status,
} from './answers.ts'

/** Checks that something unknown is a T. */
export type Schema<T> = v.GenericSchema<unknown, T>

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const milliseconds = v.pipe(v.number(), v.minValue(0))

/** As the interfaces have them: nobody changes an answer. */
function list<T extends v.GenericSchema>(
  item: T,
): v.SchemaWithPipe<readonly [v.ArraySchema<T, undefined>, v.ReadonlyAction<v.InferOutput<T>[]>]> {
  return v.pipe(v.array(item), v.readonly())
}

const text = v.string()
const stage = v.picklist(['connect', 'authenticated'])
const option = v.picklist(['service_sessions', 'listener_sessions', 'limit_conn'])
const tier = v.picklist(['block', 'shared', 'keyed'])
const service = v.picklist(['smtp', 'ecstream', 'imap', 'pop3'])
const reason = v.picklist(['full', 'exhausted'])

/** A place in the configuration. */
const span = v.strictObject({
  file: text,
  line: count,
  column: count,
  endColumn: v.exactOptional(count),
})

const diagnostic = v.strictObject({
  severity: v.picklist(['error', 'warning', 'note']),
  code: text,
  message: text,
  span: v.exactOptional(span),
  hint: v.exactOptional(text),
})

export const errorSchema: Schema<ErrorAnswer> = v.strictObject({
  error: v.strictObject({
    code: text,
    message: text,
    /** What is wrong with the configuration, where a reload was refused. */
    diagnostics: v.exactOptional(list(diagnostic)),
  }),
})

const audit = v.strictObject({ drift: count, leakedIds: list(count), unknownIds: list(count) })

export const statusSchema: Schema<Status> = v.strictObject({
  version: text,
  pid: count,
  configuration: text,
  startedAt: text,
  uptimeMs: count,
  isDraining: v.boolean(),
  revision: count,
  sessionsActive: count,
  admittedTotal: count,
  refusedTotal: count,
  refusalsLingering: count,
  bytesFromClients: count,
  bytesFromUpstreams: count,
  bound: list(text),
  log: v.strictObject({ suppressedTotal: count, droppedTotal: count, errorsTotal: count }),
  audit: v.exactOptional(audit),
  changedLimits: list(text),
  workers: v.exactOptional(
    v.strictObject({
      configured: count,
      running: count,
      restartedTotal: count,
      hostPid: v.exactOptional(count),
    }),
  ),
  cluster: v.exactOptional(
    list(
      v.strictObject({
        name: text,
        node: text,
        worker: count,
        leaseMs: milliseconds,
        driftTotal: count,
        ledgers: list(
          v.strictObject({
            zone: v.exactOptional(text),
            state: text,
            epoch: v.exactOptional(text),
            leasesTotal: count,
            leaseLeftMs: v.number(),
            nodeCount: count,
            holderCount: count,
            slotsHeld: count,
            awayMs: v.exactOptional(milliseconds),
            why: v.exactOptional(text),
            detail: v.exactOptional(text),
          }),
        ),
      }),
    ),
  ),
  /** Whether this caller may change anything, and if not, why. */
  access: v.strictObject({
    mayChange: v.boolean(),
    why: v.exactOptional(text),
    /** There is a token that would let it. */
    takesToken: v.boolean(),
  }),
})

const limit = v.strictObject({
  id: text,
  stage,
  option,
  tier,
  scope: text,
  zone: text,
  key: v.exactOptional(text),
  capMax: v.exactOptional(count),
  isDryRun: v.boolean(),
  origin: span,
  /** The line of the configuration that `origin` points at. */
  line: v.exactOptional(text),
  isChanged: v.boolean(),
  configuredMax: v.exactOptional(count),
  usedCount: count,
  refusedTotal: count,
  exhaustedTotal: count,
  dryRunTotal: count,
  highWaterCount: count,
})

export const limitsSchema: Schema<Limits> = v.strictObject({
  revision: count,
  limits: list(limit),
  zones: list(
    v.strictObject({ name: text, statesUsed: count, statesFree: v.exactOptional(count) }),
  ),
})

export const changedLimitSchema: Schema<LimitAnswer> = v.strictObject({ revision: count, limit })

export const budgetsSchema: Schema<Budgets> = v.strictObject({
  revision: count,
  matchingCount: count,
  isComplete: v.boolean(),
  budgets: list(
    v.strictObject({
      zone: text,
      key: text,
      usedCount: count,
      capMax: v.exactOptional(count),
      fill: v.exactOptional(v.number()),
      limitIds: list(text),
    }),
  ),
})

export const sessionsSchema: Schema<Sessions> = v.strictObject({
  sessionsActive: count,
  matchingCount: count,
  sessions: list(
    v.strictObject({
      id: count,
      listen: text,
      client: text,
      ageMs: milliseconds,
      isAwaitingAddress: v.boolean(),
      state: v.exactOptional(text),
      login: v.exactOptional(text),
      upstream: v.exactOptional(text),
      isTls: v.exactOptional(v.boolean()),
      bytesFromClient: v.exactOptional(count),
      bytesToClient: v.exactOptional(count),
      silentMs: v.exactOptional(milliseconds),
    }),
  ),
  /** For the next page; absent: this is the last one. */
  nextAfter: v.exactOptional(count),
})

const finding = v.strictObject({
  limitId: v.exactOptional(text),
  option,
  tier,
  scope: text,
  zone: text,
  key: text,
  usedCount: count,
  capMax: v.exactOptional(count),
  isDryRun: v.boolean(),
  isOver: v.boolean(),
  isExhausted: v.boolean(),
  origin: v.exactOptional(span),
})

export const refusalsSchema: Schema<Refusals> = v.strictObject({
  matchingCount: count,
  refusals: list(
    v.strictObject({
      at: text,
      atMs: milliseconds,
      sessionId: count,
      stage,
      reason,
      service,
      listen: text,
      client: text,
      login: v.exactOptional(text),
      limitId: text,
      decidedBy: count,
      findings: list(finding),
    }),
  ),
  /** For the next page; absent: this is the last one. */
  nextBefore: v.exactOptional(text),
})

/** Where a limit counts over all nodes. */
const cluster = v.strictObject({ whenAway: text, block: v.exactOptional(count) })

export const explainSchema: Schema<Explained> = v.strictObject({
  listen: text,
  from: text,
  service,
  revision: count,
  dialect: v.picklist(['momentum', 'nginx']),
  limits: list(
    v.strictObject({
      limitId: v.exactOptional(text),
      option,
      tier,
      scope: text,
      usedCount: count,
      capMax: v.exactOptional(count),
      isDryRun: v.boolean(),
      isOver: v.boolean(),
      origin: v.exactOptional(span),
      cluster: v.exactOptional(cluster),
      because: list(text),
      isChanged: v.exactOptional(v.boolean()),
    }),
  ),
  afterLogin: v.exactOptional(
    list(
      v.strictObject({
        limitId: text,
        zone: text,
        key: text,
        capMax: count,
        isDryRun: v.boolean(),
        scope: text,
        origin: span,
        cluster: v.exactOptional(cluster),
        isChanged: v.exactOptional(v.boolean()),
      }),
    ),
  ),
  options: list(
    v.strictObject({
      option: text,
      /** Absent where it may be secret. */
      value: v.exactOptional(v.unknown()),
      scope: v.exactOptional(text),
      origin: v.exactOptional(span),
      because: list(text),
    }),
  ),
  answer: v.picklist(['admit', 'refuse']),
  decidedBy: v.exactOptional(count),
  reply: v.exactOptional(text),
})

export const historySchema: Schema<HistoryAnswer> = v.strictObject({
  /** Between two points. */
  stepMs: count,
  /** When the last point was taken, milliseconds since 1970. */
  untilMs: milliseconds,
  limits: list(
    v.strictObject({
      id: text,
      /** The oldest first; as many as there are, 360 at most. */
      used: list(count),
      /** Refused in the step that ends there. */
      refused: list(count),
    }),
  ),
})

export const kickedSchema: Schema<Kicked> = v.strictObject({
  matchingCount: count,
  kickedIds: list(count),
})

export const drainSchema: Schema<DrainAnswer> = v.strictObject({
  isDraining: v.boolean(),
  sessionsActive: count,
})

export const reloadSchema: Schema<ReloadAnswer> = v.strictObject({
  /** False for a dry run. */
  isDone: v.boolean(),
  revision: count,
  diagnostics: list(diagnostic),
  /** What differs from the policy that was in force before. */
  changes: v.exactOptional(
    list(
      v.strictObject({
        kind: v.picklist(['listen', 'limit', 'zone', 'option', 'daemon']),
        what: v.picklist(['added', 'removed', 'changed']),
        name: text,
        scope: v.exactOptional(text),
        before: v.exactOptional(text),
        after: v.exactOptional(text),
        origin: v.exactOptional(span),
      }),
    ),
  ),
  /** How many there are, where not all are listed. */
  changeCount: v.exactOptional(count),
})

export const healthSchema: Schema<Health> = v.strictObject({ status: v.literal('ok') })
