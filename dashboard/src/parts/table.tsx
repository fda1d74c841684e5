// Tables that stay tables for a screen reader when a narrow screen lays them out as cards.

import type { ComponentChildren } from 'preact'

export interface Column {
  readonly title: string
  /** Digits line up at the right. */
  readonly isNumber?: boolean
  /** Said, not shown: what is in the column speaks for itself. */
  readonly isSilent?: boolean
}

interface TableProps {
  readonly class: string
  /** What is in it, in a sentence for those who cannot see it. */
  readonly caption: string
  readonly columns: readonly Column[]
  readonly children: ComponentChildren
}

export function Table({ class: name, caption, columns, children }: TableProps): ComponentChildren {
  return (
    <table class={name} role="table">
      <caption class="hidden">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, isNumber, isSilent }) => (
            <th key={title} scope="col" role="columnheader" class={isNumber ? 'number' : ''}>
              {isSilent ? <span class="hidden">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">{children}</tbody>
    </table>
  )
}

interface CellProps {
  readonly class?: string
  /** The column's name, shown beside the value where there is no room for a head. */
  readonly label?: string
  readonly children?: ComponentChildren
}

export function Cell({ class: name = '', label, children }: CellProps): ComponentChildren {
  return (
    <td role="cell" class={name} data-label={label}>
      {children}
    </td>
  )
}
