// The store that counts over several nodes, as this node sees it: whether it counts, with how many.

import type { ComponentChildren } from 'preact'
import { Section } from '../parts/section.tsx'
import { Cell, Table } from '../parts/table.tsx'
import type { ClusterState, Ledger } from '../wire/shapes.ts'
import { age, count, counted } from '../words/format.ts'

const columns = [
  { title: 'This node' },
  { title: 'State' },
  { title: 'Nodes that count', isNumber: true },
  { title: 'Slots held', isNumber: true },
  { title: 'Lease left', isNumber: true },
]

/** One row for each worker, and in a Redis Cluster for each of its zones. */
export function Cluster({
  members,
}: {
  readonly members: readonly ClusterState[]
}): ComponentChildren {
  const [first] = members
  if (first === undefined) return null
  const ledgers = members.flatMap((member) => member.ledgers.map((ledger) => ({ member, ledger })))
  const awayCount = ledgers.filter(({ ledger }) => ledger.awayMs !== undefined).length
  const nodes = Math.max(...ledgers.map(({ ledger }) => ledger.nodeCount))
  const note =
    awayCount === 0
      ? `${first.name}: ${counted(nodes, 'node counts', 'nodes count')} together`
      : `${first.name}: the store is away`
  return (
    <Section id="cluster" title="Cluster" note={note}>
      <Table class="cluster" caption="The store of limits over all nodes" columns={columns}>
        {ledgers.map(({ member, ledger }) => (
          <Row key={`${member.worker} ${ledger.zone ?? ''}`} member={member} ledger={ledger} />
        ))}
      </Table>
    </Section>
  )
}

interface RowProps {
  readonly member: ClusterState
  readonly ledger: Ledger
}

function Row({ member, ledger }: RowProps): ComponentChildren {
  const { awayMs, zone, nodeCount, slotsHeld, leaseLeftMs } = ledger
  const { driftTotal } = member
  return (
    <tr role="row" class={awayMs === undefined ? '' : 'full'}>
      <Cell class="name">
        {member.node}/{member.worker}
        {zone === undefined ? null : <span class="kind">zone {zone}</span>}
      </Cell>
      <Cell class="used" label="state">
        {stateOf(ledger)}
        {driftTotal === 0 ? null : (
          <span class="kind">
            {counted(driftTotal, 'slot that the store lost was', 'slots that the store lost were')}{' '}
            made good
          </span>
        )}
      </Cell>
      <Cell class="number" label="nodes">
        {count(nodeCount)}
      </Cell>
      <Cell class="number" label="slots held">
        {count(slotsHeld)}
      </Cell>
      <Cell class="number" label="lease left">
        {awayMs === undefined ? age(leaseLeftMs) : ''}
      </Cell>
    </tr>
  )
}

function stateOf({ awayMs, why, detail, state }: Ledger): string {
  if (awayMs === undefined) return state
  const cause = why === undefined ? '' : ` (${why}${detail === undefined ? '' : `: ${detail}`})`
  return `away for ${age(awayMs)}${cause}: limits do what When_Away says`
}
