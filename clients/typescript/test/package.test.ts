import path from 'node:path'
import { expect, test } from 'vitest'
import { App, snippetOf, snippets } from './app.js'

const tool = (name: string) => new URL(`../node_modules/${name}`, import.meta.url).pathname

/** Of React Native and its neighbours, as much as the page about it uses: they are not for this machine. */
const NATIVE = `
declare module 'react-native-get-random-values' {}
declare module 'react-native' {
  import type { ReactElement } from 'react'
  export const AppState: import('tidewire/react-native').AppStateLike
  export function Text(props: { children?: unknown }): ReactElement
  export function FlatList<T>(props: {
    inverted?: boolean
    data: readonly T[]
    keyExtractor(item: T): string
    renderItem(info: { item: T }): ReactElement
    onEndReached?(): void
  }): ReactElement
}
declare module '@react-native-async-storage/async-storage' {
  const storage: { getItem(key: string): Promise<string | null>; setItem(key: string, value: string): Promise<void>; removeItem(key: string): Promise<void> }
  export default storage
}
declare module '@react-native-community/netinfo' {
  const info: import('tidewire/react-native').NetInfoLike
  export default info
}
`

test('npm pack installs elsewhere; types resolve everywhere; the README’s snippets compile strictly and run', () => {
  const app = new App('@tanstack/db', '@tanstack/query-core', 'react', 'react-dom', '@types/react', '@types/react-dom', 'ws', '@types/ws', '@types/node')
  const packed = path.join(app.folder, app.packed)
  expect(app.run(process.execPath, [tool('publint/src/cli.js'), packed, '--strict'])).toContain('All good!')
  app.run(process.execPath, [tool('@arethetypeswrong/cli/dist/index.js'), packed, '--profile', 'esm-only', '--no-emoji'])

  const [react, window, offline, server, tanstack, query, counts, node, , , testing] = snippets
  app.write('src/App.tsx', react!)
  app.write('src/Native.tsx', snippetOf('mobile/react-native.md'))
  app.write('src/native.d.ts', NATIVE)
  app.write('src/offline.ts', `${offline!}\nexport const { writes } = client\n`)
  app.write('src/server.tsx', server!)
  app.write('src/window.ts', window!)
  app.write('src/query.ts', query!)
  app.write('src/counts.ts', counts!)
  app.write('src/node.ts', `${node!}\nexport {}\n`)
  app.write('src/testing.ts', `${testing!}\nexport const shown = client.list(messages('r')).get()\n`)
  app.typecheck('ESNext', 'Bundler', ['node'])
  // From CommonJS, too, where Node can load ES modules with require.
  app.write('src/common.cts', `import { createClient, apiKey } from 'tidewire'\nexport const state = createClient({ url: 'http://x', auth: apiKey('k') }).status.state\n`)
  app.typecheck('NodeNext', 'NodeNext', ['node'])
  // The types of TanStack DB do not stand exactOptionalPropertyTypes themselves.
  app.write('src/tanstack.ts', tanstack!)
  app.typecheck('ESNext', 'Bundler', ['node'], { skipLibCheck: true })

  app.write('run.mjs', `${testing!}\nconsole.log(JSON.stringify(client.list(messages('r')).get().items.map((row) => row.text)))\nclient.close()\n`)
  expect(app.run(process.execPath, ['run.mjs']).trim()).toBe('["hello"]')
  app.write('common.cjs', `try { console.log(typeof require('tidewire').createClient, typeof require('tidewire/react').useLiveList) } catch ({ code }) { console.log(code) }`)
  expect(app.run(process.execPath, ['common.cjs']).trim()).toBe(process.features.require_module ? 'function function' : 'ERR_REQUIRE_ESM')
  app.write(
    'render.mjs',
    `
    import { createElement } from 'react'
    import { renderToString } from 'react-dom/server'
    import { createClient, apiKey } from 'tidewire'
    import { TidewireProvider, useConnection } from 'tidewire/react'
    import { reactNative } from 'tidewire/react-native'
    const client = createClient({ url: 'http://x', auth: apiKey('k') })
    const State = () => useConnection().state
    console.log(renderToString(createElement(TidewireProvider, { client }, createElement(State))), typeof reactNative)
  `,
  )
  expect(app.run(process.execPath, ['render.mjs']).trim()).toBe('idle function')
}, 240_000)
