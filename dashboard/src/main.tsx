// Starts the page in the browser.

import { render } from 'preact'
import { App } from './app.tsx'
import { Live } from './state/live.ts'
import { actionsOf } from './wire/actions.ts'
import { GateClient } from './wire/gate-client.ts'
import { startPaths } from './wire/questions.ts'

const client = new GateClient()
const live = new Live({
  client,
  paths: startPaths,
  nowMs: Date.now,
  isWatched: () => document.visibilityState === 'visible',
})
document.addEventListener('visibilitychange', () => live.refresh())
const root = document.querySelector('#page')
if (root !== null) {
  root.replaceChildren()
  render(<App page={{ live, actions: actionsOf(client) }} />, root)
  void live.run()
}
