// The stream of events as a program reads it from the control socket, with one worker and with two.

import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { EventView } from '../../src/engine/event-view.ts'
import { Gate } from './kit/gate.ts'
import { until } from './kit/until.ts'

/** Reads the trace of a gate; `events` are those so far. */
async function follow(gate: Gate): Promise<{ readonly events: readonly EventView[] }> {
  const socket = connect(gate.place.path('postern.sock'))
  onTestFinished(() => void socket.destroy())
  const events: EventView[] = []
  const begun = new Set<number>()
  let partial = ''
  let workers = 0
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (partial + chunk).split('\n')
    partial = lines.pop() ?? ''
    for (const line of lines) {
      const view = JSON.parse(line)
      if (view.ok === true) workers = view.result.workers
      else if (view.event !== 'sync') events.push(view)
      if (view.event === 'began') begun.add(view.worker)
    }
  })
  socket.write('{"request":"events","stream":"trace"}\n')
  await until('the beginning of every worker', () => workers > 0 && begun.size === workers)
  return { events }
}

describe.each([1, 2])('the events of %i workers', (workers) => {
  it('tell who was there, who came, who was refused by what, and who left', async () => {
    const gate = await Gate.start({ config: `Workers = ${workers} E{SS=21 Listen ":25"{}}` })
    const first = await gate.play('A@25 x20 ok')
    const { events } = await follow(gate)
    const count = (kind: EventView['event']): number =>
      events.filter(({ event }) => event === kind).length
    await until('the sessions that are open', () => count('open') === 20)
    await gate.play('A@25 ok, A@25 421')
    await first[0]?.close()
    await until('the refusal and the end', () => count('refused') === 1 && count('closed') === 1)
    const refused = events.find(({ event }) => event === 'refused')
    expect(refused).toMatchObject({
      stage: 'connect',
      decidedBy: { option: 'service_sessions', used: 21, cap: 21, origin: { line: 2 } },
    })
    const inOrder = events.toSorted((a, b) => a.order - b.order).map(({ event }) => event)
    expect(inOrder.filter((kind) => !['began', 'open'].includes(kind))).toEqual([
      'opened',
      'refused',
      'closed',
    ])
  })
})

describe('events of several workers', () => {
  it('say that a worker, or all of them, died', async () => {
    const gate = await Gate.start({
      config: `Workers = 2 E{SS=21 Listen ":25"{}}`,
      expectsAlerts: true,
    })
    const { events } = await follow(gate)
    process.kill(await gate.servingPid(), 'SIGKILL')
    await until('the end of all', () => events.some(({ event }) => event === 'all_lost'))
    const begun = (): number => events.filter(({ event }) => event === 'began').length
    await until('the beginning of their successors', () => begun() === 4)
    await gate.admits('A@25')
    await until('a session', () => events.some(({ event }) => event === 'opened'))
  })
})
