// The last hour of one limit, with axes: how many were in, against the cap, and how many were refused.

import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import type { History, LimitHistory, Limit } from '../wire/shapes.ts'
import { count, counted } from '../words/format.ts'
import { limitName } from '../words/limits.ts'

interface HourChartProps {
  readonly limit: Limit
  readonly report: History | undefined
}

export function HourChart({ limit, report }: HourChartProps): ComponentChildren {
  const history = report?.limits.find(({ id }) => id === limit.id)
  if (report === undefined || history === undefined) {
    return <p class="empty">The gate knows nothing yet about the last hour of this limit.</p>
  }
  return (
    <figure class="hour" aria-label={summaryOf(limit, history)}>
      <Chart data={dataOf(limit, history, report)} />
    </figure>
  )
}

function Chart({ data }: { readonly data: uPlot.AlignedData }): ComponentChildren {
  const element = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(undefined)
  const latest = useRef(data)
  latest.current = data
  useEffect(() => {
    const { current } = element
    if (current === null) return
    const draw = (): void => {
      chart.current?.destroy()
      chart.current = new uPlot(optionsOf(current), latest.current, current)
    }
    draw()
    // Colours are read when it is drawn: another theme, another drawing.
    const theme = matchMedia('(prefers-color-scheme: dark)')
    const observer = new ResizeObserver(() => chart.current?.setSize(sizeOf(current)))
    observer.observe(current)
    theme.addEventListener('change', draw)
    return () => {
      theme.removeEventListener('change', draw)
      observer.disconnect()
      chart.current?.destroy()
    }
  }, [])
  useEffect(() => chart.current?.setData(data), [data])
  return <div ref={element} />
}

function summaryOf(limit: Limit, { used, refused }: LimitHistory): string {
  const most = Math.max(0, ...used)
  const turnedAway = refused.reduce((sum, value) => sum + value, 0)
  return `${limitName(limit)} over the last hour: at most ${count(most)} in use, ${counted(turnedAway, 'session')} refused`
}

function dataOf(
  { capMax }: Limit,
  { used, refused }: LimitHistory,
  report: History,
): uPlot.AlignedData {
  const { untilMs, stepMs } = report
  const times = used.map((_, index) => (untilMs - (used.length - 1 - index) * stepMs) / 1000)
  return [times, [...used], times.map(() => capMax ?? null), [...refused]]
}

const height = 180

function sizeOf(element: HTMLElement): { readonly width: number; readonly height: number } {
  return { width: element.clientWidth, height }
}

function optionsOf(element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element)
  const colour = (name: string): string => style.getPropertyValue(`--${name}`)
  const axis = {
    stroke: colour('quiet'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line'), width: 1, size: 4 },
  }
  const whole = (_: uPlot, values: readonly number[]): string[] =>
    values.map((value) => (Number.isInteger(value) ? count(value) : ''))
  return {
    ...sizeOf(element),
    scales: {
      x: { range: (_, __, max) => [max - 3600, max] },
      used: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] },
      refused: { range: (_, __, max) => [0, Math.max(4, max * 3)] },
    },
    axes: [
      { ...axis, values: (_, times) => times.map(timeOfMinute) },
      { ...axis, scale: 'used', values: whole, size: 48 },
      { ...axis, scale: 'refused', side: 1, grid: { show: false }, values: whole, size: 48 },
    ],
    series: [
      { value: (_, seconds) => timeOfMinute(seconds) },
      {
        label: 'used',
        scale: 'used',
        stroke: colour('meter'),
        fill: colour('meter-faint'),
        width: 1.5,
        points: { show: false },
      },
      { label: 'cap', scale: 'used', stroke: colour('ink'), width: 1, dash: [4, 3] },
      {
        label: 'refused',
        scale: 'refused',
        stroke: colour('full'),
        fill: colour('full'),
        ...(uPlot.paths.bars === undefined ? {} : { paths: uPlot.paths.bars({ size: [0.6, 8] }) }),
        points: { show: false },
      },
    ],
    cursor: { drag: { x: false, y: false }, y: false },
  }
}

const minutes = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

function timeOfMinute(seconds: number | null): string {
  return seconds === null ? '' : minutes.format(seconds * 1000)
}
