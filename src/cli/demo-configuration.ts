// The demo's configuration: the example from Momentum's page, its ports made unprivileged.

/** Where the demo listens and relays to. */
export interface DemoPlaces {
  readonly smtpPort: number
  readonly submissionPort: number
  readonly socketPath: string
  readonly upstreamPort: number
}

/**
 * The example with its endpoints replaced; everything else stays word for word. Throws when the
 * example has lost an endpoint that the demo speaks about.
 */
export function demoConfiguration(example: string, places: DemoPlaces): string {
  const { smtpPort, submissionPort, socketPath, upstreamPort } = places
  const replacements: readonly (readonly [RegExp, string])[] = [
    [/Listen ":25"/, `Listen "127.0.0.1:${smtpPort}"`],
    [/Listen ":587"/, `Listen "127.0.0.1:${submissionPort}"`],
    [/Listen "\/[^"]*"/, `Listen "${socketPath}"`],
    [/Upstream = "[^"]*"/, `Upstream = "127.0.0.1:${upstreamPort}"`],
  ]
  let text = example
  for (const [pattern, replacement] of replacements) {
    if (!pattern.test(text)) throw new Error(`postern: the example has no ${pattern.source}`)
    text = text.replace(pattern, () => replacement)
  }
  return text
}
