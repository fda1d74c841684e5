import { describe, expect, it } from 'vitest'
import { barPath, stepPath } from './plot.ts'

const size = { width: 40, height: 10, top: 5 }

describe('a plot', () => {
  it('leaves gaps where nothing is known', () => {
    expect(stepPath([null, 5, null, 0], size)).toBe('M10 10V0H20V10ZM30 10V10H40V10Z')
  })

  it('keeps what is over its top inside', () => {
    expect(stepPath([10, 10], { width: 2, height: 10, top: 5 })).toBe('M0 10V0H1V0H2V10Z')
  })

  it('shows one among thousands', () => {
    expect(barPath([0, 1, null, 5000], { ...size, top: 5000 })).toBe('M15 10v-1.2M35 10v-10')
  })
})
