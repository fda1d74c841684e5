import { afterEach, describe, expect, it, vi } from 'vitest'
import { fakeAnswers } from '../../../test/kit/fake-answers.ts'
import type { Answer, Asking, GateClient } from '../wire/gate-client.ts'
import { startPaths } from '../wire/questions.ts'
import { Live } from './live.ts'

/** Answers every question, and counts how many are open at once. */
class FakeClient implements Pick<GateClient, 'ask' | 'takeToken' | 'hasToken'> {
  readonly asked: string[] = []
  openMax = 0
  hasToken = false
  answer: (path: string) => Answer<unknown> = (path) => ({ kind: 'answer', value: valueOf(path) })
  #open = 0

  async ask<T>(path: string, _asking?: Asking): Promise<Answer<T>> {
    this.asked.push(path)
    this.#open += 1
    this.openMax = Math.max(this.openMax, this.#open)
    await Promise.resolve()
    this.#open -= 1
    return this.answer(path) as Answer<T> // the fake's own
  }

  takeToken(): void {
    this.hasToken = true
  }
}

function valueOf(path: string): unknown {
  const answers: Readonly<Record<string, unknown>> = { ...fakeAnswers(1) }
  return answers[/^v1\/([a-z]+)/.exec(path)?.[1] ?? '']
}

interface Scene {
  readonly live: Live
  readonly client: FakeClient
  isWatched: boolean
}

let stop: () => void = () => {}

/** Runs until the end of the test, on a clock that the test moves. */
function start(isWatched = true): Scene {
  vi.useFakeTimers()
  const client = new FakeClient()
  const scene = { client, isWatched } as { -readonly [K in keyof Scene]: Scene[K] } // filled below
  scene.live = new Live({
    client: client as unknown as GateClient, // of which it uses no more
    paths: startPaths,
    nowMs: Date.now,
    isWatched: () => scene.isWatched,
  })
  stop = () => scene.live.stop()
  void scene.live.run()
  return scene
}

afterEach(() => {
  stop()
  vi.useRealTimers()
})

const count = (client: FakeClient, path: string): number =>
  client.asked.filter((asked) => asked.startsWith(path)).length

describe('the live state', () => {
  it('asks one question at a time, each as often as it is worth', async () => {
    const { client, live } = start()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(client.openMax).toBe(1)
    expect(count(client, 'v1/status')).toBeGreaterThanOrEqual(8)
    expect(count(client, 'v1/status')).toBeLessThanOrEqual(11)
    expect(count(client, 'v1/history')).toBeLessThanOrEqual(3)
    expect(live.state.gate).toBe('answering')
  })

  it('asks nothing while nobody looks, and everything when somebody does again', async () => {
    const scene = start(false)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(scene.client.asked).toEqual([])
    scene.isWatched = true
    scene.live.refresh()
    await vi.advanceTimersByTimeAsync(1)
    expect(new Set(scene.client.asked)).toEqual(new Set(Object.values(startPaths)))
  })

  it('keeps what it knows when the gate is gone, and knows since when', async () => {
    const { client, live } = start()
    await vi.advanceTimersByTimeAsync(100)
    const { answeredMs } = live.state
    client.answer = () => ({ kind: 'silence', message: 'no connection' })
    await vi.advanceTimersByTimeAsync(10_000)
    const { gate, feeds, awayWhy } = live.state
    expect([gate, awayWhy, live.state.answeredMs]).toEqual(['away', 'no connection', answeredMs])
    expect(feeds.limits.value?.limits).not.toHaveLength(0)
    client.answer = (path) => ({ kind: 'answer', value: valueOf(path) })
    await vi.advanceTimersByTimeAsync(5000)
    expect(live.state.gate).toBe('answering')
  })

  it('does not hurry a gate that is away: one question each time', async () => {
    const { client } = start()
    client.answer = () => ({ kind: 'silence', message: 'no connection' })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(client.asked.length).toBeLessThanOrEqual(6)
  })

  it('drops the answer to what is not asked any more', async () => {
    const { client, live } = start()
    await vi.advanceTimersByTimeAsync(100)
    client.answer = (path) => {
      if (path === startPaths.sessions) live.ask('sessions', 'v1/sessions?user=ada')
      return { kind: 'answer', value: { path } }
    }
    await vi.advanceTimersByTimeAsync(10_000)
    const { sessions } = live.state.feeds
    expect(sessions.path).toBe('v1/sessions?user=ada')
    expect(sessions.value).toEqual({ path: 'v1/sessions?user=ada' })
  })

  it('shows a refusal where it belongs, and waits longer when the gate is busy', async () => {
    const { client, live } = start()
    client.answer = (path) =>
      path === startPaths.sessions
        ? { kind: 'refusal', status: 400, message: 'cidr is an address', diagnostics: [] }
        : path === startPaths.budgets
          ? { kind: 'refusal', status: 429, message: 'Too much', diagnostics: [] }
          : { kind: 'answer', value: valueOf(path) }
    await vi.advanceTimersByTimeAsync(12_000)
    const { sessions, budgets } = live.state.feeds
    expect([sessions.problem, budgets.problem]).toEqual(['cidr is an address', undefined])
    expect(count(client, 'v1/budgets')).toBeLessThanOrEqual(3)
  })
})
