import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

test('docs/reference/typescript is what the types and their comments say', () => {
  const here = new URL('..', import.meta.url).pathname
  const out = mkdtempSync(path.join(tmpdir(), 'tidewire-reference-'))
  execFileSync(process.execPath, [path.join(here, 'scripts/reference.mjs'), out], { stdio: 'inherit' })
  const committed = path.join(here, '../../docs/reference/typescript')
  const pages = (folder: string) => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]))
  expect(pages(committed), 'run: npm run reference').toEqual(pages(out))
  // Every entry of the package has its page.
  const { exports } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8')) as { exports: Record<string, unknown> }
  const entries = Object.keys(exports).filter((name) => name !== './package.json')
  expect(Object.keys(pages(out)).sort()).toEqual([...entries.map((name) => `${name === '.' ? 'tidewire' : name.slice(2)}.md`), 'index.md'].sort())
}, 120_000)
