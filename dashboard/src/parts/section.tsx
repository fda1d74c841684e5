// A part of the page: its heading, what went wrong with it, and how old what it shows is.

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Feed } from '../state/feed.ts'
import { age } from '../words/format.ts'

interface SectionProps {
  readonly id: string
  readonly title: string
  readonly feed?: Feed<unknown>
  /** Beside the heading: how many, and in which order. */
  readonly note?: ComponentChildren
  readonly children: ComponentChildren
}

export function Section({ id, title, feed, note, children }: SectionProps): ComponentChildren {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`} tabIndex={-1}>
          {title}
        </h2>
        {note === undefined ? null : <p class="note">{note}</p>}
        {feed === undefined ? null : <Stale feed={feed} />}
      </header>
      {feed?.problem === undefined ? null : (
        <p class="problem">The gate does not answer this: {feed.problem}</p>
      )}
      {children}
    </section>
  )
}

/** Answers come every few seconds; older than this is worth a word. */
const freshMs = 15_000

function Stale({ feed }: { readonly feed: Feed<unknown> }): ComponentChildren {
  const nowMs = useNow()
  if (feed.asOfMs === undefined || nowMs - feed.asOfMs < freshMs) return null
  return <p class="stale">as it was {age(nowMs - feed.asOfMs)} ago</p>
}

/** The time, second by second. */
export function useNow(): number {
  const [nowMs, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return nowMs
}
