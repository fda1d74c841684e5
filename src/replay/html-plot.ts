// One limit over time, as inline SVG: what it held, what was wanted, its cap, and whom it refused.

import type { ReportedLimit } from './report.ts'

const width = 760
const left = 52
const right = 8
const top = 10
const plotHeight = 130
const stripTop = top + plotHeight + 6
const stripHeight = 22
const height = stripTop + stripHeight + 20
const plotWidth = width - left - right
const tickCount = 5

export interface PlotFrame {
  readonly startMs: number
  readonly endMs: number
}

/** Where the plot of a report's limit begins and ends; `label` is what a screen reader says. */
export function plotOf(limit: ReportedLimit, frame: PlotFrame, label: string): string {
  const { plot, cap } = limit
  const highest = Math.max(1, cap ?? 0, ...plot.used, ...plot.demand)
  const scale = scaleOf(frame, plot.spanMs)
  const y = (value: number): number => top + plotHeight * (1 - value / (highest * 1.08))
  const differs = plot.demand.some((value, at) => value !== plot.used[at])
  const parts = [
    `<line class="axis" x1="${left}" x2="${width - right}" y1="${y(0)}" y2="${y(0)}"/>`,
    yLabel(0, y(0)),
    yLabel(highest, y(highest)),
    `<path class="used" d="${area(plot.used, scale, y)}"/>`,
    ...(differs ? [`<path class="demand" d="${steps(plot.demand, scale, y)}"/>`] : []),
    ...(cap === undefined ? [] : capLine(cap, y(cap))),
    ...refusedStrip(plot.refused, scale),
    ...timeTicks(frame),
  ]
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${parts.join('')}</svg>`
}

/** Left edge of a span. */
type Scale = (at: number) => number

function scaleOf({ startMs, endMs }: PlotFrame, spanMs: number): Scale {
  const total = Math.max(1, endMs - startMs)
  const end = width - right
  return (at) => Math.min(end, left + (plotWidth * at * spanMs) / total)
}

function steps(values: readonly number[], x: Scale, y: (value: number) => number): string {
  const points: string[] = []
  for (const [at, value] of values.entries()) {
    const level = y(value).toFixed(1)
    points.push(`${points.length === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${level}`)
    points.push(`L${x(at + 1).toFixed(1)} ${level}`)
  }
  return points.join('')
}

function area(values: readonly number[], scale: Scale, y: (value: number) => number): string {
  if (values.length === 0) return ''
  const base = y(0).toFixed(1)
  return `${steps(values, scale, y)}L${scale(values.length).toFixed(1)} ${base}L${left} ${base}Z`
}

function capLine(cap: number, at: number): string[] {
  return [
    `<line class="cap" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/>`,
    `<text class="cap-label" x="${width - right}" y="${at - 3}" text-anchor="end">cap ${cap}</text>`,
  ]
}

function refusedStrip(values: readonly number[], x: Scale): string[] {
  const most = Math.max(...values, 0)
  if (most === 0) return []
  const bars = values.flatMap((value, at) => {
    if (value === 0) return []
    const tall = Math.max(2, (stripHeight * value) / most)
    const wide = Math.max(1, x(at + 1) - x(at))
    return [
      `<rect class="refused" x="${x(at).toFixed(1)}" width="${wide.toFixed(1)}" y="${(stripTop + stripHeight - tall).toFixed(1)}" height="${tall.toFixed(1)}"/>`,
    ]
  })
  const label = `<text class="tick" x="${left - 6}" y="${stripTop + stripHeight}" text-anchor="end">refused</text>`
  return [label, ...bars]
}

function timeTicks({ startMs, endMs }: PlotFrame): string[] {
  const total = endMs - startMs
  const day = 86_400_000
  return Array.from({ length: tickCount }, (_, at) => {
    const share = at / (tickCount - 1)
    const text = new Date(startMs + total * share).toISOString()
    const shown = total > 2 * day ? text.slice(5, 16).replace('T', ' ') : text.slice(11, 19)
    const anchor = at === 0 ? 'start' : at === tickCount - 1 ? 'end' : 'middle'
    return `<text class="tick" x="${(left + plotWidth * share).toFixed(1)}" y="${height - 4}" text-anchor="${anchor}">${shown}</text>`
  })
}

function yLabel(value: number, at: number): string {
  return `<text class="tick" x="${left - 6}" y="${(at + 4).toFixed(1)}" text-anchor="end">${value}</text>`
}
