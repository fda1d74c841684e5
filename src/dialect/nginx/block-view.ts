// The directives that hold for one server, by nginx's rules of inheritance, and which of them
// anything went by: what nothing goes by is said, not passed over.

import type { CheckedDirective } from './checked.ts'

/** One block, and the block around it. A peer's outer block is its server or mail. */
export class BlockView {
  readonly #own: readonly CheckedDirective[]
  readonly #outer: readonly CheckedDirective[]
  readonly #used: Set<CheckedDirective>

  constructor(
    own: readonly CheckedDirective[],
    outer: readonly CheckedDirective[],
    used: Set<CheckedDirective>,
  ) {
    this.#own = own
    this.#outer = outer
    this.#used = used
  }

  /** All directives of a name: the block's own, or the inherited ones when it has none. */
  all(name: string): readonly CheckedDirective[] {
    const found = this.find(name)
    for (const directive of found) this.#used.add(directive)
    return found
  }

  /** The directive of a name that decides: the last one. */
  last(name: string): CheckedDirective | undefined {
    const found = this.find(name).at(-1)
    if (found !== undefined) this.#used.add(found)
    return found
  }

  /** As `all`, for a look that is not a use. */
  find(name: string): readonly CheckedDirective[] {
    const own = this.own(name)
    return own.length > 0 ? own : this.#outer.filter((found) => found.spec.name === name)
  }

  own(name: string): readonly CheckedDirective[] {
    return this.#own.filter((found) => found.spec.name === name)
  }

  /** For a directive that has been answered otherwise. */
  use(directive: CheckedDirective): void {
    this.#used.add(directive)
  }
}

/** The directives of a block that Postern acts on, and that nothing went by. */
export function unusedOf(
  block: readonly CheckedDirective[],
  used: ReadonlySet<CheckedDirective>,
): readonly CheckedDirective[] {
  return block.filter((found) => found.spec.status === 'works' && !used.has(found))
}
