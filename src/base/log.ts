// What the lower floors need from a log. The daemon writes it in nginx's line format or as JSON.

/** nginx's levels, most severe first. */
export type LogLevelName =
  'emerg' | 'alert' | 'crit' | 'error' | 'warn' | 'notice' | 'info' | 'debug'

/** One log record. `text` is ours and short; everything a client controls stands in fields only. */
export interface LogEntry {
  readonly text: string
  readonly sessionId?: number
  /** Client address without its port, as nginx shows it. */
  readonly client?: string
  /** The session went into TLS by STARTTLS. */
  readonly usesStarttls?: boolean
  /** The Listen it came in on. */
  readonly server?: string
  /** The Listen whose log it belongs to, where its text names the Listen already. */
  readonly listen?: string
  readonly login?: string
  readonly upstream?: string
  /** Further fields, printed by the JSON format only. */
  readonly fields?: Readonly<Record<string, string | number | boolean>>
}

export interface Log {
  write(level: LogLevelName, entry: LogEntry): void
  /**
   * False when a record of this level would be dropped, so that its text need not be built.
   * `server`: the Listen of its session, which may have a log of its own.
   */
  isEnabled(level: LogLevelName, server?: string): boolean
}
