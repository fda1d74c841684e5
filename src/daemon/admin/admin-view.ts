// What the admin API sees of a running daemon.

import type { AdminView, Answer, EventsBatch, MetricsSource } from '../../admin/view.ts'
import type {
  Budgets,
  Explained,
  Kicked,
  LimitAnswer,
  Limits,
  Refusals,
  ReloadAnswer,
  Sessions,
  Status,
} from '../../admin/answers.ts'
import { limitId } from '../../policy/limit-table.ts'
import { isSecretOption } from '../../policy/diff.ts'
import { connectZone } from '../../policy/fallback.ts'
import { answerRequest } from '../answers.ts'
import type { AnswerSources } from '../answers.ts'
import type {
  BudgetsReport,
  ControlRequest,
  ControlResponse,
  KickReport,
  LimitsReport,
  LimitView,
  RefusalsReport,
  SessionsReport,
  StatusReport,
} from '../control-protocol.ts'
import type { ExplainReport } from '../explain-report.ts'
import type { Plane } from '../plane.ts'
import type { Reloader } from '../reload.ts'
import type { ConfigurationLines } from './configuration-lines.ts'

export interface DaemonViewParts {
  readonly sources: AnswerSources
  readonly plane: Pick<Plane, 'report' | 'subscribe' | 'revision'>
  readonly reloader: Reloader
  readonly lines: ConfigurationLines
  readonly isRunning: () => boolean
  /** As SIGQUIT. */
  readonly drain: () => void
}

/** Of a diff, so many differences are shown; the rest is counted. */
const changesMax = 1000

export class DaemonView implements AdminView {
  readonly #parts: DaemonViewParts

  constructor(parts: DaemonViewParts) {
    this.#parts = parts
  }

  get isDraining(): boolean {
    return !this.#parts.isRunning()
  }

  async status(): Promise<Omit<Status, 'access'>> {
    const response = await this.#answer({ request: 'status' })
    if (!response.ok) throw new Error(response.problem)
    return response.result as StatusReport // Checked by the protocol; it is never refused.
  }

  async limits(): Promise<Answer<Limits>> {
    return mapped<LimitsReport, Limits>(await this.#answer({ request: 'limits' }), (report) => ({
      ...report,
      limits: report.limits.map((limit) => this.#withLine(limit)),
    }))
  }

  async budgets(query: Parameters<AdminView['budgets']>[0]): Promise<Answer<Budgets>> {
    return mapped<BudgetsReport>(await this.#answer({ request: 'budgets', ...query }))
  }

  async sessions(query: Parameters<AdminView['sessions']>[0]): Promise<Answer<Sessions>> {
    return mapped<SessionsReport>(await this.#answer({ request: 'sessions', ...query }))
  }

  async refusals(query: Parameters<AdminView['refusals']>[0]): Promise<Answer<Refusals>> {
    return mapped<RefusalsReport>(await this.#answer({ request: 'refusals', ...query }))
  }

  async explain(query: Parameters<AdminView['explain']>[0]): Promise<Answer<Explained>> {
    const response = await this.#answer({ request: 'explain', ...query })
    const code = 'not_found'
    if (!response.ok) return { ok: false, code, problem: response.problem }
    const changed = new Set(this.#parts.sources.changedLimits())
    return mapped<ExplainReport, Explained>(response, (report) => withIds(report, changed))
  }

  async kick(query: Parameters<AdminView['kick']>[0]): Promise<Answer<Kicked>> {
    return mapped<KickReport>(await this.#answer({ request: 'kick', ...query }))
  }

  async setLimit(id: string, capMax: number): Promise<Answer<LimitAnswer>> {
    if (this.isDraining) return draining
    const problem = await this.#parts.reloader.changeCap(id, capMax)
    if (problem !== undefined) return { ok: false, ...problem, code: codes[problem.code] }
    const answer = await this.limits()
    if (!answer.ok) return answer
    const { revision, limits } = answer.result
    const limit = limits.find((one) => one.id === id)
    if (limit !== undefined) return { ok: true, result: { revision, limit } }
    return { ok: false, code: 'not_found', problem: `There is no limit ${id} any more.` }
  }

  drain(): Answer<undefined> {
    if (this.isDraining) return draining
    this.#parts.drain()
    return { ok: true, result: undefined }
  }

  async reload(): Promise<Answer<ReloadAnswer>> {
    if (this.isDraining) return draining
    const { isDone, diagnostics, problem } = await this.#parts.reloader.request()
    const { revision } = this.#parts.plane
    if (isDone) return { ok: true, result: { isDone, revision, diagnostics } }
    const why = problem ?? 'the configuration is wrong'
    const text = `The reload failed, revision ${revision} stays in force: ${why}.`
    return { ok: false, code: 'reload_refused', problem: text, diagnostics }
  }

  previewReload(): Answer<ReloadAnswer> {
    const { diagnostics, changes } = this.#parts.reloader.preview()
    if (changes === undefined) {
      const problem = 'A reload would fail: the configuration is wrong.'
      return { ok: false, code: 'reload_refused', problem, diagnostics }
    }
    const { revision } = this.#parts.plane
    const result = { isDone: false, revision, diagnostics, changeCount: changes.length }
    return { ok: true, result: { ...result, changes: changes.slice(0, changesMax) } }
  }

  async metrics(): Promise<MetricsSource> {
    const { plane, reloader } = this.#parts
    const [status, limits, report] = await Promise.all([
      this.status(),
      this.limits(),
      plane.report(),
    ])
    const { sessionsByService, upstreams, measured } = report
    return {
      status,
      limits: limits.ok ? limits.result : undefined,
      reloadFailedTotal: reloader.failedTotal,
      sessionsByService,
      upstreams,
      histograms: measured,
    }
  }

  subscribe(listener: (batch: EventsBatch) => void): () => void {
    return this.#parts.plane.subscribe(listener, 'watch')
  }

  #answer(
    request: Exclude<ControlRequest, { readonly request: 'events' }>,
  ): Promise<ControlResponse> {
    return answerRequest(this.#parts.sources, request)
  }

  #withLine(limit: LimitView): LimitView & { readonly line?: string } {
    const line = this.#parts.lines.lineOf(limit.id)
    return line === undefined ? limit : { ...limit, line }
  }
}

const draining = {
  ok: false,
  code: 'draining',
  problem: 'The daemon is on its way out and changes nothing any more.',
} as const

const codes = {
  unknown_limit: 'not_found',
  bad_cap: 'bad_request',
  failed: 'unavailable',
} as const

/** The protocol says what each request is answered with: T. */
function mapped<T, R = T>(
  response: ControlResponse,
  map: (result: T) => R = (result) => result as unknown as R, // where R is T
): Answer<R> {
  if (response.ok) return { ok: true, result: map(response.result as T) }
  return { ok: false, code: 'unavailable', problem: response.problem }
}

/** With the names of the limits, the marks of changed caps, and without what may be secret. */
function withIds(report: ExplainReport, changed: ReadonlySet<string>): Explained {
  const mark = (id: string): { readonly isChanged?: true } =>
    changed.has(id) ? { isChanged: true } : {}
  const { afterLogin, ...rest } = report
  return {
    ...rest,
    limits: report.limits.map((limit) => {
      if (limit.origin === undefined) return limit
      const id = limitId({ ...limit, zone: connectZone })
      return { limitId: id, ...limit, ...mark(id) }
    }),
    ...(afterLogin === undefined
      ? {}
      : {
          afterLogin: afterLogin.map((limit) => {
            const id = limitId({ ...limit, option: 'limit_conn' })
            return { limitId: id, ...limit, ...mark(id) }
          }),
        }),
    options: report.options.map(({ value, ...option }) =>
      isSecretOption(option.option) ? option : { ...option, value },
    ),
  }
}
