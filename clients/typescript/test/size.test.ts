import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** Our own code, minified and compressed as a page would get it. The SDK, React and the generated part are not ours. */
test('all that we add to an app stays under 11.5 kB', async () => {
  const own = `export * from './src/index.ts'; export * from './src/react.ts'; export * from './src/react-native.ts'`
  const { outputFiles } = await build({
    stdin: { contents: own, resolveDir: new URL('..', import.meta.url).pathname, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    external: ['centrifuge', 'react', './generated/*'],
  })
  const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length
  expect(size).toBeLessThan(11.5 * 1024)
})
