// That docs/clients.md tells of every client and every stage of the table it is made from.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { clientHeading, clientsIntroduction, stageHeading } from '../scripts/clients-page.ts'
import { clients, stages } from './interop/clients/table.ts'

const page = readFileSync(fileURLToPath(new URL('../docs/clients.md', import.meta.url)), 'utf8')

it('the page of clients has a section for each of the table, in its order, and no other', () => {
  expect(page.startsWith(clientsIntroduction)).toBe(true)
  const headings = page.split('\n').filter((line) => line.startsWith('## '))
  expect(headings).toEqual(clients.map(clientHeading))
})

it('each section tells its command line, and of every stage its exit code and what was counted', () => {
  const sections = page.split(/^## /m).slice(1)
  for (const [index, client] of clients.entries()) {
    const section = sections[index] ?? ''
    const { program } = client.call({ port: 1, user: 'u', password: 'p', folder: '/' })
    expect(section).toContain(`called as\n\n\`\`\`\n${program} `)
    const facts = stages.map((stage) => {
      const at = section.indexOf(stageHeading(stage))
      return /^\*\*[\w ]+\*\*: (exit code \d+|ended after 30 s), connects .*, sends /.test(
        section.slice(Math.max(at, 0)),
      )
    })
    expect({ client: client.name, facts }).toEqual({
      client: client.name,
      facts: stages.map(() => true),
    })
  }
})
