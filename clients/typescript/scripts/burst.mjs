// Memory of 5,000 rows, and CPU of a burst of 100 events: node --expose-gc scripts/burst.mjs [FOLDER OF ANOTHER REVISION]

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'

const here = path.resolve(process.argv[2] ?? new URL('..', import.meta.url).pathname)
const ROWS = 5_000
const EVENTS = 100

const { outputFiles } = await build({
  stdin: { contents: "export * from './src/index.ts'; export * from './src/testing.ts'", resolveDir: here, loader: 'ts' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  write: false,
})
const file = path.join(mkdtempSync(path.join(tmpdir(), 'tidewire-burst-')), 'client.mjs')
writeFileSync(file, outputFiles[0].text)
const { createClient, createTestServer, messages } = await import(file)

const settle = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms))
const heap = () => (globalThis.gc(), globalThis.gc(), process.memoryUsage().heapUsed)
const cpu = () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000
const row = (n) => ({
  ...messages('r').blank(),
  id: `01a2${String(n).padStart(28, '0')}`,
  author: { id: '01a2', name: 'Alice' },
  text: `A message of the usual length, number ${n}`,
  created_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
})

async function once() {
  const server = createTestServer({ pageSize: ROWS })
  const rows = server.collection(messages('r'))
  for (let n = 0; n < ROWS; n++) rows.put(row(n))
  server.prune(messages('r').channel)
  const before = heap()
  const client = createClient({ ...server.options(), notifyEvery: 16 })
  const list = client.list(messages('r'))
  let calls = 0
  let changed = 0
  let shown = new Set()
  list.subscribe(() => {
    calls++
    const { items } = list.get()
    changed += items.filter((item) => !shown.has(item)).length
    shown = new Set(items)
  })
  await settle()
  await settle(50)
  shown = new Set(list.get().items)
  const memory = heap() - before
  calls = changed = 0
  const begun = cpu()
  for (let n = 0; n < EVENTS; n++) rows.put(row(n * 7))
  await settle(0)
  await settle(100)
  const burst = cpu() - begun
  client.close()
  return { memory, burst, calls, changed }
}

await once() // so that everything is compiled
const all = []
for (let n = 0; n < 9; n++) all.push(await once())
const middle = (name) => all.map((one) => one[name]).sort((a, b) => a - b)[4]
console.log(`${(middle('memory') / 2 ** 20).toFixed(1)} MiB for ${ROWS} rows; burst of ${EVENTS}: ${middle('burst').toFixed(0)} ms CPU, ${middle('calls')} calls, ${middle('changed')} other row objects`)
