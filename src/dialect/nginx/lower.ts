// From checked directives to the Policy they mean.

import type { LimitZone } from '../../policy/limit-zone.ts'
import { parseKey } from '../../policy/key.ts'
import { freezePolicy } from '../../policy/policy.ts'
import type { Policy } from '../../policy/policy.ts'
import { BlockView } from './block-view.ts'
import type { CheckedDirective } from './checked.ts'
import { spanOf } from './draft.ts'
import type { Lowering } from './draft.ts'
import { lowerCluster } from './lower-cluster.ts'
import { lowerDaemon } from './lower-daemon.ts'
import { lowerServer } from './lower-server.ts'
import { reportUnused } from './no-effect.ts'

/** With errors in the report or the findings the policy is incomplete. */
export function lower(
  directives: readonly CheckedDirective[],
  file: string,
  lowering: Lowering,
): Policy {
  const main = new BlockView(directives, [], lowering.used)
  const daemon = lowerDaemon(main, lowering)
  const mail = main.last('mail')?.body ?? []
  const zones = mail.flatMap((found) => zonesOf(found, lowering))
  const servers = mail
    .filter(({ spec }) => spec.name === 'server')
    .flatMap((server) => {
      lowering.used.add(server)
      return lowerServer(server, mail, lowering) ?? []
    })
  reportUnused(mail, servers, lowering)
  const span = { file, line: 1, column: 1 }
  return freezePolicy({
    kind: 'policy',
    dialect: 'nginx',
    daemon,
    global: { kind: 'global', label: 'main', options: {}, span },
    listeners: servers.map(({ listener }) => listener),
    pathways: [],
    pathwayGroups: [],
    zones,
    ...lowerCluster(main, lowering),
  })
}

function zonesOf(directive: CheckedDirective, lowering: Lowering): LimitZone[] {
  const { value, args } = directive
  const [word] = args
  if (value.kind !== 'zone' || word === undefined) return []
  lowering.used.add(directive)
  const { name, sizeBytes, key: text, isCaseFolded, net, cluster } = value.zone
  const parsed = parseKey({ value: text, span: word.span }, { foldsCase: isCaseFolded, ...net })
  // What a key can never match was warned about when the directive was read.
  lowering.findings.push(...parsed.diagnostics.filter(({ severity }) => severity === 'error'))
  if (parsed.key === undefined) return []
  return [
    {
      kind: 'zone',
      name,
      sizeBytes,
      key: parsed.key,
      ...(cluster === undefined ? {} : { cluster }),
      span: spanOf(directive),
    },
  ]
}
