// A place in the configuration, and what is written there.

import type { ComponentChildren } from 'preact'

interface SourceProps {
  readonly origin?: { readonly file: string; readonly line: number } | undefined
  /** Absent where the gate does not give it. */
  readonly text?: string | undefined
}

export function Source({ origin, text }: SourceProps): ComponentChildren {
  if (origin === undefined) return null
  const place = `${origin.file}:${origin.line}`
  return (
    <figure class="source">
      <figcaption>{place}</figcaption>
      {text === undefined ? null : (
        <pre tabIndex={0} aria-label={`Line ${origin.line} of ${origin.file}`}>
          <code>{text}</code>
        </pre>
      )}
    </figure>
  )
}
