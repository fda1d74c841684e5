// Who counts in a store: names of holders and of the keys they count in.

import type { Members } from './steps.ts'

/** A holder: one worker of one process of one node. */
export interface HolderName {
  readonly node: string
  readonly worker: number
  /** Random: a process that is started again is another holder, and never takes over what was. */
  readonly instance: string
}

export function holderText({ node, worker, instance }: HolderName): string {
  return `${node}/${worker}/${instance}`
}

export interface MembershipParts {
  /** What everything in the store begins with. */
  readonly prefix: string
  readonly holder: HolderName
}

/** The members of one hash tag, as this holder last heard. */
export class Membership {
  readonly membersKey: string
  readonly ownKey: string
  readonly ownName: string
  readonly #prefix: string
  readonly #node: string
  #revision = ''
  #others: readonly string[] = []
  #otherKeys: readonly string[] = []
  #nodeCount = 1

  constructor({ prefix, holder }: MembershipParts) {
    this.#prefix = prefix
    this.#node = holder.node
    this.ownName = holderText(holder)
    this.membersKey = `{${prefix}}:members`
    this.ownKey = this.#keyOf(this.ownName)
  }

  get revision(): string {
    return this.#revision
  }

  /** Without this one. */
  get others(): readonly string[] {
    return this.#others
  }

  /** Of all holders, this one's first. */
  get holderCount(): number {
    return this.#others.length + 1
  }

  /** Machines, whatever number of workers each has. */
  get nodeCount(): number {
    return this.#nodeCount
  }

  /** As every script with the members in it wants them. */
  get keys(): readonly string[] {
    return [this.membersKey, this.ownKey, ...this.#otherKeys]
  }

  /** False: this holder is not among them. */
  learn({ revision, names }: Members): boolean {
    this.#revision = revision
    this.#others = names.filter((name) => name !== this.ownName)
    this.#otherKeys = this.#others.map((name) => this.#keyOf(name))
    const nodes = this.#others.map((name) => name.slice(0, name.indexOf('/')))
    this.#nodeCount = new Set([this.#node, ...nodes]).size
    return this.#others.length < names.length
  }

  #keyOf(name: string): string {
    return `{${this.#prefix}}:ledger:${name}`
  }
}
