// Writes the events of a running gate to trace files: keeps which sessions are open, so that each
// file can begin with them.

import type { EventView, LoginView } from '../engine/event-view.ts'
import type { ServiceName } from '../policy/policy.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import { TraceEncoder } from './trace-encoder.ts'
import type { TraceFiles } from './trace-files.ts'
import { traceVersion } from './trace.ts'
import type { TraceLimit, TraceListen, TraceLogin } from './trace.ts'

export interface RecorderOptions {
  readonly files: TraceFiles
  /** Tells this run from others. */
  readonly record: string
  readonly serviceOf: (listenId: string) => ServiceName | undefined
  readonly pseudonyms?: Pseudonyms
}

interface Open {
  readonly worker: number
  readonly listen: TraceListen
  client: string
  readonly openedMs: number
  isAwaitingAddress: boolean
  login: TraceLogin | undefined
}

export interface RecorderCounts {
  readonly openCount: number
  readonly eventCount: number
  readonly refusedCount: number
  readonly lostCount: number
  readonly partCount: number
}

export class Recorder {
  readonly #options: RecorderOptions
  readonly #open = new Map<number, Open>()
  readonly #listens = new Map<string, TraceListen>()
  #encoder: TraceEncoder | undefined
  #partCount = 0
  #startMs = 0
  #lastMs = 0
  #eventCount = 0
  #refusedCount = 0
  #lostCount = 0

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  counts(): RecorderCounts {
    return {
      openCount: this.#open.size,
      eventCount: this.#eventCount,
      refusedCount: this.#refusedCount,
      lostCount: this.#lostCount,
      partCount: this.#partCount,
    }
  }

  get isRecording(): boolean {
    return this.#encoder !== undefined
  }

  /** Every worker has named its sessions; what happens from now on is written. */
  start(): void {
    this.#encoder ??= this.#newFile()
    this.#tellOpen(this.#encoder)
  }

  /** Nothing is known of what is open any more: the gate will name its sessions anew. */
  forget(): void {
    this.#open.clear()
  }

  /** Before `start`: what changes which sessions are open. After it: what is written, too. */
  event(event: EventView): void {
    this.#lastMs = Math.max(this.#lastMs, event.atMs)
    if (this.#encoder !== undefined) this.#eventCount += 1
    const atMs = this.#lastMs - this.#startMs
    switch (event.event) {
      case 'accepted':
      case 'opened':
        this.#arrive(event, atMs)
        return
      case 'authenticated': {
        const login = this.#login(event, event.client)
        const open = this.#open.get(event.session)
        if (open !== undefined) open.login = login
        this.#encoder?.authenticated(atMs, event.session, login)
        return
      }
      case 'refused':
        this.#refuse(event, atMs)
        return
      case 'closed':
        this.#close(event.session, atMs)
        return
      case 'open':
        this.#openAtStart(event)
        return
      case 'policy_replaced':
        // Each worker says so; once is enough.
        if (event.worker === 1) this.#encoder?.replaced(atMs, event.revision)
        return
      case 'worker_lost':
      case 'all_lost':
        for (const [id, open] of this.#open) {
          if (event.event === 'all_lost' || open.worker === event.worker) this.#close(id, atMs)
        }
        return
      case 'began':
      case 'audited':
      // What a store says of itself changes no count of this node.
      case 'cluster_away':
      case 'cluster_counting':
      case 'cluster_drift':
      case 'dry_run':
        return
    }
  }

  lost(count: number): void {
    this.#lostCount += count
    this.#encoder?.lost(this.#lastMs - this.#startMs, count)
  }

  /** Nothing more will come. */
  end(nowMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, Math.round(nowMs))
    this.#encoder?.ended(this.#lastMs - this.#startMs)
  }

  /** Begins the next file when this one is full. */
  rotate(): void {
    if (this.#encoder === undefined || !this.#options.files.isFull) return
    this.#encoder = this.#newFile()
    this.#tellOpen(this.#encoder)
  }

  #newFile(): TraceEncoder {
    const { files, record, pseudonyms } = this.#options
    files.open()
    this.#partCount += 1
    this.#startMs = Math.max(this.#lastMs, 0)
    const encoder = new TraceEncoder((line) => files.write(line))
    encoder.header({
      postern: 'trace',
      version: traceVersion,
      record,
      part: this.#partCount,
      startMs: this.#startMs,
      source: 'postern',
      ...(pseudonyms === undefined ? {} : { hashed: pseudonyms.bits }),
    })
    return encoder
  }

  #tellOpen(encoder: TraceEncoder): void {
    encoder.begin(this.#lastMs - this.#startMs)
    for (const [id, { listen, client, openedMs, isAwaitingAddress, login }] of this.#open) {
      const ageMs = Math.max(0, this.#lastMs - openedMs)
      const who = login === undefined ? {} : { login }
      encoder.openAtStart({ id, listen, client, ageMs, isAwaitingAddress, ...who })
    }
    encoder.started()
  }

  #arrive(
    event: Extract<EventView, { readonly event: 'accepted' | 'opened' }>,
    atMs: number,
  ): void {
    const { session, worker } = event
    const listen = this.#listen(event.listen)
    const client = this.#client(event.client)
    const isAwaitingAddress = event.event === 'accepted'
    const known = this.#open.get(session)
    if (known === undefined) {
      const openedMs = event.atMs
      this.#open.set(session, {
        worker,
        listen,
        client,
        openedMs,
        isAwaitingAddress,
        login: undefined,
      })
    } else {
      known.client = client
      known.isAwaitingAddress = isAwaitingAddress
    }
    if (isAwaitingAddress) this.#encoder?.accepted(atMs, session, listen, client)
    else this.#encoder?.opened(atMs, session, listen, client)
  }

  #refuse(event: Extract<EventView, { readonly event: 'refused' }>, atMs: number): void {
    const { session, stage, decidedBy, client } = event
    this.#open.delete(session)
    if (this.#encoder === undefined) return
    this.#refusedCount += 1
    const { option, tier, zone, scope, cap } = decidedBy
    const limit: TraceLimit = {
      stage,
      option,
      tier,
      zone,
      scope,
      ...(cap === undefined ? {} : { cap }),
      ...(option === 'listener_sessions' ? { on: event.listen } : {}),
    }
    this.#encoder.refused({
      atMs,
      id: session,
      listen: this.#listen(event.listen),
      client: this.#client(client),
      limit,
      used: decidedBy.used,
      ...(stage === 'authenticated' ? { login: this.#login(event, client) } : {}),
    })
  }

  #close(id: number, atMs: number): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    this.#open.delete(id)
    const lengthMs = Math.max(0, atMs + this.#startMs - open.openedMs)
    this.#encoder?.closed(atMs, id, open.listen, lengthMs)
  }

  #openAtStart(event: Extract<EventView, { readonly event: 'open' }>): void {
    const { session, worker, atMs, ageMs, client, isAwaitingAddress = false } = event
    const login = event.isAuthenticated === true ? this.#login(event, client) : undefined
    const listen = this.#listen(event.listen)
    const who = { worker, listen, client: this.#client(client), openedMs: atMs - ageMs }
    const isKnown = this.#open.has(session)
    this.#open.set(session, { ...who, isAwaitingAddress, login })
    // A worker that began later than the record: its sessions are new here.
    if (this.#encoder === undefined || isKnown) return
    this.#encoder.opened(this.#lastMs - this.#startMs, session, listen, who.client)
    if (login !== undefined) {
      this.#encoder.authenticated(this.#lastMs - this.#startMs, session, login)
    }
  }

  #client(client: string): string {
    return this.#options.pseudonyms?.address(client) ?? client
  }

  #login({ user, headers = [] }: LoginView, client: string): TraceLogin {
    const login: TraceLogin = {
      ...(user === undefined ? {} : { user }),
      headers,
      isUnix: client === 'unix',
    }
    return this.#options.pseudonyms?.login(login) ?? login
  }

  #listen(id: string): TraceListen {
    const known = this.#listens.get(id)
    if (known !== undefined) return known
    const service = this.#options.serviceOf(id)
    const listen = { id, ...(service === undefined ? {} : { service }) }
    this.#listens.set(id, listen)
    return listen
  }
}
