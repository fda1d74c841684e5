// Numbers over time as the path of an SVG.

export interface PlotSize {
  readonly width: number
  readonly height: number
  /** The value that reaches the top. */
  readonly top: number
}

/** One number after the other; null where nothing is known. */
export type Series = readonly (number | null)[]

/** Filled steps, one for each value, so that a single one is seen as well; gaps stay empty. */
export function stepPath(values: Series, size: PlotSize): string {
  return runsOf(values)
    .map(({ start, run }) => {
      const steps = run.map((value, index) => {
        const right = edge(start + index + 1, values.length, size)
        return `V${heightOf(value, size)}H${right}`
      })
      return `M${edge(start, values.length, size)} ${size.height}${steps.join('')}V${size.height}Z`
    })
    .join('')
}

/** One upright bar for each value over 0. */
export function barPath(values: Series, size: PlotSize): string {
  return values
    .flatMap((value, index) => {
      if (value === null || value <= 0) return []
      // What is little is still seen: an operator looks for the first refusal, not for the average.
      const tall = Math.max(size.height * 0.12, size.height * Math.min(1, value / size.top))
      return [`M${middle(index, values.length, size)} ${size.height}v${round(-tall)}`]
    })
    .join('')
}

function runsOf(
  values: Series,
): readonly { readonly start: number; readonly run: readonly number[] }[] {
  const runs: { start: number; run: number[] }[] = []
  values.forEach((value, index) => {
    if (value === null) return
    const last = runs.at(-1)
    if (last !== undefined && last.start + last.run.length === index) last.run.push(value)
    else runs.push({ start: index, run: [value] })
  })
  return runs
}

function heightOf(value: number, { height, top }: PlotSize): number {
  return round(height * (1 - Math.min(1, value / top)))
}

/** Where the step of an index begins. */
function edge(index: number, length: number, { width }: PlotSize): number {
  return round((width * index) / length)
}

function middle(index: number, length: number, { width }: PlotSize): number {
  return round((width * (index + 0.5)) / length)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
