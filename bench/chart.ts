// Draws lines over two logarithmic axes as SVG text. No dependency; readable on light and dark pages.

export interface Series {
  readonly label: string
  /** In order of x; both above zero, or they have no place on the axes. */
  readonly points: readonly Point[]
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Chart {
  readonly title: string
  /** For who does not see the picture: what it shows, in a sentence or two. */
  readonly description: string
  readonly xTitle: string
  readonly yTitle: string
  readonly series: readonly Series[]
}

interface Axis {
  readonly min: number
  readonly max: number
  /** Where its values stand, in pixels. */
  place(value: number): number
}

// Wide enough for a legend beside the picture, small enough for a page.
const width = 800
const height = 420
const area = { left: 72, right: 540, top: 44, bottom: 360 } as const
// Room between the lines of the legend.
const legendStep = 24

// Told apart by colour, by dashes and by the shape of the marks, so that no one of them is needed.
const looks = [
  { light: '#1b6ac9', dark: '#6cb2ff', dash: '', mark: 'circle' },
  { light: '#c2410c', dark: '#ff9a5c', dash: '', mark: 'square' },
  { light: '#15803d', dark: '#5fd68b', dash: '7 4', mark: 'circle' },
  { light: '#8b2fc9', dark: '#d29bff', dash: '7 4', mark: 'square' },
] as const

/** The picture, as the text of an SVG file. At most four lines, which is what can be told apart. */
export function drawChart(chart: Chart): string {
  const { title, description, xTitle, yTitle, series } = chart
  if (series.length > looks.length) throw new RangeError(`${series.length} lines are too many`)
  const all = series.flatMap(({ points }) => points)
  const x = axisOver(
    all.map((point) => point.x),
    [area.left, area.right],
  )
  const y = axisOver(
    all.map((point) => point.y),
    [area.bottom, area.top],
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<desc id="desc">${escapeXml(description)}</desc>`,
    `<style>${styleSheet()}</style>`,
    `<text class="head" x="${area.left}" y="24">${escapeXml(title)}</text>`,
    ...powersIn(x).flatMap((value) => verticalLine(x.place(value), short(value))),
    ...powersIn(y).flatMap((value) => horizontalLine(y.place(value), short(value))),
    `<text class="axis" text-anchor="middle" x="${(area.left + area.right) / 2}" y="${area.bottom + 42}">${escapeXml(xTitle)}</text>`,
    `<text class="axis" text-anchor="middle" transform="translate(18 ${(area.top + area.bottom) / 2}) rotate(-90)">${escapeXml(yTitle)}</text>`,
    ...series.flatMap((one, at) => lineOf(one, at, { x, y })),
    ...series.flatMap((one, at) => legendOf(one, at)),
    '</svg>',
    '',
  ].join('\n')
}

/** From the power of ten below the least value to the one above the greatest. */
function axisOver(values: readonly number[], [from, to]: readonly [number, number]): Axis {
  if (values.length === 0 || values.some((value) => !(value > 0) || value === Infinity)) {
    throw new RangeError('a logarithmic axis needs values above zero')
  }
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  return {
    min: low,
    max: high,
    place: (value) => round(from + ((Math.log10(value) - low) / (high - low)) * (to - from)),
  }
}

function powersIn({ min, max }: Axis): number[] {
  return Array.from({ length: max - min + 1 }, (_, step) => 10 ** (min + step))
}

function verticalLine(x: number, text: string): string[] {
  return [
    `<path class="grid" d="M${x} ${area.top}V${area.bottom}"/>`,
    `<text class="tick" text-anchor="middle" x="${x}" y="${area.bottom + 18}">${text}</text>`,
  ]
}

function horizontalLine(y: number, text: string): string[] {
  return [
    `<path class="grid" d="M${area.left} ${y}H${area.right}"/>`,
    `<text class="tick" text-anchor="end" x="${area.left - 8}" y="${y + 4}">${text}</text>`,
  ]
}

function lineOf(
  { points }: Series,
  at: number,
  { x, y }: { readonly x: Axis; readonly y: Axis },
): string[] {
  const places = points.map((point) => ({ x: x.place(point.x), y: y.place(point.y) }))
  const way = places.map((place, step) => `${step === 0 ? 'M' : 'L'}${place.x} ${place.y}`)
  return [
    `<path class="line s${at}" d="${way.join('')}"/>`,
    ...places.map((place) => markAt(place, at)),
  ]
}

function markAt({ x, y }: Point, at: number): string {
  return looks[at]?.mark === 'square'
    ? `<rect class="mark s${at}" x="${round(x - 4)}" y="${round(y - 4)}" width="8" height="8"/>`
    : `<circle class="mark s${at}" cx="${x}" cy="${y}" r="4.5"/>`
}

function legendOf({ label }: Series, at: number): string[] {
  const left = area.right + 24
  const y = area.top + 12 + at * legendStep
  return [
    `<path class="line s${at}" d="M${left} ${y}h28"/>`,
    markAt({ x: left + 14, y }, at),
    `<text class="tick" x="${left + 36}" y="${y + 4}">${escapeXml(label)}</text>`,
  ]
}

function styleSheet(): string {
  const coloured = (mode: 'light' | 'dark'): string =>
    looks
      .map((look, at) => `.line.s${at}{stroke:${look[mode]}}.mark.s${at}{fill:${look[mode]}}`)
      .join('')
  const dashed = looks
    .map(({ dash }, at) => (dash === '' ? '' : `.line.s${at}{stroke-dasharray:${dash}}`))
    .join('')
  return [
    'text{font:12px system-ui,sans-serif;fill:#24292f}.head{font-size:15px;font-weight:600}',
    '.grid{stroke:#8c959f;stroke-opacity:.35;fill:none}.line{fill:none;stroke-width:2}',
    coloured('light'),
    dashed,
    `@media(prefers-color-scheme:dark){text{fill:#e6edf3}${coloured('dark')}}`,
  ].join('')
}

/** 1, 10, 1k, 10k, 1M; and 0.1 below one. */
function short(value: number): string {
  if (value >= 1e6) return `${Math.round(value / 1e6)}M`
  if (value >= 1e3) return `${Math.round(value / 1e3)}k`
  return value >= 1 ? String(Math.round(value)) : String(Number(value.toPrecision(1)))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
