// What this page can change. Each is one request; what the gate says to it is shown as it is.

import type { Answer, GateClient } from './gate-client.ts'
import { pathOf } from './questions.ts'
import type { Kicked, ReloadAnswer } from './shapes.ts'

/** As many as the gate ends at once; more are a stop, or a mistake. */
export const kickedMax = 1000

export interface Actions {
  setCap(id: string, capMax: number): Promise<Answer<unknown>>
  kick(sessionId: number): Promise<Answer<Kicked>>
  kickMatching(query: Readonly<Record<string, string>>): Promise<Answer<Kicked>>
  /** What a reload would do; changes nothing. */
  previewReload(): Promise<Answer<ReloadAnswer>>
  reload(): Promise<Answer<ReloadAnswer>>
  drain(): Promise<Answer<unknown>>
}

export function actionsOf(client: GateClient): Actions {
  return {
    setCap: (id, capMax) =>
      client.ask(`v1/limits/${encodeURIComponent(id)}`, { method: 'POST', body: { capMax } }),
    kick: (sessionId) => client.ask(`v1/sessions/${sessionId}`, { method: 'DELETE' }),
    kickMatching: (query) =>
      client.ask(pathOf('v1/sessions', { ...query, count: kickedMax }), { method: 'DELETE' }),
    previewReload: () => client.ask('v1/reload', { method: 'POST', body: { dry: true } }),
    reload: () => client.ask('v1/reload', { method: 'POST', body: { dry: false } }),
    drain: () => client.ask('v1/drain', { method: 'POST', body: {} }),
  }
}

/** In words; undefined when it was done. */
export function problemOf(answer: Answer<unknown>): string | undefined {
  switch (answer.kind) {
    case 'answer':
      return undefined
    case 'silence':
      return `The gate does not answer: ${answer.message}. Whether it was done is not known.`
    case 'refusal':
      return answer.status === 401
        ? `Not done. ${answer.message} The field for the token is at the top of the page.`
        : `Not done: ${answer.message}`
  }
}
