import { describe, expect, it } from 'vitest'
import { drawChart } from './chart.ts'
import type { Chart } from './chart.ts'

const chart: Chart = {
  title: 'Memory <of> "sessions" & keys',
  description: 'More sessions, more memory.',
  xTitle: 'sessions',
  yTitle: 'MB',
  series: [
    {
      label: 'one',
      points: [
        { x: 100, y: 1 },
        { x: 1000, y: 10 },
        { x: 10_000, y: 100 },
      ],
    },
  ],
}

describe('a chart', () => {
  it('has a title and a description that are read aloud, escaped', () => {
    const text = drawChart(chart)
    expect(text).toContain('role="img" aria-labelledby="title desc"')
    expect(text).toContain(
      '<title id="title">Memory &lt;of&gt; &quot;sessions&quot; &amp; keys</title>',
    )
    expect(text).toContain('<desc id="desc">More sessions, more memory.</desc>')
  })

  it('puts equal ratios at equal distances', () => {
    const way = /<path class="line s0" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] =
      way.exec(drawChart(chart))?.slice(1).map(Number) ?? []
    expect([x1, x3, y1, y3]).toEqual([72, 540, 360, 44])
    expect([x2, y2]).toEqual([(x1 + x3) / 2, (y1 + y3) / 2])
  })

  it('names the powers of ten on both axes', () => {
    const ticks = [...drawChart(chart).matchAll(/class="tick" text-anchor[^>]*>([^<]+)</g)]
    expect(ticks.map((match) => match[1])).toEqual(['100', '1k', '10k', '1', '10', '100'])
  })

  it('has colours of its own on a dark page', () => {
    expect(drawChart(chart)).toContain('@media(prefers-color-scheme:dark)')
  })

  it.each([0, -1, Number.NaN, Infinity])('refuses a value of %d', (y) => {
    const series = [{ label: 'bad', points: [{ x: 1, y }] }]
    expect(() => drawChart({ ...chart, series })).toThrow(RangeError)
  })
})
