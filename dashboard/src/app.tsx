// The page: the answer first, then what is full, who was turned away, who fills it, and what to do.

import type { ComponentChildren } from 'preact'
import { Access } from './sections/access.tsx'
import { Cluster } from './sections/cluster.tsx'
import { Facts, Freshness } from './sections/facts.tsx'
import { Headline } from './sections/headline.tsx'
import { Keys } from './sections/keys.tsx'
import { Limits } from './sections/limits.tsx'
import { Refusals } from './sections/refusals.tsx'
import { Sessions } from './sections/sessions.tsx'
import { Steer } from './sections/steer.tsx'
import { PageContext, useLive } from './state/use-live.ts'
import type { Page } from './state/use-live.ts'
import type { Status } from './wire/shapes.ts'

const parts: readonly Part[] = [
  { id: 'limits', title: 'Limits' },
  { id: 'refusals', title: 'Refused' },
  { id: 'keys', title: 'Keys' },
  { id: 'sessions', title: 'Sessions' },
  { id: 'steer', title: 'Steer' },
]

interface Part {
  readonly id: string
  readonly title: string
}

function partsOf(status: Status | undefined): readonly Part[] {
  const cluster = status?.cluster === undefined ? [] : [{ id: 'cluster', title: 'Cluster' }]
  return [...parts.slice(0, -1), ...cluster, ...parts.slice(-1)]
}

export function App({ page }: { readonly page: Page }): ComponentChildren {
  const state = useLive(page.live)
  const { gate, feeds } = state
  const status = feeds.status.value
  const knowsNothing = status === undefined
  return (
    <PageContext.Provider value={page}>
      <header class="bar">
        <span class="brand">Postern</span>
        <nav aria-label="Parts of this page">
          {partsOf(status).map(({ id, title }) => (
            <a key={id} href={`#${id}-title`}>
              {title}
            </a>
          ))}
        </nav>
        <Freshness state={state} />
      </header>
      <main class={gate === 'away' ? 'away' : ''}>
        <Headline state={state} />
        <Access state={state} />
        {knowsNothing ? null : (
          <>
            <Facts status={status} />
            <div class="columns">
              <Limits feeds={feeds} />
              <div class="aside">
                <Refusals feeds={feeds} />
                <Keys feeds={feeds} />
              </div>
              <Sessions feeds={feeds} />
              {status.cluster === undefined ? null : <Cluster members={status.cluster} />}
              <Steer status={status} />
            </div>
          </>
        )}
      </main>
      {knowsNothing ? null : (
        <footer>
          Postern {status.version}, process {status.pid}, {status.configuration}
        </footer>
      )}
    </PageContext.Provider>
  )
}
