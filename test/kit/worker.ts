// Worker threads for tests, run from TypeScript as the tests themselves are.

import { Worker } from 'node:worker_threads'

/** A thread does not inherit what makes the main one read TypeScript. */
const start = `
  const { workerData } = require('node:worker_threads')
  import('tsx/esm/api').then(({ register }) => { register(); return import(workerData.module) })
`

/** Starts a thread in a module of ours; `input` is its `workerData.input`. */
export function startWorker(module: URL, input: unknown): Worker {
  return new Worker(start, { eval: true, workerData: { module: module.href, input } })
}
