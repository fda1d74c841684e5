// Bundles the web page of dashboard/ into dist/dashboard: one page, one script, one style sheet and
// an icon, the names of the latter with a hash of what is in them, so that they can be cached for good.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'dashboard')
const target = join(root, 'dist', 'dashboard')

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: [join(source, 'src', 'main.tsx'), join(source, 'style', 'page.css')],
  entryNames: '[name]-[hash]',
  outdir: target,
  bundle: true,
  minify: true,
  format: 'esm',
  // What `import` maps, `:has` and nested rules ask for: browsers of the last two years.
  target: ['chrome120', 'firefox121', 'safari17.2'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  write: false,
  logLevel: 'warning',
})

rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
const names = outputFiles.map(({ path, contents }) => {
  writeFileSync(path, contents)
  return basename(path)
})
const icon = readFileSync(join(source, 'icon.svg'))
const iconName = `icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`
writeFileSync(join(target, iconName), icon)

const named = (ending) => names.find((name) => name.endsWith(ending))
const page = readFileSync(join(source, 'index.html'), 'utf8')
  .replace('{{script}}', named('.js'))
  .replace('{{style}}', named('.css'))
  .replace('{{icon}}', iconName)
writeFileSync(join(target, 'index.html'), page)
