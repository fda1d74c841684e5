// The contract of every zone, as one suite. A zone joins by giving another `ZoneSubject`, with a
// reason for each case it must skip. Every call is awaited, so that a remote zone fits.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NaiveZones } from './naive-zones.ts'

export interface BudgetRequest {
  readonly zone: string
  readonly key: string
  readonly capMax?: number
  readonly isDryRun?: boolean
}

export interface ZoneSpec {
  readonly name: string
  readonly sizeBytes?: number
}

/** `refusedBy` is the index of the deciding request; otherwise `holder` must be given back. */
export interface Outcome {
  readonly refusedBy?: number
  readonly isExhausted?: boolean
  readonly usedCounts: readonly number[]
  readonly holder?: unknown
}

export interface OpenZones {
  acquire(requests: readonly BudgetRequest[]): Outcome | Promise<Outcome>
  /** Gives the slots of `holder` back and acquires in the same atomic step. */
  exchange(holder: unknown, requests: readonly BudgetRequest[]): Outcome | Promise<Outcome>
  release(holder: unknown): void | Promise<void>
  usedCount(zone: string, key: string): number | Promise<number>
  statesUsed(zone: string): number | Promise<number>
  close(): void | Promise<void>
}

export interface ZoneSubject {
  readonly name: string
  open(zones: readonly ZoneSpec[]): OpenZones | Promise<OpenZones>
  /** How many random histories to run against the oracle. */
  readonly histories: number
  /** Why its zones have no size, and the cases about that are not run. */
  readonly unboundedBecause?: string
}

const user = (key: string, capMax?: number): BudgetRequest =>
  capMax === undefined ? { zone: 'user', key } : { zone: 'user', key, capMax }

export function runZoneContract(subject: ZoneSubject): void {
  const withZones = async (
    specs: readonly ZoneSpec[],
    use: (zones: OpenZones) => Promise<void>,
  ): Promise<void> => {
    const zones = await subject.open(specs)
    try {
      await use(zones)
    } finally {
      await zones.close()
    }
  }
  const unbounded = [{ name: 'user' }, { name: 'domain' }]
  const { unboundedBecause } = subject
  if (unboundedBecause !== undefined) {
    process.stderr.write(`zone contract: ${subject.name}: no sizes: ${unboundedBecause}\n`)
  }

  describe(`zone contract: ${subject.name}`, () => {
    it('admits exactly as many as the cap, and one more for each slot given back', () =>
      withZones(unbounded, async (zones) => {
        const first = await zones.acquire([user('bob', 2)])
        await zones.acquire([user('bob', 2)])
        expect((await zones.acquire([user('bob', 2)])).refusedBy).toBe(0)
        await zones.release(first.holder)
        expect((await zones.acquire([user('bob', 2)])).refusedBy).toBeUndefined()
        expect((await zones.acquire([user('bob', 2)])).refusedBy).toBe(0)
      }))

    it('counts without a cap and never refuses there', () =>
      withZones(unbounded, async (zones) => {
        for (let i = 0; i < 50; i += 1) await zones.acquire([user('bob')])
        expect(await zones.usedCount('user', 'bob')).toBe(50)
        expect((await zones.acquire([user('bob', 50)])).refusedBy).toBe(0)
      }))

    it('takes all budgets or none, and names the first that did not fit', () =>
      withZones(unbounded, async (zones) => {
        const both = [user('bob', 9), { zone: 'domain', key: 'x.org', capMax: 1 }]
        await zones.acquire(both)
        const refused = await zones.acquire(both)
        expect(refused.refusedBy).toBe(1)
        expect(refused.usedCounts).toEqual([1, 1])
        expect(await zones.usedCount('user', 'bob')).toBe(1)
        const second = await zones.acquire([
          { zone: 'domain', key: 'x.org', capMax: 1 },
          user('bob', 1),
        ])
        expect(second.refusedBy).toBe(0)
      }))

    it('leaves no trace of a refusal: not even an empty state', () =>
      withZones(unbounded, async (zones) => {
        await zones.acquire([{ zone: 'domain', key: 'x.org', capMax: 1 }])
        await zones.acquire([user('eve', 5), { zone: 'domain', key: 'x.org', capMax: 1 }])
        expect(await zones.statesUsed('user')).toBe(0)
        expect(await zones.usedCount('user', 'eve')).toBe(0)
      }))

    it('counts the excess of a dry-run limit and goes on to the limits after it', () =>
      withZones(unbounded, async (zones) => {
        const requests = [
          { ...user('bob', 1), isDryRun: true },
          { zone: 'domain', key: 'x.org', capMax: 3 },
        ]
        for (let i = 0; i < 3; i += 1) {
          expect((await zones.acquire(requests)).refusedBy).toBeUndefined()
        }
        expect(await zones.usedCount('user', 'bob')).toBe(3)
        expect((await zones.acquire(requests)).refusedBy).toBe(1)
        expect(await zones.usedCount('user', 'bob')).toBe(3)
      }))

    describe.skipIf(unboundedBecause !== undefined)('its size', () => {
      it('is exhausted for new keys only, and a state without slots is free again at once', () =>
        withZones([{ name: 'user', sizeBytes: 128 }], async (zones) => {
          const a = await zones.acquire([user('a', 9)])
          await zones.acquire([user('b', 9)])
          const refused = await zones.acquire([user('c', 9)])
          expect(refused.refusedBy).toBe(0)
          expect(refused.isExhausted).toBe(true)
          expect((await zones.acquire([user('b', 9)])).refusedBy).toBeUndefined()
          await zones.release(a.holder)
          expect((await zones.acquire([user('c', 9)])).refusedBy).toBeUndefined()
        }))

      it('charges a longer key as more than one state', () =>
        withZones([{ name: 'user', sizeBytes: 128 }], async (zones) => {
          await zones.acquire([user('k'.repeat(29))])
          expect((await zones.acquire([user('b')])).isExhausted).toBe(true)
        }))

      it('lets a dry-run limit of an exhausted zone pass, uncounted', () =>
        withZones([{ name: 'user', sizeBytes: 64 }], async (zones) => {
          await zones.acquire([user('a')])
          const passed = await zones.acquire([{ ...user('b', 1), isDryRun: true }])
          expect(passed.refusedBy).toBeUndefined()
          expect(await zones.usedCount('user', 'b')).toBe(0)
          await zones.release(passed.holder)
        }))
    })

    it('exchanges slots without competing with itself', () =>
      withZones(unbounded, async (zones) => {
        const waiting = await zones.acquire([user('shared', 1)])
        const moved = await zones.exchange(waiting.holder, [user('block', 1), user('shared', 1)])
        expect(moved.refusedBy).toBeUndefined()
        expect(moved.usedCounts).toEqual([0, 0])
        expect(await zones.usedCount('user', 'shared')).toBe(1)
      }))

    it('holds nothing after an exchange that was refused', () =>
      withZones(unbounded, async (zones) => {
        await zones.acquire([user('block', 1)])
        const waiting = await zones.acquire([user('shared', 1)])
        const moved = await zones.exchange(waiting.holder, [user('block', 1), user('shared', 1)])
        expect(moved.refusedBy).toBe(0)
        expect(await zones.usedCount('user', 'shared')).toBe(0)
      }))

    it('agrees with the naive oracle over random histories', () =>
      fc.assert(
        fc.asyncProperty(history, (steps) => playAgainstOracle(subject, steps)),
        { numRuns: subject.histories },
      ))
  })
}

const smallZones: readonly ZoneSpec[] = [{ name: 'user', sizeBytes: 64 * 6 }, { name: 'domain' }]
const roomyZones: readonly ZoneSpec[] = [{ name: 'user' }, { name: 'domain' }]

const request: fc.Arbitrary<BudgetRequest> = fc.record(
  {
    zone: fc.constantFrom('user', 'domain'),
    key: fc.constantFrom('a', 'b', 'c', 'k'.repeat(29), 'l'.repeat(100)),
    capMax: fc.integer({ min: 1, max: 4 }),
    isDryRun: fc.boolean(),
  },
  { requiredKeys: ['zone', 'key'] },
)

const requests = fc.uniqueArray(request, {
  minLength: 1,
  maxLength: 4,
  selector: ({ zone, key }) => `${zone} ${key}`,
})

type Step =
  | { readonly kind: 'acquire'; readonly requests: BudgetRequest[] }
  | { readonly kind: 'exchange'; readonly pick: number; readonly requests: BudgetRequest[] }
  | { readonly kind: 'release'; readonly pick: number }

const pick = fc.nat({ max: 1000 })
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('acquire' as const), requests }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('exchange' as const), pick, requests }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), pick }) },
)
const history = fc.array(anyStep, { minLength: 1, maxLength: 60 })

/** A history, step by step, on the subject and on the oracle; every answer and count must agree. */
async function playAgainstOracle(subject: ZoneSubject, steps: readonly Step[]): Promise<void> {
  const specs = subject.unboundedBecause === undefined ? smallZones : roomyZones
  const zones = await subject.open(specs)
  const oracle = new NaiveZones(specs)
  const held: { real: unknown; naive: unknown }[] = []
  const take = (index: number): { real: unknown; naive: unknown } | undefined =>
    held.length === 0 ? undefined : held.splice(index % held.length, 1)[0]
  try {
    for (const step of steps) {
      if (step.kind === 'release') {
        const chosen = take(step.pick)
        if (chosen === undefined) continue
        await zones.release(chosen.real)
        oracle.release(chosen.naive)
      } else {
        const chosen = step.kind === 'exchange' ? take(step.pick) : undefined
        const real =
          chosen === undefined
            ? await zones.acquire(step.requests)
            : await zones.exchange(chosen.real, step.requests)
        const naive =
          chosen === undefined
            ? oracle.acquire(step.requests)
            : oracle.exchange(chosen.naive, step.requests)
        expect({ ...real, holder: undefined }).toEqual({ ...naive, holder: undefined })
        if (real.refusedBy === undefined) held.push({ real: real.holder, naive: naive.holder })
      }
      for (const { name } of specs) {
        expect(await zones.statesUsed(name)).toBe(oracle.statesUsed(name))
      }
    }
    for (const { real, naive } of held) {
      await zones.release(real)
      oracle.release(naive)
    }
    for (const { name } of specs) expect(await zones.statesUsed(name)).toBe(0)
  } finally {
    await zones.close()
  }
}
