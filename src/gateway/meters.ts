// What a gateway measures of its own work and of those that it waits for.

import { addHistograms, Histogram } from '../base/histogram.ts'
import type { Bounds, HistogramValues } from '../base/histogram.ts'

/** From a neighbour's answer to what a connect is given. */
const waits: Bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** From what nobody notices to what an idle limit may be late. */
const lags: Bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

type MeterName = 'upstreamConnect' | 'authentication' | 'loopLag'

const boundsOf: Readonly<Record<MeterName, Bounds>> = {
  upstreamConnect: waits,
  authentication: waits,
  loopLag: lags,
}

export type MeterValues = Readonly<Record<MeterName, HistogramValues>>

const names = Object.keys(boundsOf) as readonly MeterName[] // keys of a literal

const length = names.reduce((sum, name) => sum + Histogram.length(boundsOf[name]), 0)

export class GatewayMeters {
  /** From the first packet to an upstream until its dialogue can begin. */
  readonly upstreamConnect: Histogram
  /** From the question about a login to its answer. */
  readonly authentication: Histogram
  /** How late a timer of this thread was. */
  readonly loopLag: Histogram

  constructor(memory: ArrayBufferLike = new ArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT)) {
    let at = 0
    const next = (name: MeterName): Histogram => {
      const size = Histogram.length(boundsOf[name])
      const numbers = new Float64Array(memory, at, size)
      at += size * Float64Array.BYTES_PER_ELEMENT
      return new Histogram(boundsOf[name], numbers)
    }
    this.upstreamConnect = next('upstreamConnect')
    this.authentication = next('authentication')
    this.loopLag = next('loopLag')
  }

  /** Memory for one, which threads can share. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT)
  }

  values(): MeterValues {
    return {
      upstreamConnect: this.upstreamConnect.values(),
      authentication: this.authentication.values(),
      loopLag: this.loopLag.values(),
    }
  }
}

export function addMeters(one: MeterValues, other: MeterValues): MeterValues {
  return {
    upstreamConnect: addHistograms(one.upstreamConnect, other.upstreamConnect),
    authentication: addHistograms(one.authentication, other.authentication),
    loopLag: addHistograms(one.loopLag, other.loopLag),
  }
}
