import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PageFiles } from './page-files.ts'

let directory: string
let files: PageFiles | undefined

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-page-'))
  writeFileSync(join(directory, 'index.html'), '<!doctype html>')
  writeFileSync(join(directory, 'main-ABCD1234.js'), 'run()')
  writeFileSync(join(directory, 'notes.txt'), 'not for the browser')
  files = PageFiles.load(directory)
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

const get = (path: string, acceptEncoding?: string): ReturnType<PageFiles['answer']> =>
  files?.answer({ path, acceptEncoding })

describe('the files of the live page', () => {
  it('are kept for good where the name changes with what is in them, and asked for anew where not', () => {
    expect(get('/')?.headers['cache-control']).toBe('no-cache')
    expect(get('/main-ABCD1234.js')?.headers['cache-control']).toContain('immutable')
  })

  it.each([
    ['gzip, deflate, br', true],
    ['br;q=1.0, gzip;q=0.8', true],
    ['gzip;q=0', false],
    ['identity', false],
    [undefined, false],
  ])('are packed for a browser that says %s: %s', (acceptEncoding, isPacked) => {
    const answer = get('/main-ABCD1234.js', acceptEncoding)
    const body = Buffer.from(answer?.body ?? [])
    expect(answer?.headers['content-encoding']).toBe(isPacked ? 'gzip' : undefined)
    expect((isPacked ? gunzipSync(body) : body).toString()).toBe('run()')
  })

  it('are those of the build, and no path leads to others', () => {
    const paths = ['/index.html', '/notes.txt', '/../package.json', '/%2e%2e/x', '//', '']
    expect(paths.filter((path) => get(path) !== undefined)).toEqual([])
  })

  it('are none where the page was not built', () => {
    expect(PageFiles.load(join(directory, 'nowhere'))).toBeUndefined()
  })
})
