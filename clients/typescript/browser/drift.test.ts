import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

test('the committed demo is what its source builds', () => {
  const demo = new URL('../../../demo/', import.meta.url).pathname
  if (!existsSync(path.join(demo, 'node_modules'))) {
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: demo, stdio: 'ignore' })
  }
  const out = mkdtempSync(path.join(tmpdir(), 'tidewire-demo-'))
  execFileSync('npx', ['tsc', '--noEmit'], { cwd: demo, stdio: 'inherit' })
  // The test runner's own NODE_ENV would build another React.
  const env = { ...process.env, NODE_ENV: 'production' }
  execFileSync('npx', ['vite', 'build', '--outDir', out, '--emptyOutDir', '--logLevel', 'error'], { cwd: demo, stdio: 'inherit', env })
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(files.map(({ name }) => name).sort()).toEqual(['demo.js', 'index.css', 'index.html'])
  for (const { parentPath, name } of files) {
    const built = path.join(parentPath, name)
    const committed = path.join(demo, 'dist', path.relative(out, built))
    expect(readFileSync(committed, 'utf8') === readFileSync(built, 'utf8'), `${name}: run npm run build in demo/`).toBe(true)
  }
}, 120_000)
