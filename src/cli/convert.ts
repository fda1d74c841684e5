// A policy in another language, read back and compared: whatever is not the same is told.

import { resolve } from 'node:path'
import type { Span } from '../base/diagnostic.ts'
import { dialectOf } from '../dialect/detect.ts'
import type { Dialect, FileReader } from '../dialect/dialect.ts'
import type { NotSaid } from '../dialect/written.ts'
import { inRemark, placeOf } from '../dialect/written.ts'
import { withAbsolutePaths } from '../policy/absolute-paths.ts'
import { compareMeaning } from '../policy/meaning.ts'
import type { MeaningDifference } from '../policy/meaning.ts'
import type { OptionName } from '../policy/options.ts'
import type { Policy } from '../policy/policy.ts'

export interface ConvertRequest {
  readonly policy: Policy
  readonly to: Dialect['name']
  readonly prefix: string
  /** What the first lines say it was made from. */
  readonly source: string
}

export interface Converted {
  readonly text: string
  /** Everything that the text does not say as the policy has it. */
  readonly notSaid: readonly NotSaid[]
}

export function convertPolicy({ policy, to, prefix, source }: ConvertRequest): Converted {
  const { text, notSaid } = dialectOf(to).write(policy, prefix)
  const all = [...notSaid, ...lostIn({ policy, to, prefix, text, notSaid })]
  return { text: `${headerOf({ policy, to, source, notSaid: all })}\n${text}`, notSaid: all }
}

interface Written {
  readonly policy: Policy
  readonly to: Dialect['name']
  readonly prefix: string
  readonly text: string
  readonly notSaid: readonly NotSaid[]
}

/** The text is one file; nothing is read but it. */
const noFiles: FileReader = {
  read: () => ({ problem: 'not read' }),
  kindOf: () => undefined,
  list: () => [],
}

/** Reads the text as the daemon would, and compares what it means. */
function lostIn({ policy, to, prefix, text, notSaid }: Written): readonly NotSaid[] {
  const file = resolve(prefix, 'converted.conf')
  const again = dialectOf(to).load({ file, text, reader: noFiles, searchPath: [] })
  if (again.policy === undefined) {
    const errors = again.diagnostics.filter(({ severity }) => severity === 'error')
    return errors.map(({ message, span }) => ({
      reason: `the text as a whole: ${message}${span === undefined ? '' : `, in its line ${span.line}`}`,
    }))
  }
  // Both from the prefix, so that a path is one path in both.
  const [one, other] = [withAbsolutePaths(policy, prefix), withAbsolutePaths(again.policy, prefix)]
  const isTold = ({ span }: MeaningDifference): boolean =>
    span !== undefined && notSaid.some((known) => isSamePlace(known.span, span))
  return compareMeaning(one, other)
    .filter((difference) => !isTold(difference))
    .map((difference) => told(difference, dialectOf(policy.dialect)))
}

function isSamePlace(one: Span | undefined, other: Span): boolean {
  return one?.file === other.file && one.line === other.line && one.column === other.column
}

function told({ what, where, one, other, span }: MeaningDifference, dialect: Dialect): NotSaid {
  const reason = `${nameOf(what, dialect)} of ${where}: ${one ?? 'nothing'} would become ${other ?? 'nothing'}`
  return { reason, span }
}

function nameOf(what: MeaningDifference['what'], dialect: Dialect): string {
  switch (what) {
    case 'limits':
    case 'zones':
    case 'daemon':
    case 'cluster':
    case 'listen':
      return what
    default:
      return dialect.word(what satisfies OptionName)
  }
}

interface Header {
  readonly policy: Policy
  readonly to: Dialect['name']
  readonly source: string
  readonly notSaid: readonly NotSaid[]
}

/** Where the text is from, and what is missing in it. */
function headerOf({ policy, to, source, notSaid }: Header): string {
  const lines = [
    `Made by: postern convert --to ${to} ${source}`,
    `${source} is written in the language of ${policy.dialect}; remarks name its lines.`,
    ...(notSaid.length === 0 ? [] : ['', 'NOT SAID below, for want of words:']),
    ...notSaid.map((missing) => `- ${notSaidText(missing)}`),
  ]
  return lines.map((line) => `# ${inRemark(line)}`.trimEnd() + '\n').join('')
}

/** `postern.conf:12: what is lost, and why`. */
export function notSaidText({ reason, span }: NotSaid): string {
  return inRemark(span === undefined ? reason : `${placeOf(span)}: ${reason}`)
}
