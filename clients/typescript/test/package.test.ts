import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

const here = new URL('..', import.meta.url).pathname

/** The package as it is published, in a project that has never heard of this tree. */
test('npm pack installs elsewhere; the README’s snippets compile strictly and run', () => {
  const app = mkdtempSync(path.join(tmpdir(), 'tidewire-app-'))
  const run = (command: string, args: string[], cwd = app) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const packed = run('npm', ['pack', '--silent', '--pack-destination', app], here).trim().split('\n').at(-1)!
  writeFileSync(path.join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
  const { devDependencies: pinned } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> }
  const others = ['react', 'react-dom', '@types/react', '@types/react-dom', 'ws', '@types/ws', '@types/node'].map((name) => `${name}@${pinned[name]}`)
  run('npm', ['install', '--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', `./${packed}`, ...others])

  const readme = readFileSync(path.join(here, 'README.md'), 'utf8')
  const [react, node, , , testing] = [...readme.matchAll(/```tsx?\n([\s\S]*?)```/g)].map(([, code]) => code!)
  mkdirSync(path.join(app, 'src'))
  writeFileSync(path.join(app, 'src/App.tsx'), react!)
  writeFileSync(path.join(app, 'src/node.ts'), `${node!}\nexport {}\n`)
  writeFileSync(path.join(app, 'src/testing.ts'), `${testing!}\nexport const shown = client.list(messages('r')).get()\n`)
  const options = { strict: true, noEmit: true, jsx: 'react-jsx', target: 'ES2022', exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }
  for (const [module, moduleResolution] of [['ESNext', 'Bundler'], ['NodeNext', 'NodeNext']]) {
    writeFileSync(path.join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, module, moduleResolution, types: ['node'] }, include: ['src'] }))
    run(process.execPath, [path.join(here, 'node_modules/typescript/bin/tsc'), '-p', app])
  }

  writeFileSync(path.join(app, 'run.mjs'), `${testing!}\nconsole.log(JSON.stringify(client.list(messages('r')).get().items.map((row) => row.text)))\nclient.close()\n`)
  expect(run(process.execPath, ['run.mjs']).trim()).toBe('["hello"]')
  writeFileSync(path.join(app, 'render.mjs'), `
    import { createElement } from 'react'
    import { renderToString } from 'react-dom/server'
    import { createClient, apiKey } from 'tidewire'
    import { TidewireProvider, useConnection } from 'tidewire/react'
    import { reactNative } from 'tidewire/react-native'
    const client = createClient({ url: 'http://x', auth: apiKey('k') })
    const State = () => useConnection().state
    console.log(renderToString(createElement(TidewireProvider, { client }, createElement(State))), typeof reactNative)
  `)
  expect(run(process.execPath, ['render.mjs']).trim()).toBe('idle function')
}, 180_000)
