// Numbers, sizes and times; which texts are valid was compared with nginx itself.

import { describe, expect, it } from 'vitest'
import { parseMilliseconds, parseNumber, parseOffset, parseSeconds, parseSize } from './units.ts'

const none = undefined

describe('parseNumber', () => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['', none],
    ['-1', none],
    ['1k', none],
    [' 1', none],
    ['99999999999999999999', none],
  ])('reads "%s" as %s', (text, expected) => {
    expect(parseNumber(text)).toBe(expected)
  })
})

describe('parseSize and parseOffset', () => {
  it.each([
    ['512', 512, 512],
    ['8k', 8192, 8192],
    ['8K', 8192, 8192],
    ['2m', 2_097_152, 2_097_152],
    ['2M', 2_097_152, 2_097_152],
    ['1g', none, 1_073_741_824],
    ['1G', none, 1_073_741_824],
    ['k', none, none],
    ['', none, none],
    ['1kk', none, none],
    ['-1', none, none],
    ['9999999999m', none, none],
  ])('read "%s" as %s and %s', (text, asSize, asOffset) => {
    expect(parseSize(text)).toBe(asSize)
    expect(parseOffset(text)).toBe(asOffset)
  })
})

describe('parseMilliseconds and parseSeconds', () => {
  it.each([
    ['30', 30_000, 30],
    ['30s', 30_000, 30],
    ['1h30m', 5_400_000, 5400],
    ['1h 30m', 5_400_000, 5400],
    ['1h  30m ', 5_400_000, 5400],
    ['1m 5', 65_000, 65],
    ['1w2d', 777_600_000, 777_600],
    ['1s500ms', 1500, none],
    ['500ms', 500, none],
    ['1y', none, 31_536_000],
    ['1M', none, 2_592_000],
    ['1y 1M', none, 34_128_000],
    ['1M1y', none, none],
    ['1s1h', none, none],
    ['1m1m', none, none],
    ['1.5s', none, none],
    ['-1', none, none],
    ['', none, none],
    [' ', none, none],
    ['s', none, none],
    ['5 4', 9000, 9],
    ['99999999999999999999', none, none],
  ])('read "%s" as %s and %s', (text, asMilliseconds, asSeconds) => {
    expect(parseMilliseconds(text)).toBe(asMilliseconds)
    expect(parseSeconds(text)).toBe(asSeconds)
  })
})
