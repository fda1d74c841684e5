// Loaded into a daemon under test (NODE_OPTIONS): moves its wall clock by as many milliseconds as a
// file says, as somebody who sets the time does. The monotonic clock stays what it is.

import { readFileSync } from 'node:fs'

const lookEveryMs = 20
const file = process.env.POSTERN_TEST_CLOCK
const RealDate = Date
let stepMs = 0

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + stepMs)
    else super(...args)
  }

  static now() {
    return RealDate.now() + stepMs
  }
}

function look() {
  try {
    stepMs = Number(readFileSync(file, 'utf8'))
  } catch {
    // nobody has moved it yet
  }
}

if (file !== undefined) setInterval(look, lookEveryMs).unref()
