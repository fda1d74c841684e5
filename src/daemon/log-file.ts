// One log destination: a file opened for appending, or stderr. It never blocks the event loop and
// never grows without bound: what cannot be written in time is counted and dropped.

import { close, openSync, write, writeSync } from 'node:fs'
import { PosternError } from '../base/errors.ts'
import { errnoText } from '../gateway/errno.ts'
import type { LogSink } from './log-sink.ts'

/**
 * Lines waiting for a slow disk or an unread pipe. One mebibyte is some 8,000 lines, minutes of log
 * at the rate limit, and little beside the memory of the sessions themselves. As much again may be
 * in the write under way.
 */
const pendingBytesMax = 1024 * 1024
/** How long `close` waits for a destination that does not take its bytes. */
const closeWaitMs = 1000

/** The path that means standard error. */
export const stderrPath = 'stderr'

/** An append-only destination of log lines. */
export class LogFile implements LogSink {
  readonly path: string
  #fd: number
  /** Descriptors replaced while a write was under way. */
  #retired: number[] = []
  #pending: string[] = []
  #pendingBytes = 0
  #isWriting = false
  #isClosed = false
  #droppedCount = 0
  #errorCount = 0
  #onIdle: (() => void) | undefined

  private constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
  }

  /** Opens a file for appending, made when absent; `stderr` is standard error. */
  static open(path: string): LogFile {
    return new LogFile(path, openForAppend(path))
  }

  /** Lines dropped since the start: the destination was too slow. */
  get droppedCount(): number {
    return this.#droppedCount
  }

  /** Writes that failed since the start: disk full, broken pipe. */
  get errorCount(): number {
    return this.#errorCount
  }

  /** Queues one line, newline included. Never throws, never waits. */
  write(line: string): void {
    const sizeBytes = Buffer.byteLength(line)
    if (this.#isClosed || this.#pendingBytes + sizeBytes > pendingBytesMax) {
      this.#droppedCount += 1
      return
    }
    this.#pending.push(line)
    this.#pendingBytes += sizeBytes
    if (this.#isWriting) return
    this.#isWriting = true
    // All lines of one turn of the event loop go out in one write.
    setImmediate(this.#writeNext)
  }

  /**
   * Opens the path anew, for logrotate. On failure the old file stays in use and an error is
   * thrown.
   */
  reopen(): void {
    if (this.path === stderrPath) return
    const oldFd = this.#fd
    this.#fd = openForAppend(this.path)
    // A write under way holds the old descriptor: it is closed once nothing is being written.
    if (this.#isWriting) this.#retired.push(oldFd)
    else closeQuietly(oldFd)
  }

  /** Writes what is queued, waiting a bounded time, and closes the file. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#isWriting) await this.#idle()
    this.#closeDescriptor()
  }

  /** Writes what is queued at once and blocking, for a process that is about to die. */
  closeNow(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      writeSync(this.#fd, this.#takePending())
    } catch {
      this.#errorCount += 1
    }
    this.#closeDescriptor()
  }

  #writeNext = (): void => {
    this.#retired.splice(0).forEach(closeQuietly)
    if (this.#pending.length === 0) {
      this.#isWriting = false
      this.#onIdle?.()
      return
    }
    this.#writeAll(Buffer.from(this.#takePending()))
  }

  #writeAll(chunk: Buffer): void {
    write(this.#fd, chunk, (error, writtenBytes) => {
      if (error !== null) this.#errorCount += 1
      else if (writtenBytes < chunk.length) {
        this.#writeAll(chunk.subarray(writtenBytes))
        return
      }
      this.#writeNext()
    })
  }

  #takePending(): string {
    const text = this.#pending.join('')
    this.#pending = []
    this.#pendingBytes = 0
    return text
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, closeWaitMs)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #closeDescriptor(): void {
    if (this.path !== stderrPath) closeQuietly(this.#fd)
  }
}

/** Log files are for the operator and his group; a log may name users and addresses. */
const logFileMode = 0o640
const stderrFd = 2

function openForAppend(path: string): number {
  if (path === stderrPath) return stderrFd
  try {
    return openSync(path, 'a', logFileMode)
  } catch (cause) {
    throw new PosternError('daemon.log_open', `open() "${path}" failed (${errnoText(cause)})`, {
      cause,
    })
  }
}

function closeQuietly(fd: number): void {
  close(fd, ignoreResult)
}

function ignoreResult(): void {}
