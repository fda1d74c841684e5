// The short notation of the conformance table (momentum section 9), so that a test shows the
// configuration as the table writes it: `E{SS=2 Listen ":25"{}}`.

const words: Readonly<Record<string, string>> = {
  SS: 'Service_Sessions',
  LS: 'Listener_Sessions',
  IT: 'Idle_Time',
}

/** `Listen ":25"`, `listen :25`, `Listen "[::]:25"`: what stands before the port, and the port. */
const listenPattern = /(Listen\s+"?[^"{}\s/]*:)(\d+)/gi

export interface Surroundings {
  readonly directory: string
  /** `host:port` of the upstream. */
  readonly upstream: string
  /** Real port of a nominal one. */
  readonly portFor: (nominal: number) => number
  /** Clients come with a PROXY header, so that they can have any address. */
  readonly isProxied: boolean
}

/** The ports that a configuration's Listens name. */
export function nominalPorts(text: string): number[] {
  return [...text.matchAll(listenPattern)].map((match) => Number(match[2]))
}

/** Expands the notation; text without any of it comes back as it is. */
export function expand(text: string, around: Surroundings): string {
  const common = around.isProxied
    ? `Upstream = "${around.upstream}" Proxy_Protocol = true`
    : `Upstream = "${around.upstream}"`
  return text
    .replaceAll(listenPattern, (_all, head: string, port: string) => {
      return `${head}${around.portFor(Number(port))}`
    })
    .replaceAll(/\bE\{/g, `ESMTP_Listener { ${common} `)
    .replaceAll(/\b(ECStream_Listener|IMAP_Listener|POP3_Listener)\{/g, `$1 { ${common} `)
    .replaceAll(/\b(SS|LS|IT)(?==)/g, (word) => words[word] ?? word)
    .replaceAll('"/run/', `"${around.directory}/`)
    .replaceAll('{upstream}', around.upstream)
    .replaceAll('{dir}', around.directory)
}
