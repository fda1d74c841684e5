// Asks the running daemon one question over its control socket.

import { createConnection } from 'node:net'
import type { Socket } from 'node:net'
import { PosternError } from '../base/errors.ts'
import type { ControlRequest, ControlResponse, ControlResults } from './control-protocol.ts'
import { errnoName, errnoText } from '../gateway/errno.ts'

/** A live daemon answers within a turn of its event loop; so long means it hangs. */
const answerWaitMs = 5000
/** Above the largest answer, 10,000 sessions; a peer that sends more is not Postern. */
const answerLengthMax = 16 * 1024 * 1024

/** Answers the request's result; rejects with a PosternError that says what is wrong. */
export async function askDaemon<K extends keyof ControlResults>(
  path: string,
  request: Extract<ControlRequest, { request: K }>,
): Promise<ControlResults[K]> {
  const line = await exchange(path, `${JSON.stringify(request)}\n`)
  const response = parseResponse(line)
  if (response === undefined) throw controlError(path, 'the answer is not from Postern')
  if (!response.ok) throw new PosternError('daemon.control_socket', response.problem)
  // Checked by the protocol: the daemon answers request K with ControlResults[K].
  return response.result as ControlResults[K]
}

/** True when a process accepts connections on the socket: the daemon that bound it lives. */
export function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    const settle = (isLive: boolean) => {
      socket.destroy()
      resolve(isLive)
    }
    // EAGAIN: its backlog is full, so there is somebody.
    socket.on('error', (error) => settle(errnoName(error) === 'EAGAIN'))
    socket.on('connect', () => settle(true))
  })
}

function exchange(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    const fail = (problem: string) => {
      socket.destroy()
      reject(controlError(path, problem))
    }
    socket.on('error', (error) => fail(errnoText(error)))
    socket.setTimeout(answerWaitMs, () => fail('no answer in time'))
    socket.write(line)
    readLine(socket, resolve, fail)
  })
}

function readLine(
  socket: Socket,
  onLine: (line: string) => void,
  onProblem: (problem: string) => void,
): void {
  const chunks: string[] = []
  let length = 0
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > answerLengthMax) onProblem('the answer is too long')
    if (!chunk.includes('\n')) return
    socket.destroy()
    onLine(chunks.join(''))
  })
  socket.on('end', () => onProblem('it closed without an answer'))
}

function controlError(path: string, problem: string): PosternError {
  return new PosternError('daemon.control_socket', `control socket "${path}": ${problem}`)
}

function parseResponse(line: string): ControlResponse | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null) return undefined
    if ('ok' in value && value.ok === true && 'result' in value) {
      return { ok: true, result: value.result }
    }
    if ('problem' in value && typeof value.problem === 'string') {
      return { ok: false, problem: value.problem }
    }
    return undefined
  } catch {
    return undefined
  }
}
