// Asks a running daemon over its control socket: newline-separated JSON, as scripts would.

import { connect } from 'node:net'
import { within } from './until.ts'

/** The fields of a status answer that the tests read. */
export interface Status {
  readonly pid: number
  readonly revision: number
  readonly sessionsActive: number
  readonly admittedTotal: number
  readonly refusedTotal: number
  readonly refusalsLingering: number
  readonly isDraining: boolean
  /** Ids of the Listens that are bound. */
  readonly bound: readonly string[]
  readonly audit?: {
    readonly drift: number
    readonly leakedIds: readonly number[]
    readonly unknownIds: readonly number[]
  }
  /** Absent with one worker. */
  readonly workers?: {
    readonly configured: number
    readonly running: number
    readonly restartedTotal: number
    readonly hostPid?: number
  }
}

export interface Budget {
  readonly zone: string
  readonly key: string
  readonly usedCount: number
}

/** The fields of an explain answer that the tests read. */
export interface Explained {
  readonly answer: 'admit' | 'refuse'
  readonly limits: readonly {
    readonly option: string
    readonly tier: string
    readonly scope: string
    readonly usedCount: number
    readonly capMax?: number
  }[]
  readonly options: readonly { readonly option: string; readonly value: unknown }[]
}

export async function askStatus(path: string): Promise<Status> {
  return (await ask(path, { request: 'status' })) as Status // as the control protocol defines it
}

export async function askBudgets(path: string): Promise<readonly Budget[]> {
  const answer = await ask(path, { request: 'budgets' })
  return (answer as { budgets: readonly Budget[] }).budgets // as the control protocol defines it
}

/** Sends one request and resolves with its result; rejects when the daemon says it cannot. */
export async function ask(path: string, request: object): Promise<unknown> {
  const line = await askRaw(path, JSON.stringify(request))
  const answer: unknown = JSON.parse(line)
  if (typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === true) {
    return 'result' in answer ? answer.result : undefined
  }
  throw new Error(`the control socket answered ${line}`)
}

/** Sends one line and resolves with the one that answers it. */
export async function askRaw(path: string, line: string): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    const socket = connect(path)
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', reject)
    socket.on('end', () => reject(new Error(`closed after ${JSON.stringify(text)}`)))
    socket.on('data', (chunk: string) => {
      text += chunk
      if (!text.includes('\n')) return
      socket.destroy()
      resolve(text.slice(0, text.indexOf('\n')))
    })
    socket.write(`${line}\n`)
  })
  return within(`answer of the control socket to ${line}`, answer)
}
