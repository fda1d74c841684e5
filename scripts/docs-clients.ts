// Writes docs/clients.md: runs every mail client of the table against a gate with real servers
// behind it, and writes down what it shows its user. Needs root, and the clients.

import { readFileSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ClientScene } from '../test/interop/clients/scene.ts'
import type { Outcome } from '../test/interop/clients/scene.ts'
import { clientPackages, haveClients } from '../test/interop/clients/programs.ts'
import { clients, stages } from '../test/interop/clients/table.ts'
import type { MailClient, Stage } from '../test/interop/clients/table.ts'
import { clientHeading, clientsIntroduction, stageHeading } from './clients-page.ts'

const pageFile = fileURLToPath(new URL('../docs/clients.md', import.meta.url))
/** The longest dialogue of them has as many. */
const linesMax = 12

if (haveClients()) await writePage()
else {
  process.stderr.write(`run as root, with: apt-get install ${clientPackages.join(' ')}\n`)
  process.exitCode = 1
}

async function writePage(): Promise<void> {
  const scene = await ClientScene.start()
  try {
    const parts = [clientsIntroduction]
    for (const client of clients) {
      process.stdout.write(`${client.name}, ${client.protocol}\n`)
      parts.push(await sectionOf(scene, client))
    }
    writeFileSync(pageFile, parts.join('\n'))
  } finally {
    await scene.stop()
  }
}

async function sectionOf(scene: ClientScene, client: MailClient): Promise<string> {
  const lines = [clientHeading(client), '']
  for (const stage of stages) {
    const outcome = await scene.run(client, stage)
    if (stage === 'let in') {
      lines.push(`${versionOf(client)}, called as`, '', ...fenced(outcome.command), '')
    }
    lines.push(...stageLines(stage, outcome), '')
  }
  return lines.join('\n')
}

function stageLines(stage: Stage, outcome: Outcome): readonly string[] {
  const { exitCode, connectionCount, loginCount, output } = outcome
  const code = exitCode === undefined ? 'ended after 30 s' : `exit code ${exitCode}`
  const facts = [
    code,
    connectionCount === 1 ? 'connects once' : `connects ${connectionCount} times`,
    loginCount === 0 ? 'sends no password' : `sends its password ${times(loginCount)}`,
  ]
  const heading = `${stageHeading(stage)} ${facts.join(', ')}.`
  if (stage === 'let in') return [heading]
  return output === '' ? [`${heading} It says nothing.`] : [heading, '', ...fenced(output)]
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

function fenced(text: string): readonly string[] {
  const lines = text.split('\n')
  const cut = lines.length > linesMax ? [...lines.slice(0, linesMax), '...'] : lines
  return ['```', ...cut, '```']
}

function versionOf({ name, package: packageName }: MailClient): string {
  if (packageName === undefined) {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
    const found = /"version": "([^"]+)"/.exec(readFileSync(file, 'utf8'))?.[1]
    return `${name} ${found ?? ''}`
  }
  const done = spawnSync('dpkg-query', ['-W', '-f', '${Version}', packageName], {
    encoding: 'utf8',
  })
  return `${packageName} ${done.stdout}`.trim()
}
