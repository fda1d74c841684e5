// Where a worker's thread begins.

import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerStart } from './messages.ts'
import { GateWorker } from './worker.ts'

if (parentPort === null) throw new Error('this module is the beginning of a thread')
// Checked by who starts the thread: seat.ts.
await GateWorker.start(workerData as WorkerStart, parentPort)
