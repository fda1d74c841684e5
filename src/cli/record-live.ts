// Follows the running daemon and writes its trace, through reloads, restarts and losses, until a
// signal or the time that was asked for ends it.

import { PosternError } from '../base/errors.ts'
import { followEvents } from '../daemon/event-client.ts'
import type { EventStream } from '../daemon/event-client.ts'
import { EventMerger } from '../replay/event-merger.ts'
import type { Recorder } from '../replay/recorder.ts'
import type { TraceFiles } from '../replay/trace-files.ts'
import { exitCodes } from './command.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

export interface LiveOptions {
  readonly recorder: Recorder
  readonly files: TraceFiles
  readonly path: string
  readonly controlSocket: string
  readonly terminal: Terminal
  readonly forMs?: number
}

/** A daemon that went away is looked for so often. */
const retryMs = 1000
/** What is in the file if the machine stops: all but so much. */
const flushMs = 1000
/** Workers say how far they have got ten times a second. */
const endWaitMs = 2000

export async function recordLive(options: LiveOptions): Promise<number> {
  return new LiveRecord(options).run()
}

class LiveRecord {
  readonly #options: LiveOptions
  readonly #progress: Progress
  #stream: EventStream | undefined
  #merger: EventMerger | undefined
  #isEnding = false
  /** When it ends: how often each worker has yet to say how far it has got. */
  #syncsLeft: Map<number, number> | undefined
  #workers = 0
  #wake: () => void = () => {}

  constructor(options: LiveOptions) {
    this.#options = options
    this.#progress = new Progress(options.terminal)
  }

  async run(): Promise<number> {
    const { forMs, files, terminal } = this.#options
    process.on('SIGINT', this.#onEnd).on('SIGTERM', this.#onEnd)
    const timer = forMs === undefined ? undefined : setTimeout(this.#onEnd, forMs)
    let failure: string | undefined
    try {
      while (!this.#isEnding) failure = await this.#follow()
    } finally {
      clearTimeout(timer)
      process.off('SIGINT', this.#onEnd).off('SIGTERM', this.#onEnd)
      this.#options.recorder.end(Date.now())
      await files.close()
      this.#progress.end()
    }
    if (failure !== undefined) {
      terminal.err(`postern: ${failure}\n`)
      return exitCodes.failed
    }
    this.#summarize()
    return exitCodes.fine
  }

  /** What happened up to now is still on its way; who asks twice does not want to wait for it. */
  #onEnd = (): void => {
    this.#wake()
    if (this.#isEnding || !this.#options.recorder.isRecording) this.#stream?.close()
    else setTimeout(() => this.#stream?.close(), endWaitMs).unref()
    this.#isEnding = true
    const numbers = Array.from({ length: this.#workers }, (_, index) => index + 1)
    // What is said next may have been on its way already; what is said after that was not.
    this.#syncsLeft = new Map(numbers.map((worker) => [worker, 2]))
  }

  #onSyncAtEnd(worker: number): void {
    const left = this.#syncsLeft
    // Workers that have just started anew first say which sessions they have.
    if (left === undefined || this.#merger?.isBegun !== true) return
    left.set(worker, (left.get(worker) ?? 1) - 1)
    if ([...left.values()].every((count) => count <= 0)) this.#stream?.close()
  }

  /** One connection, from its beginning to its end; answers what makes going on senseless. */
  async #follow(): Promise<string | undefined> {
    const { controlSocket, recorder, files, terminal } = this.#options
    const stream = followEvents(controlSocket, 'trace', {
      onBegin: ({ workers }) => {
        recorder.forget()
        this.#workers = workers
        this.#merger = new EventMerger(workers, (event) => recorder.event(event))
      },
      onEvent: (event) => this.#merger?.event(event),
      onSync: (sync) => this.#onSync(sync),
    })
    this.#stream = stream
    const timer = setInterval(() => this.#onFlush(stream), flushMs)
    let isOver = false
    try {
      await stream.ended
    } catch (error) {
      if (!PosternError.is(error)) throw error
      if (!recorder.isRecording) {
        this.#isEnding = true
        return `${error.message}; is the daemon running?`
      }
      isOver = true
    } finally {
      clearInterval(timer)
    }
    if (files.failure !== undefined) {
      this.#isEnding = true
      return `the trace cannot be written: ${files.failure.message}`
    }
    if (!this.#isEnding) {
      if (!isOver) terminal.err('postern: the stream ended; beginning anew\n')
      await this.#pause()
    }
    return undefined
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, retryMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #onSync(sync: { readonly worker: number; readonly upTo: number; readonly lost: number }): void {
    const { recorder, terminal } = this.#options
    const merger = this.#merger
    if (merger === undefined) return
    const wasBegun = merger.isBegun
    merger.progress(sync)
    if (!wasBegun && merger.isBegun) this.#onBegun()
    this.#onSyncAtEnd(sync.worker)
    if (sync.lost === 0) return
    recorder.lost(sync.lost)
    terminal.err(`postern: ${sync.lost} events were lost; beginning anew with what is open\n`)
    this.#stream?.close()
  }

  #onBegun(): void {
    const { recorder, files } = this.#options
    const isFirst = !recorder.isRecording
    recorder.start()
    if (files.failure !== undefined) this.#stream?.close()
    else if (isFirst) this.#greet()
  }

  #greet(): void {
    const { recorder, path, terminal } = this.#options
    terminal.err(
      `recording to ${path}, ${recorder.counts().openCount} sessions open; Ctrl-C ends it\n`,
    )
  }

  #onFlush(stream: EventStream): void {
    const { recorder, files } = this.#options
    if (files.failure !== undefined) stream.close()
    recorder.rotate()
    void files.flush()
    this.#progress.show(() => countsText(recorder, files))
  }

  #summarize(): void {
    const { recorder, files, path, terminal } = this.#options
    if (!recorder.isRecording) return
    terminal.err(`${countsText(recorder, files)}\n`)
    terminal.err(`postern replay ${path} --policy NEW.conf tries another policy on it\n`)
  }
}

function countsText(recorder: Recorder, files: TraceFiles): string {
  const { eventCount, refusedCount, openCount, lostCount, partCount } = recorder.counts()
  const size = (files.writtenBytes / 1024 / 1024).toFixed(1)
  const lost = lostCount === 0 ? '' : `, ${lostCount} lost`
  const parts = partCount > 1 ? ` in ${partCount} files` : ''
  return `${eventCount} events, ${refusedCount} refused, ${openCount} open${lost}, ${size} MiB${parts}`
}
