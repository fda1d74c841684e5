// Runs `postern top` on a screen and a keyboard until somebody quits.

import { PosternError } from '../../base/errors.ts'
import type { Keyboard } from '../keyboard.ts'
import type { Node } from '../node/node.ts'
import { lineText } from './screen-line.ts'
import { askTop } from './top-data.ts'
import type { TopData } from './top-data.ts'
import { askedOf, firstState, onKey } from './top-state.ts'
import type { Effect, Row, TopState, View } from './top-state.ts'
import { screenOf } from './top-view.ts'
import type { Size } from './top-view.ts'

/** What is drawn on. */
export interface ScreenDevice {
  readonly isTerminal: boolean
  size(): Size
  write(text: string): void
  /** Calls the listener when the size changes, until the function that comes back is called. */
  onResize(listener: () => void): () => void
}

export interface TopLoopOptions {
  readonly node: Node
  readonly keyboard: Keyboard
  readonly screen: ScreenDevice
  readonly isColor: boolean
  readonly cwd: string
  readonly everyMs: number
  readonly view: View
}

// The alternate screen, so that what was on the terminal is there again afterwards.
const enterScreen = '\u001B[?1049h\u001B[?25l'
const leaveScreen = '\u001B[?25h\u001B[?1049l'
const home = '\u001B[H'
const restOfLine = '\u001B[K'
const restOfScreen = '\u001B[J'

export class TopLoop {
  readonly #options: TopLoopOptions
  #state: TopState
  #data: TopData | undefined
  #rows: readonly Row[] = []
  #isAsking = false
  #isStale = false
  #timer: NodeJS.Timeout | undefined
  #end: (() => void) | undefined

  constructor(options: TopLoopOptions) {
    this.#options = options
    this.#state = { ...firstState, view: options.view }
  }

  /** Resolves when somebody quits; rejects when there is no daemon to begin with. */
  async run(): Promise<void> {
    const { keyboard, screen } = this.#options
    this.#data = await this.#ask()
    screen.write(enterScreen)
    const ended = new Promise<void>((resolve) => (this.#end = resolve))
    const offKeys = keyboard.keys((key) => this.#onKey(key))
    const offResize = screen.onResize(() => this.#draw())
    this.#draw()
    this.#again()
    try {
      await ended
    } finally {
      clearTimeout(this.#timer)
      offKeys()
      offResize()
      screen.write(leaveScreen)
    }
  }

  #onKey(key: string): void {
    const { state, effect } = onKey(this.#state, key, this.#rows)
    this.#state = state
    this.#draw()
    this.#carryOut(effect)
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'quit':
        this.#end?.()
        return
      case 'refresh':
        void this.#refresh()
        return
      case 'kick':
        void this.#kick(effect.ids)
        return
      case 'none':
    }
  }

  async #kick(ids: readonly number[]): Promise<void> {
    try {
      const { kickedIds } = await this.#options.node.ask({ request: 'kick', ids })
      const message = kickedIds.length === 0 ? 'it had ended already' : `ended *${kickedIds[0]}`
      this.#state = { ...this.#state, message }
    } catch (error) {
      this.#say(error)
    }
    await this.#refresh()
  }

  #ask(): Promise<TopData> {
    return askTop(this.#options.node, askedOf(this.#state), this.#data, performance.now())
  }

  /** One question at a time; what is asked for meanwhile is asked for after it. */
  async #refresh(): Promise<void> {
    if (this.#isAsking) {
      this.#isStale = true
      return
    }
    this.#isAsking = true
    try {
      do {
        this.#isStale = false
        this.#data = await this.#ask()
      } while (this.#isStale)
    } catch (error) {
      this.#say(error)
    }
    this.#isAsking = false
    this.#draw()
  }

  #again(): void {
    this.#timer = setTimeout(() => {
      const work = this.#state.isPaused ? Promise.resolve() : this.#refresh()
      void work.then(() => this.#again())
    }, this.#options.everyMs)
  }

  /** A daemon that restarts is waited for: top goes on when it is back. */
  #say(error: unknown): void {
    if (!PosternError.is(error)) throw error
    this.#state = { ...this.#state, message: error.message }
  }

  #draw(): void {
    const { screen, isColor, cwd } = this.#options
    if (this.#data === undefined) return
    const size = screen.size()
    const { lines, rows } = screenOf(this.#data, this.#state, size, cwd)
    this.#rows = rows
    const text = lines
      .slice(0, size.rows)
      .map((line) => lineText(line, size.columns, isColor) + restOfLine)
    screen.write(home + text.join('\r\n') + restOfScreen)
  }
}
