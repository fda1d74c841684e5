// Many deadlines, one timer: a hashed wheel whose entries are linked in place, so that setting and
// clearing one costs the same with ten as with a hundred thousand.

import { assert } from './assert.ts'
import type { Clock } from './clock.ts'

// 128 ms: a deadline is met at most one tick late, which together with a busy event loop stays
// within the quarter of a second that idle limits promise (SEMANTICS S22), for eight wake-ups a
// second.
const tickMs = 128

// 512 buckets of 128 ms are 65 s, longer than most waits here; what lies beyond goes round once
// more.
const bucketCount = 512

/** Something that waits for a moment. */
export interface Waiting {
  /** Called once when the moment has come; may schedule this or other deadlines again. */
  onDue(nowMs: number): void
}

/** A place in the wheel for one waiting object. Its fields belong to the wheel. */
export class Deadline {
  readonly owner: Waiting
  dueMs = 0
  next: Deadline | undefined = undefined
  previous: Deadline | undefined = undefined

  constructor(owner: Waiting) {
    this.owner = owner
  }

  /** True from schedule until either onDue or cancel. */
  get isScheduled(): boolean {
    return this.next !== undefined
  }
}

/** Ticks by an interval that never keeps the process alive, or by hand through `advance`. */
export class TimerWheel {
  readonly #clock: Clock
  readonly #buckets: readonly Deadline[]
  readonly #due: Deadline
  #tick: number
  #interval: NodeJS.Timeout | undefined
  readonly #onLate: (lateMs: number) => void
  /** When its timer is due next; only while it ticks. */
  #expectedMs: number | undefined

  /** `onLate` is told by how much each tick was late: what else was done meanwhile. */
  constructor(clock: Clock, onLate: (lateMs: number) => void = () => {}) {
    this.#clock = clock
    this.#onLate = onLate
    this.#buckets = Array.from({ length: bucketCount }, createHead)
    this.#due = createHead()
    this.#tick = Math.floor(clock.monotonicMs() / tickMs)
  }

  /** Begins to tick. */
  start(): void {
    this.#expectedMs ??= this.#clock.monotonicMs() + tickMs
    this.#interval ??= setInterval(() => this.#onTick(), tickMs).unref()
  }

  /** Stops ticking; what is scheduled stays scheduled. */
  stop(): void {
    clearInterval(this.#interval)
    this.#interval = undefined
    this.#expectedMs = undefined
  }

  /** Wakes the owner at the first tick not before `dueMs`; replaces an earlier schedule. */
  schedule(deadline: Deadline, dueMs: number): void {
    unlink(deadline)
    deadline.dueMs = dueMs
    // A moment that is past or now belongs to the next tick: onDue is never called from here.
    append(this.#bucket(Math.max(Math.ceil(dueMs / tickMs), this.#tick + 1)), deadline)
  }

  cancel(deadline: Deadline): void {
    unlink(deadline)
  }

  #onTick(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#onLate(Math.max(0, nowMs - (this.#expectedMs ?? nowMs)))
    // Node sets the timer anew after this, from now.
    this.#expectedMs = nowMs + tickMs
    this.advance()
  }

  /** Brings the wheel up to the clock. */
  advance(): void {
    const nowMs = this.#clock.monotonicMs()
    const last = Math.floor(nowMs / tickMs)
    // After a long sleep one turn passes every bucket; more turns would find nothing new.
    const first = Math.max(this.#tick + 1, last - bucketCount + 1)
    for (let tick = first; tick <= last; tick += 1) {
      this.#tick = tick
      this.#run(this.#bucket(tick), nowMs)
    }
  }

  /** Empties the bucket first: an owner that schedules itself again may land in it once more. */
  #run(bucket: Deadline, nowMs: number): void {
    for (let entry = firstOf(bucket); entry !== undefined; entry = firstOf(bucket)) {
      unlink(entry)
      append(this.#due, entry)
    }
    for (let entry = firstOf(this.#due); entry !== undefined; entry = firstOf(this.#due)) {
      unlink(entry)
      if (entry.dueMs <= nowMs) entry.owner.onDue(nowMs)
      else this.schedule(entry, entry.dueMs)
    }
  }

  #bucket(tick: number): Deadline {
    const bucket = this.#buckets[tick % bucketCount]
    assert(bucket !== undefined, 'a tick outside the wheel')
    return bucket
  }
}

const headOwner: Waiting = { onDue: () => assert(false, 'the head of a bucket never waits') }

/** A bucket is a ring of deadlines; its head is never due. */
function createHead(): Deadline {
  const head = new Deadline(headOwner)
  head.next = head
  head.previous = head
  return head
}

function firstOf(head: Deadline): Deadline | undefined {
  return head.next === head ? undefined : head.next
}

function append(head: Deadline, entry: Deadline): void {
  const last = head.previous ?? head
  entry.next = head
  entry.previous = last
  last.next = entry
  head.previous = entry
}

function unlink(entry: Deadline): void {
  const { next, previous } = entry
  if (next === undefined || previous === undefined) return
  previous.next = next
  next.previous = previous
  entry.next = undefined
  entry.previous = undefined
}
