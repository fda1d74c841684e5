// Loaded into every thread of a daemon under test (NODE_OPTIONS): has one worker do what no worker
// should, when a file of its name says so.

const { existsSync, readFileSync, unlinkSync } = require('node:fs')
const { isMainThread, workerData } = require('node:worker_threads')

const lookEveryMs = 20

const faults = {
  exit: () => process.exit(3),
  exception: () => {
    throw new Error('a defect made for a test')
  },
  loop: () => {
    for (;;);
  },
  memory: () => {
    const kept = []
    for (;;) kept.push(Array.from({ length: 1_000_000 }).fill(1.5))
  },
}

if (!isMainThread && process.env.POSTERN_TEST_FAULT !== undefined) {
  setInterval(() => {
    const file = `${process.env.POSTERN_TEST_FAULT}.${workerData.worker}`
    if (!existsSync(file)) return
    const fault = readFileSync(file, 'utf8')
    unlinkSync(file)
    faults[fault]()
  }, lookEveryMs).unref()
}
