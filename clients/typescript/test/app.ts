import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const here = new URL('..', import.meta.url).pathname
const { devDependencies: pinned } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> }

/** The snippets of the README, in their order. */
export const snippets = [...readFileSync(path.join(here, 'README.md'), 'utf8').matchAll(/```tsx?\n([\s\S]*?)```/g)].map(([, code]) => code!)

/** The first snippet of a page of the documentation. */
export const snippetOf = (page: string) => /```tsx\n([\s\S]*?)```/.exec(readFileSync(path.join(here, '../../docs', page), 'utf8'))![1]!

/** A project that has never heard of this tree, with the package as it is published and some others beside it. */
export class App {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'tidewire-app-'))
  readonly packed: string

  constructor(...others: string[]) {
    this.packed = this.run('npm', ['pack', '--silent', '--pack-destination', this.folder], here).trim().split('\n').at(-1)!
    this.write('package.json', JSON.stringify({ name: 'app', private: true, type: 'module' }))
    const named = others.map((name) => `${name}@${pinned[name]}`)
    this.run('npm', ['install', '--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', `./${this.packed}`, ...named])
  }

  run(command: string, args: string[], cwd = this.folder): string {
    // The test runner's own NODE_ENV would build another React.
    const env = { ...process.env, NODE_ENV: 'production' }
    return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  }

  write(name: string, text: string): void {
    const file = path.join(this.folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Compiles everything in `src`, as strictly as it gets. */
  typecheck(module: string, moduleResolution: string, types: string[], more: object = {}): void {
    const compilerOptions = {
      strict: true,
      noEmit: true,
      jsx: 'react-jsx',
      target: 'ES2022',
      lib: ['ES2023', 'DOM', 'DOM.Iterable'],
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      module,
      moduleResolution,
      types,
      ...more,
    }
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['src'] }))
    this.run(process.execPath, [path.join(here, 'node_modules/typescript/bin/tsc'), '-p', this.folder])
  }
}
