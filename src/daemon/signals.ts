// The signals of an nginx operator, and what each one asks for.

export type SignalAction = 'stop' | 'quit' | 'reload' | 'reopen'

/** The signal that `-s` sends for each action. */
export const signalOf: Readonly<Record<SignalAction, NodeJS.Signals>> = {
  stop: 'SIGTERM',
  quit: 'SIGQUIT',
  reload: 'SIGHUP',
  reopen: 'SIGUSR1',
}

const actions: ReadonlyMap<NodeJS.Signals, SignalAction> = new Map([
  ['SIGTERM', 'stop'],
  ['SIGINT', 'stop'],
  ['SIGQUIT', 'quit'],
  ['SIGHUP', 'reload'],
  ['SIGUSR1', 'reopen'],
])

/**
 * nginx replaces its program at this one. Postern cannot yet, and must not die of it, as a process
 * does that knows nothing of a signal.
 */
const unknownHere: NodeJS.Signals = 'SIGUSR2'

/** Calls back for every signal until the answered function is called. */
export function onSignals(
  handle: (action: SignalAction, signal: NodeJS.Signals) => void,
  handleUnknown: (signal: NodeJS.Signals) => void,
): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    const action = actions.get(signal)
    if (action !== undefined) handle(action, signal)
  }
  for (const signal of actions.keys()) process.on(signal, onSignal)
  process.on(unknownHere, handleUnknown)
  return () => {
    process.off(unknownHere, handleUnknown)
    for (const signal of actions.keys()) process.off(signal, onSignal)
  }
}
