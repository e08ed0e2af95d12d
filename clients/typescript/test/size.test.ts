import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** What an app's bundle grows by: minified and compressed as a page would get it, without the SDK and React. */
async function sizeOf(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: new URL('..', import.meta.url).pathname, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    external: ['centrifuge', 'react'],
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length
}

/** In bytes. A change that needs more says why. */
const LIMITS = {
  'everything that createClient offers': ["export { createClient } from './src/index.ts'", 7_750],
  'and signing in, and one descriptor': ["export { createClient, jwt, messages } from './src/index.ts'", 8_900],
  'the whole of the entry': ["export * from './src/index.ts'", 9_250],
  'the hooks, on top of it': ["export * from './src/react.ts'", 950],
  'the phone, on top of it': ["export * from './src/react-native.ts'", 240],
} as const

test.each(Object.entries(LIMITS))('%s: as small as it is', async (_, [code, limit]) => {
  const size = await sizeOf(code)
  expect(size).toBeLessThanOrEqual(limit)
  // So that the numbers above stay those of today.
  expect(size).toBeGreaterThan(limit * 0.9)
})
