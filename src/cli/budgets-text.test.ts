import { describe, expect, it } from 'vitest'
import { budgetsText } from './budgets-text.ts'

describe('the budgets of status', () => {
  it('names the zone of a key, and shows the fullest first', () => {
    const text = budgetsText([
      { zone: 'connect', key: 'service imap', usedCount: 2 },
      { zone: 'user', key: 'bob', usedCount: 3 },
    ])
    expect(text).toBe('\nBudgets in use:\n  zone "user": "bob"  3\n  service imap        2\n')
  })

  it('lets no key move the terminal', () => {
    const text = budgetsText([{ zone: 'user', key: 'a\u001b[2J"\n', usedCount: 1 }])
    expect(text).toContain(String.raw`"a\x1B[2J\"\x0A"`)
  })

  it('says how many it leaves out', () => {
    const budgets = Array.from({ length: 25 }, (_, at) => ({
      zone: 'user',
      key: `user${at}`,
      usedCount: at,
    }))
    const lines = budgetsText(budgets).trimEnd().split('\n')
    expect(lines).toHaveLength(23)
    expect(lines[2]).toContain('user24')
    expect(lines.at(-1)).toBe('  and 5 more, see --json')
  })

  it('is nothing where nothing is in use', () => {
    expect(budgetsText([])).toBe('')
  })
})
