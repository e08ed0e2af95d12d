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

const CLIENT = "export { createClient } from './src/index.ts'"
const LIST = "export { createClient, messages } from './src/index.ts'"
const SIGNED_IN = "export { createClient, jwt, messages } from './src/index.ts'"

/** In bytes: what is asked of the client by itself, and what each further thing adds. A change that needs more says why. */
const LIMITS = [
  // Of this, 200 for phones without URL, 100 for requests that end with their user, and 200 for notifying once per frame.
  ['createClient with all that hangs on it: link, REST, streams, presence, signals', [CLIENT], 6_150],
  // Of this, 200 for rows that stay the same object.
  ['the first list on top of it', [LIST, CLIENT], 2_600],
  ['one resource on top of that', ["export { createClient, messages, room } from './src/index.ts'", LIST], 190],
  // Of this, 200 for tabs: hearing of another user, and never using the tokens of one.
  ['signing in on top of that', [SIGNED_IN, LIST], 1_250],
  ['the hooks on top of that', [`${SIGNED_IN}; export * from './src/react.ts'`, SIGNED_IN], 800],
  ['the phone', ["export * from './src/react-native.ts'"], 240],
] as const

test.each(LIMITS)('%s: as small as it is', async (_, [code, without], limit) => {
  const size = (await sizeOf(code)) - (without ? await sizeOf(without) : 0)
  expect(size).toBeLessThanOrEqual(limit)
  // So that the numbers above, and those of the README, stay those of today.
  expect(size).toBeGreaterThan(limit * 0.9)
})
