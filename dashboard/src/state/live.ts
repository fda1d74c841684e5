// What the page knows: the last answer to each of its questions, and whether the gate still answers.

import type { Answer, GateClient } from '../wire/gate-client.ts'
import type { Answers } from '../wire/questions.ts'
import { answered, failed } from './feed.ts'
import type { Feed } from './feed.ts'
import { Recent } from './recent.ts'
import type { Growth } from './recent.ts'

export type FeedName = keyof Answers
export type Feeds = { readonly [K in FeedName]: Feed<Answers[K]> }

export interface PageState {
  /** `locked`: it wants a token for looking. */
  readonly gate: 'starting' | 'answering' | 'away' | 'locked'
  /** When it answered last. */
  readonly answeredMs?: number
  readonly awayWhy?: string
  readonly hasToken: boolean
  readonly feeds: Feeds
  readonly refusedLately?: Growth
}

/** How often each question is asked while somebody looks. Those about keys and sessions cost the gate a walk. */
const everyMs: { readonly [K in FeedName]: number } = {
  status: 2000,
  limits: 2000,
  refusals: 2000,
  budgets: 3000,
  sessions: 3000,
  history: 10_000,
}
/** "Too Many Requests": the gate has a budget for being looked at. */
const busyStatus = 429
const restMs = 500
/** Asking a gate that is away more often brings it back no sooner. */
const awayRestMs = 2500

export interface LiveParts {
  readonly client: GateClient
  readonly paths: { readonly [K in FeedName]: string }
  readonly nowMs: () => number
  /** False while nobody sees the page: then nothing is asked. */
  readonly isWatched: () => boolean
}

export class Live {
  readonly #parts: LiveParts
  readonly #names: readonly FeedName[]
  readonly #handlers = new Set<() => void>()
  readonly #refused = new Recent()
  readonly #dueMs = new Map<FeedName, number>()
  #state: PageState
  #wake: () => void = () => {}
  #isStopped = false

  constructor(parts: LiveParts) {
    this.#parts = parts
    const { paths } = parts
    this.#names = Object.keys(everyMs) as FeedName[] // its type says so
    const feeds: Feeds = {
      status: { path: paths.status },
      limits: { path: paths.limits },
      refusals: { path: paths.refusals },
      budgets: { path: paths.budgets },
      sessions: { path: paths.sessions },
      history: { path: paths.history },
    }
    this.#state = { gate: 'starting', hasToken: false, feeds }
  }

  get state(): PageState {
    return this.#state
  }

  /** Calls back after every change; what it returns ends that. */
  subscribe(handler: () => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  /** Asks until stopped. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      if (this.#parts.isWatched()) await this.#round()
      const isAway = this.#state.gate === 'away' || this.#state.gate === 'locked'
      await this.#rest(isAway ? awayRestMs : restMs)
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#wake()
  }

  /** Asks everything now: something was changed, or somebody looks again. */
  refresh(): void {
    this.#dueMs.clear()
    this.#wake()
  }

  /** Asks something else from now on. */
  ask(name: FeedName, path: string): void {
    const { feeds } = this.#state
    if (feeds[name].path === path) return
    // What was there stays in sight until the answer to the new question comes.
    this.#set({ feeds: { ...feeds, [name]: { ...feeds[name], path } } })
    this.#dueMs.delete(name)
    this.#wake()
  }

  takeToken(token: string): void {
    this.#parts.client.takeToken(token)
    this.#set({ hasToken: token !== '' })
    this.refresh()
  }

  /** One after the other: however slow the gate, this page has one question open. */
  async #round(): Promise<void> {
    for (const name of this.#names) {
      if ((this.#dueMs.get(name) ?? 0) > this.#parts.nowMs()) continue
      const { path } = this.#state.feeds[name]
      const answer = await this.#parts.client.ask<Answers[typeof name]>(path)
      // Somebody turned a page meanwhile: this is not what is asked for any more.
      if (this.#state.feeds[name].path !== path) continue
      this.#dueMs.set(name, this.#parts.nowMs() + everyMs[name])
      if (!this.#take(name, answer)) return
    }
  }

  /** False when asking on makes no sense now. */
  #take<K extends FeedName>(name: K, answer: Answer<Answers[K]>): boolean {
    const atMs = this.#parts.nowMs()
    const feed: Feed<Answers[K]> = this.#state.feeds[name]
    if (answer.kind === 'silence') {
      this.#dueMs.clear()
      this.#set({ gate: 'away', awayWhy: answer.message })
      return false
    }
    if (answer.kind === 'refusal' && answer.status === 401) {
      this.#dueMs.clear()
      this.#set({ gate: 'locked', answeredMs: atMs })
      return false
    }
    this.#set({ gate: 'answering', answeredMs: atMs })
    if (answer.kind === 'refusal' && answer.status === busyStatus) {
      // Others look as well; what is shown says how old it is.
      this.#dueMs.set(name, atMs + 2 * everyMs[name])
      return true
    }
    if (answer.kind === 'refusal') {
      this.#setFeed(name, failed(feed, answer.message))
      return true
    }
    this.#setFeed(name, answered(feed, answer.value, atMs))
    if (name === 'status') this.#count(atMs)
    return true
  }

  #count(atMs: number): void {
    const { value } = this.#state.feeds.status
    if (value === undefined) return
    this.#refused.add(atMs, value.refusedTotal)
    const { growth } = this.#refused
    if (growth !== undefined) this.#set({ refusedLately: growth })
  }

  #setFeed<K extends FeedName>(name: K, feed: Feed<Answers[K]>): void {
    this.#set({ feeds: { ...this.#state.feeds, [name]: feed } })
  }

  #set(change: Partial<PageState>): void {
    this.#state = { ...this.#state, ...change }
    for (const handler of this.#handlers) handler()
  }

  async #rest(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
