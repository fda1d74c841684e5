// The admin server over a gate that is made up: the live page in states that a real gate reaches slowly
// or never, such as thousands of keys, names that are markup, or a gate that has gone.

import { accessOf } from '../../src/admin/access.ts'
import type { Access } from '../../src/admin/access.ts'
import { PageFiles } from '../../src/admin/page-files.ts'
import { startAdminServer } from '../../src/admin/server.ts'
import type { AdminServer } from '../../src/admin/server.ts'
import type { AdminView, Answer } from '../../src/admin/view.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { FakeAnswers } from './fake-answers.ts'

export interface Asked {
  readonly what: string
  readonly query: unknown
}

export interface FakeAdminOptions {
  readonly answers: FakeAnswers
  /** Of the built page. */
  readonly directory: string
}

export class FakeAdmin {
  readonly answers: FakeAnswers
  /** What was asked of the gate with words of its own: pages, filters, changes. */
  readonly asked: Asked[] = []
  access: Access = { kind: 'owner' }
  readonly #page: PageFiles | undefined
  #server: AdminServer | undefined
  #port = 0

  private constructor({ answers, directory }: FakeAdminOptions) {
    this.answers = answers
    this.#page = PageFiles.load(directory)
  }

  static async start(options: FakeAdminOptions): Promise<FakeAdmin> {
    const fake = new FakeAdmin(options)
    await fake.open()
    return fake
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  /** From now on everybody needs this token for everything, as beyond the machine. */
  needToken(token: string): void {
    this.access = accessOf('remote', token)
  }

  /** It is there again, at the same address. */
  async open(): Promise<void> {
    const text = `127.0.0.1:${this.#port}`
    this.#server = await startAdminServer({
      view: fakeView(this.answers, this.asked),
      clock: systemClock,
      endpoint: { kind: 'tcp', host: '127.0.0.1', port: this.#port, text },
      access: () => this.access,
      version: '0.0.0',
      onDefect: (error) => {
        throw error
      },
      ...(this.#page === undefined ? {} : { page: this.#page }),
    })
    this.#port = Number(new URL(this.#server.url).port)
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }
}

/** What the server sees of the gate that is made up; `asked` is filled with what it was asked. */
export function fakeView(answers: FakeAnswers, asked: Asked[] = []): AdminView {
  const note = (what: string, query: unknown): void => void asked.push({ what, query })
  const ok = <T>(result: T): Promise<Answer<T>> => Promise.resolve({ ok: true, result })
  const missing: Answer<never> = { ok: false, code: 'unavailable', problem: 'Not made up.' }
  return {
    isDraining: false,
    status: () => Promise.resolve(answers.status),
    limits: () => ok(answers.limits),
    budgets: (query) => {
      note('budgets', query)
      const { offset, limit } = query
      const budgets = answers.budgets.budgets.slice(offset, offset + limit)
      return ok({ ...answers.budgets, budgets })
    },
    sessions: (query) => {
      note('sessions', query)
      const sessions = answers.sessions.sessions.filter(({ id }) => id > query.afterId)
      return ok({ ...answers.sessions, sessions: sessions.slice(0, query.limit) })
    },
    refusals: () => ok(answers.refusals),
    explain: () => Promise.resolve(missing),
    kick: (query) => {
      note('kick', query)
      return ok({ matchingCount: 1, kickedIds: [1] })
    },
    setLimit: (id, capMax) => {
      note('setLimit', { id, capMax })
      return Promise.resolve(missing)
    },
    drain: () => missing,
    reload: () => Promise.resolve(answers.reload),
    previewReload: () => answers.reload,
    metrics: () => Promise.reject(new Error('not made up')),
    subscribe: () => () => {},
  }
}
