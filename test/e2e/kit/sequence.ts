// A conformance case that is one configuration and one sequence of connections.

import { expect, it } from 'vitest'
import { Gate } from './gate.ts'
import type { GateOptions } from './gate.ts'

export interface Sequence extends GateOptions {
  readonly name: string
  /** In the notation of `Gate.play`. */
  readonly play: string
  /** How many sessions are open at the end. */
  readonly open: number
}

/** One test per case. */
export function testSequences(sequences: readonly Sequence[]): void {
  const named = sequences.map((sequence) => [sequence.name, sequence] as const)
  it.each(named)('%s', async (_name, sequence) => {
    const gate = await Gate.start(sequence)
    expect(await gate.play(sequence.play)).toHaveLength(sequence.open)
    // SEMANTICS S3: whoever was refused never reached the mail server.
    expect(gate.upstream.connections).toHaveLength(sequence.open)
  })
}
