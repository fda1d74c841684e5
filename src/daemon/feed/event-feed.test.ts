// The streams of one thread: whole, in order, bounded, and nothing at all while nobody listens.

import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../../test/kit/manual-clock.ts'
import { buildPolicy } from '../../../test/kit/policy.ts'
import { createEngine } from '../../engine/create-engine.ts'
import type { EventView } from '../../engine/event-view.ts'
import type { EventBatch } from './event-feed.ts'
import { EventFeed, orderMemory, ownOrder, sharedOrder } from './event-feed.ts'

function setUp() {
  const clock = new ManualClock()
  const batches: EventBatch[] = []
  const order = ownOrder()
  const feed = new EventFeed({ worker: 1, clock, order, send: (batch) => batches.push(batch) })
  const { nextOrder, onEvent } = feed
  const engine = createEngine({
    policy: buildPolicy({ smtp: { ss: 2, listens: { ':25': {} } } }),
    clock,
    nextOrder,
    onEvent,
  })
  feed.follow(engine)
  const open = (remote: string) => engine.open({ listenId: '*:25', remote })
  const events = (): EventView[] => {
    feed.flush()
    return batches.splice(0).flatMap((batch) => batch.events.map((line) => JSON.parse(line)))
  }
  return { clock, order, feed, engine, open, events, batches }
}

describe('the event feed', () => {
  it('draws no place in the order and keeps nothing while nobody listens', () => {
    const { open, order, feed, batches } = setUp()
    open('192.0.2.1')
    feed.flush()
    expect([order.last(), batches]).toEqual([0, []])
  })

  it('tells a trace which sessions are open, then what happens, in order', () => {
    const { open, feed, engine, events, clock } = setUp()
    const first = open('192.0.2.1')
    clock.advance(500)
    feed.set(['trace'])
    feed.begin(7)
    open('192.0.2.2')
    open('192.0.2.3')
    if (first.kind === 'admit') engine.close(first.session)
    const seen = events()
    expect(seen.map(({ event, order }) => [event, order])).toEqual([
      ['began', 1],
      ['open', 1],
      ['opened', 2],
      ['refused', 3],
      ['closed', 4],
    ])
    expect(seen[1]).toMatchObject({ session: 1, client: '192.0.2.1', ageMs: 500 })
    expect(seen[3]).toMatchObject({
      client: '192.0.2.3',
      stage: 'connect',
      decidedBy: { option: 'service_sessions', used: 2, cap: 2 },
    })
    expect(seen[3]).not.toHaveProperty('findings')
    expect(seen[4]).toMatchObject({ session: 1, lengthMs: 500 })
  })

  it('shows eyes the whole verdict, and no more than they can read', () => {
    const { open, feed, batches } = setUp()
    feed.set(['watch'])
    for (let count = 0; count < 1000; count += 1) open('192.0.2.1')
    feed.flush()
    expect(batches).toHaveLength(1)
    expect(batches[0]?.events).toHaveLength(250)
    expect(batches[0]?.lostCount).toBe(750)
    const last: EventView = JSON.parse(batches[0]?.events.at(-1) ?? '')
    expect(last).toMatchObject({ event: 'refused', findings: [{}, {}] })
  })

  it('holds what is certain back until all open sessions are told', () => {
    const { open, feed, engine, batches } = setUp()
    engine.replacePolicy(buildPolicy({ smtp: { listens: { ':25': {} } } }))
    for (let count = 0; count < 5000; count += 1) open('192.0.2.1')
    feed.set(['trace'])
    feed.begin(1)
    feed.flush()
    open('192.0.2.9')
    feed.flush()
    feed.flush()
    const told = batches.map(({ subscription, upTo, events }) => [
      subscription,
      upTo,
      events.length,
    ])
    expect(told).toEqual([
      [1, 0, 2001],
      [undefined, 0, 0],
      [1, 0, 2000],
      [undefined, 0, 1],
      [1, 0, 1000],
      [undefined, 2, 0],
    ])
  })

  it('stops when the last listener leaves', () => {
    const { open, feed, order, events } = setUp()
    feed.set(['trace', 'watch'])
    open('192.0.2.1')
    feed.set([])
    open('192.0.2.1')
    expect([order.last(), events()]).toEqual([1, []])
  })

  it('draws from one row for all threads', () => {
    const memory = orderMemory()
    const [one, other] = [sharedOrder(memory), sharedOrder(memory)]
    expect([one.next(), other.next(), one.next(), other.last()]).toEqual([1, 2, 3, 3])
  })
})
