// What a dialogue has to say and to ask for, gathered until the caller takes it.

import type {
  DialogueActions,
  DialogueClose,
  DialogueCloseReason,
  DialogueEvent,
  DialogueLog,
} from './dialogue.ts'

/** Filled while one input is worked on, then taken and empty again. */
export class Answer {
  #replies = ''
  #logs: DialogueLog[] = []
  /** At most one: each of them ends the work on an input. */
  #news: Pick<DialogueActions, 'event' | 'rest' | 'close'> = {}

  say(text: string): void {
    this.#replies += text
  }

  log(text: string, action: DialogueLog['action']): void {
    this.#logs.push({ level: 'info', text, action })
  }

  ask(event: DialogueEvent): void {
    this.#news = { event }
  }

  handOver(rest: Buffer): void {
    this.#news = { rest }
  }

  close(reason: DialogueCloseReason): void {
    this.#news = { close: closeFor(reason) }
  }

  take(pausesClient: boolean): DialogueActions {
    const replies = this.#replies
    const logs = this.#logs
    const news = this.#news
    this.#replies = ''
    this.#logs = []
    this.#news = {}
    return {
      ...(logs.length === 0 ? {} : { logs }),
      ...(replies === '' ? {} : { toClient: [Buffer.from(replies)] }),
      ...(pausesClient ? { pauseClient: true } : {}),
      ...news,
    }
  }
}

function closeFor(reason: DialogueCloseReason): DialogueClose {
  // A caller that heeds `pauseClient` never sees this one; the others are a client's doing.
  const level = reason === 'too much sent before the reply' ? 'warn' : 'info'
  return { reason, level, lingers: reason !== 'client quit' }
}
