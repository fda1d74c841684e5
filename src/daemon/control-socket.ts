// The control socket: a Unix socket for the daemon's own user, over which the command line asks
// what is going on, ends sessions and changes caps, and is told events as they happen.

import { lstatSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { PosternError } from '../base/errors.ts'
import { requestLengthMax } from './control-protocol.ts'
import type { ControlRequest, ControlResponse, EventsRequest } from './control-protocol.ts'
import { streamEvents } from './event-stream.ts'
import type { EventSource } from './event-stream.ts'
import { parseRequest } from './control-requests.ts'
import { errnoText } from '../gateway/errno.ts'

export type ControlHandler = (
  request: Exclude<ControlRequest, EventsRequest>,
) => ControlResponse | Promise<ControlResponse>

/** Who answers. */
export interface ControlAnswers {
  readonly answer: ControlHandler
  readonly events: EventSource
}

/** Operators and a monitoring agent; more at once are a mistake in a script. */
const clientsMax = 32
/** A client that neither asks nor reads for so long is gone. */
const idleMs = 10_000
/** Nobody but the daemon's user may ask, from the first instant the socket exists. */
const privateUmask = 0o177

/** A bound control socket. */
export class ControlSocket {
  readonly path: string
  readonly #server: Server
  readonly #clients = new Set<Socket>()

  private constructor(path: string, server: Server) {
    this.path = path
    this.#server = server
  }

  /** Binds the socket, replacing one that a dead daemon left; rejects with a PosternError. */
  static async bind(path: string, answers: ControlAnswers): Promise<ControlSocket> {
    const server = createServer({ pauseOnConnect: true })
    server.maxConnections = clientsMax
    const control = new ControlSocket(path, server)
    server.on('connection', (socket) => control.#onConnection(socket, answers))
    try {
      removeStaleSocket(path)
      await listenPrivately(server, path)
    } catch (cause) {
      const message = `bind() to control socket "${path}" failed (${errnoText(cause)})`
      throw new PosternError('daemon.control_socket', message, { cause })
    }
    return control
  }

  /** Ends every conversation and removes the socket. */
  close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #onConnection(socket: Socket, answers: ControlAnswers): void {
    socket.on('error', () => socket.destroy())
    socket.setTimeout(idleMs, () => socket.destroy())
    this.#clients.add(socket)
    socket.on('close', () => this.#clients.delete(socket))
    converse(socket, answers).catch(() => socket.destroy())
  }
}

/** Reads requests and answers them one after the other: an unread answer stops the reading. */
async function converse(socket: Socket, answers: ControlAnswers): Promise<void> {
  let partial = ''
  let endStream: (() => void) | undefined
  socket.setEncoding('utf8')
  try {
    // The type of a chunk is unknown to the iterator; with an encoding set it is text.
    for await (const chunk of socket as AsyncIterable<string>) {
      // Nothing more is asked there; reading on is how its end is noticed.
      if (endStream !== undefined) continue
      const lines = (partial + chunk).split('\n')
      partial = lines.pop() ?? ''
      for (const line of lines) {
        if (line.length > requestLengthMax) return refuseLine(socket)
        if (line.trim() === '' || endStream !== undefined) continue
        const parsed = parseRequest(line)
        if ('request' in parsed && parsed.request.request === 'events') {
          endStream = streamEvents(socket, parsed.request.stream, answers.events)
        } else await answer(socket, await respond(parsed, answers.answer))
      }
      if (partial.length > requestLengthMax) return refuseLine(socket)
    }
  } finally {
    endStream?.()
  }
}

function refuseLine(socket: Socket): void {
  const problem = `A request has at most ${requestLengthMax} characters.`
  socket.end(`${JSON.stringify({ ok: false, problem })}\n`)
}

async function respond(
  parsed: ReturnType<typeof parseRequest>,
  handle: ControlHandler,
): Promise<ControlResponse> {
  if ('problem' in parsed) return { ok: false, problem: parsed.problem }
  const { request } = parsed
  if (request.request === 'events') return { ok: false, problem: 'Events come as a stream.' }
  try {
    return await handle(request)
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) }
  }
}

function answer(socket: Socket, response: ControlResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(`${JSON.stringify(response)}\n`, (error) => {
      if (error === undefined || error === null) resolve()
      else reject(error)
    })
  })
}

/** Only a socket is removed: anything else at this path is not ours. */
function removeStaleSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found?.isSocket() === true) unlinkSync(path)
}

function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // listen() binds before it returns, so no other code runs under this umask.
    const umask = process.umask(privateUmask)
    try {
      server.listen(path, resolve)
    } finally {
      process.umask(umask)
    }
  })
}
