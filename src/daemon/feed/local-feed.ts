// The events of a daemon with one thread.

import type { Clock } from '../../base/clock.ts'
import { EventFeed, ownOrder } from './event-feed.ts'
import { Subscribers } from './subscribers.ts'

export interface LocalFeed {
  readonly feed: EventFeed
  readonly subscribers: Subscribers
}

export function localFeed(clock: Clock): LocalFeed {
  const subscribers = new Subscribers()
  const feed = new EventFeed({
    worker: 1,
    clock,
    order: ownOrder(),
    send: (batch) => subscribers.publish(batch),
  })
  return { feed, subscribers }
}
