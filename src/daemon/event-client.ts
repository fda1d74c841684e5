// Follows the events of the running daemon over its control socket.

import { createConnection } from 'node:net'
import { PosternError } from '../base/errors.ts'
import { eventVersion } from '../engine/event-view.ts'
import type { EventView } from '../engine/event-view.ts'
import { errnoText } from '../gateway/errno.ts'
import type { EventsReport, SyncLine } from './control-protocol.ts'
import type { StreamName } from './feed/event-feed.ts'

export interface EventHandlers {
  /** The stream stands. */
  readonly onBegin: (report: EventsReport) => void
  readonly onEvent: (event: EventView) => void
  /** Behind each batch. */
  readonly onSync: (sync: SyncLine) => void
}

export interface EventStream {
  /** Resolves when the daemon has ended it; rejects when it never came about or is not Postern's. */
  readonly ended: Promise<void>
  /** Ends it from this side. */
  close(): void
}

/** A daemon that listens says something ten times a second. */
const silenceMs = 30_000
/** A line is an event: a login and headers of 64 KiB at most, escaped. */
const lineLengthMax = 4 * 1024 * 1024

export function followEvents(
  path: string,
  stream: StreamName,
  handlers: EventHandlers,
): EventStream {
  const socket = createConnection(path)
  const ended = new Promise<void>((resolve, reject) => {
    let partial = ''
    let isBegun = false
    const fail = (problem: string): void => {
      reject(new PosternError('daemon.control_socket', `control socket "${path}": ${problem}`))
      socket.destroy()
    }
    socket.setEncoding('utf8')
    socket.setTimeout(silenceMs, () => fail('no events in time'))
    socket.on('error', (error) => fail(errnoText(error)))
    socket.on('data', (chunk: string) => {
      const lines = (partial + chunk).split('\n')
      partial = lines.pop() ?? ''
      if (partial.length > lineLengthMax) fail('a line is too long')
      try {
        for (const line of lines) isBegun = takeLine(line, isBegun, handlers)
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error))
      }
    })
    socket.on('close', () => {
      if (isBegun) resolve()
      else fail('it closed without an answer')
    })
  })
  socket.write(`${JSON.stringify({ request: 'events', stream })}\n`)
  return { ended, close: () => socket.destroy() }
}

/** Answers whether the stream has begun. */
function takeLine(line: string, isBegun: boolean, handlers: EventHandlers): boolean {
  // Checked by the version in the first line: the daemon's types are these.
  const value = JSON.parse(line) as EventView | SyncLine | FirstLine
  if (!isBegun) {
    const first = value as FirstLine
    if (!first.ok) throw new Error(first.problem)
    const { version } = first.result
    if (version !== eventVersion) {
      throw new Error(`the daemon's events are of version ${version}, not ${eventVersion}`)
    }
    handlers.onBegin(first.result)
    return true
  }
  const event = value as EventView | SyncLine
  if (event.event === 'sync') handlers.onSync(event)
  else handlers.onEvent(event)
  return true
}

type FirstLine =
  | { readonly ok: true; readonly result: EventsReport }
  | { readonly ok: false; readonly problem: string }
