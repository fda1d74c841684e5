// What the commands need of a keyboard, so that tests can put anything in its place.

import { createInterface } from 'node:readline/promises'
import type { ReadStream, WriteStream } from 'node:tty'

export interface Keyboard {
  /** False: nobody could type. */
  readonly isTerminal: boolean
  /** Asks for a line. */
  ask(question: string): Promise<string>
  /** Calls the listener for every key until the function that comes back is called. */
  keys(onKey: (key: string) => void): () => void
}

export function consoleKeyboard(input: ReadStream, output: WriteStream): Keyboard {
  return {
    isTerminal: input.isTTY,
    async ask(question) {
      const lines = createInterface({ input, output })
      // Ctrl-C and Ctrl-D are answers, too: none.
      const aborted = new Promise<string>((resolve) => lines.on('close', () => resolve('')))
      const answer = await Promise.race([lines.question(question), aborted])
      lines.close()
      return answer
    },
    keys(onKey) {
      const onData = (chunk: Buffer): void => {
        for (const key of keysIn(chunk.toString())) onKey(key)
      }
      input.setRawMode(true)
      input.on('data', onData)
      input.resume()
      return () => {
        input.off('data', onData)
        input.setRawMode(false)
        input.pause()
      }
    },
  }
}

const named: ReadonlyMap<string, string> = new Map([
  ['\u001B[A', 'up'],
  ['\u001BOA', 'up'],
  ['\u001B[B', 'down'],
  ['\u001BOB', 'down'],
  ['\u001B[5~', 'page-up'],
  ['\u001B[6~', 'page-down'],
  ['\u001B[Z', 'back-tab'],
  ['\u001B', 'escape'],
  ['\t', 'tab'],
  ['\r', 'enter'],
  ['\n', 'enter'],
  ['\u007F', 'backspace'],
  ['\b', 'backspace'],
  ['\u0003', 'interrupt'],
  ['\u0004', 'interrupt'],
])

/**
 * The keys in what a terminal sent at once: names of those above, and characters as they are. Other
 * sequences do nothing.
 */
export function keysIn(text: string): string[] {
  const pieces = text.match(/\u001B(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])?|[^\u001B]/gu) ?? []
  return pieces.flatMap((piece) => {
    const name = named.get(piece)
    if (name !== undefined) return [name]
    return piece.length > 0 && (piece.codePointAt(0) ?? 0) >= 0x20 ? [piece] : []
  })
}
