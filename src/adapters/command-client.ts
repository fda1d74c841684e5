// The part of a Valkey or Redis client that is used: scripts, and the end of the connection.

export interface CommandClient {
  /** Sends one command; rejects when it fails, and never sends it twice. */
  send(command: 'evalsha' | 'eval', args: readonly string[]): Promise<unknown>
  close(): Promise<void>
  /** What last went wrong with the connection; absent while it stands. */
  readonly trouble: string | undefined
}
