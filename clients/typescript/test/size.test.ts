import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const OTHERS = ['centrifuge', 'react', '@tanstack/db']

/** What an app's bundle grows by: minified and compressed as a page would get it, without the SDK and React. */
async function sizeOf(code: string, external = OTHERS): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: new URL('..', import.meta.url).pathname, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    external,
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length
}

const CLIENT = "export { createClient } from './src/index.ts'"
const LIST = "export { createClient, messages } from './src/index.ts'"
const SIGNED_IN = "export { createClient, jwt, messages } from './src/index.ts'"
const AND_HOOKS = `${SIGNED_IN}; export { TidewireProvider, useConnection, useLiveList } from './src/react.ts'`
const CHAT = `${AND_HOOKS}; export { optimistic } from './src/optimistic.ts'`
const extra = (name: string) => `${LIST}; export { ${name} } from './src/index.ts'`

/** In bytes: what is asked of the client by itself, and what each further thing adds. A change that needs more says why. */
const LIMITS = [
  ['createClient with the link and REST', [CLIENT], 5_400],
  ['the core: all that a list needs that is true and only read', [LIST], 8_000],
  ['one resource on top of that', ["export { createClient, messages, room } from './src/index.ts'", LIST], 330],
  ['writes that are shown at once', [`${LIST}; export { optimistic } from './src/optimistic.ts'`, LIST], 2_080],
  // Of this, 150 for the renewal ahead of time, which the client had.
  ['a write queue instead, in IndexedDB', [`${LIST}; export { queued } from './src/queued.ts'; export { indexedDb } from './src/storage.ts'`, LIST], 3_900],
  ['rows on disk, with the same storage', ["export { durable } from './src/durable.ts'; export { indexedDb } from './src/storage.ts'"], 1_030],
  ['prefetch and dehydrate, on the server', ["export * from './src/ssr.ts'"], 1_220],
  ['a list that begins at any row', [`${LIST}; export { listWindow } from './src/window.ts'`, LIST], 860],
  ['reactions', ["export * from './src/reactions.ts'"], 350],
  ['the adapter of TanStack DB, without its package', ["export * from './src/tanstack-db.ts'"], 730],
  ['reading again what no event brings', ["export * from './src/reread.ts'"], 780],
  ['signing in', [SIGNED_IN, LIST], 1_400],
  ['the hooks for lists', [AND_HOOKS, SIGNED_IN], 500],
  ['events, for other uses than a list', [extra('events'), LIST], 285],
  ['presence', [extra('presence'), LIST], 360],
  ['ephemeral messages', [extra('signal'), LIST], 350],
  ['HTTP where WebSockets are blocked', ["export { withFallback } from './src/fallback.ts'"], 1_060],
  ['the phone', ["export * from './src/react-native.ts'"], 240],
] as const

test.each(LIMITS)('%s: as small as it is', async (_, [code, without], limit) => {
  const size = (await sizeOf(code)) - (without ? await sizeOf(without) : 0)
  expect(size).toBeLessThanOrEqual(limit)
  // So that the numbers above, and those of the README, stay those of today.
  expect(size).toBeGreaterThan(limit * 0.9)
})

test.each([
  ['the core', LIST, 31_500],
  ['what the page of a chat loads, besides React', CHAT, 35_500],
] as const)('%s with the SDK: as large as the README says', async (_, code, limit) => {
  const size = await sizeOf(code, ['react'])
  expect(size).toBeLessThanOrEqual(limit)
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toMatch(new RegExp(`\\b${Math.round(size / 1000)}\\s+kB`))
})
