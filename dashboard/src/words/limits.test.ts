import { describe, expect, it } from 'vitest'
import { everyoneElse, fakeAnswers } from '../../../test/kit/fake-answers.ts'
import type { Refusal } from '../wire/shapes.ts'
import { byFill, capForetold, fillText, levelOf, limitKind, limitName, whyOf } from './limits.ts'

const limit = { usedCount: 600, capMax: 600 }

describe('how full a limit is', () => {
  it.each([
    [{ usedCount: 599, capMax: 600 }, 'near'],
    [limit, 'full'],
    [{ usedCount: 601, capMax: 600 }, 'full'],
    [{ usedCount: 479, capMax: 600 }, 'free'],
    [{ usedCount: 480, capMax: 600 }, 'near'],
    [{ usedCount: 5 }, 'open'],
    // A cap of 0 in a zone lets nobody in.
    [{ usedCount: 0, capMax: 0 }, 'full'],
    // A dry run refuses nobody: nothing to be woken up for.
    [{ ...limit, isDryRun: true }, 'near'],
  ])('%o is %s', (filled, level) => {
    expect(levelOf(filled)).toBe(level)
  })

  it('is said for those who do not see it', () => {
    expect(fillText(limit)).toBe('600 of 600, full')
    expect(fillText({ usedCount: 612, capMax: 600 })).toBe('612 of 600, 12 over')
    expect(fillText({ usedCount: 599, capMax: 600 })).toBe('599 of 600, 99 %')
    expect(fillText({ usedCount: 5 })).toBe('5, no cap')
  })

  it('puts what refuses first, then a full dry run, and last what has no cap', () => {
    const { capMax, ...uncapped } = { ...everyoneElse, id: 'uncapped' }
    const dry = { ...everyoneElse, id: 'dry', isDryRun: true, usedCount: 6000 }
    const half = { ...everyoneElse, id: 'half', usedCount: 300 }
    const sorted = [uncapped, half, dry, everyoneElse].toSorted(byFill)
    expect(sorted.map(({ id }) => id)).toEqual([everyoneElse.id, 'dry', 'half', 'uncapped'])
    expect(capMax).toBe(600)
  })
})

describe('a limit', () => {
  it('is called by what it holds for', () => {
    expect([limitName(everyoneElse), limitKind(everyoneElse)]).toEqual([
      'ESMTP_Listener Peer 0.0.0.0/0',
      'service_sessions',
    ])
    const keyed = { option: 'limit_conn', zone: 'user', scope: 'mail' } as const
    expect([limitName(keyed), limitKind(keyed)]).toEqual(['zone user', 'limit_conn in mail'])
  })

  it.each([
    [0, 'It has 600 sessions now. 0 is no limit: everybody is let in.'],
    [599, 'It has 600 sessions now: nobody is closed, and nobody new fits until 2 have left.'],
    [600, 'It has 600 sessions now: it is full at once; each that leaves makes room for one.'],
    [900, 'It has 600 sessions now: room for 300 more.'],
  ])('foretells what a cap of %i would do', (capMax, said) => {
    expect(capForetold(everyoneElse, capMax)).toBe(said)
  })
})

describe('why a session was refused', () => {
  const { refusals } = fakeAnswers(1).refusals
  const told = (login: boolean): Refusal | undefined =>
    refusals.find((one) => (one.login !== undefined) === login)

  it('names who was full, with the count at that moment', () => {
    const [bySource, byUser] = [told(false), told(true)]
    expect(bySource && whyOf(bySource)).toBe(
      'ESMTP_Listener Peer 0.0.0.0/0 had 600 of 600 sessions (service_sessions).',
    )
    expect(byUser && whyOf(byUser)).toBe('webmail-sync had 10 of 10 sessions in zone user.')
    expect(byUser && whyOf({ ...byUser, reason: 'exhausted' })).toBe(
      'Zone user had no room for one more key, so nobody new could be counted.',
    )
  })
})
