// A running gate that commands ask: this machine's over its control socket, or another one over its
// admin API.

import { askDaemon } from '../../daemon/control-client.ts'
import type { ControlRequest, ControlResults } from '../../daemon/control-protocol.ts'

export interface Node {
  /** For headings and errors. */
  readonly name: string
  /** The control socket; absent: it is another machine's. */
  readonly controlSocket?: string
  /** Rejects with a PosternError that says what is wrong. */
  ask<K extends keyof ControlResults>(
    request: Extract<ControlRequest, { readonly request: K }>,
  ): Promise<ControlResults[K]>
}

export function localNode(controlSocket: string): Node {
  return {
    name: 'this node',
    controlSocket,
    ask: (request) => askDaemon(controlSocket, request),
  }
}
