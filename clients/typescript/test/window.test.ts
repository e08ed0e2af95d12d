import fc from 'fast-check'
import { expect, test } from 'vitest'
import { durable } from '../src/durable.js'
import { createClient } from '../src/index.js'
import { createTestClock, createTestServer } from '../src/testing.js'
import { listWindow } from '../src/window.js'
import { note, notes, plain, rig, settle, tasks, type Note, type Task, type TaskQuery } from './support.js'

/** Lists that begin at any row: `around`, `newer`, `newest`. */

const all = (count: number) => Array.from({ length: count }, (_, n) => note(n + 1))

async function opened(count: number, pageSize = 4) {
  const rigged = rig({ pageSize })
  const rows = rigged.server.collection(notes, all(count))
  const list = rigged.client.open(listWindow(notes))
  list.subscribe(() => undefined)
  await settle()
  return { ...rigged, rows, list, ids: () => list.get().items.map(({ id }) => Number(id)) }
}

test('a list goes to a row, and from there in both directions', async () => {
  const { list, ids, rows } = await opened(20)
  expect([ids(), list.get().hasNewer, list.get().hasOlder]).toEqual([[20, 19, 18, 17], false, true])
  await list.around('0010')
  expect([ids(), list.get().hasNewer, list.get().status]).toEqual([[12, 11, 10, 9], true, 'live'])
  await list.newer()
  await list.older()
  expect(ids()).toEqual([16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5])
  await list.newer()
  expect([ids().slice(0, 2), list.get().hasNewer]).toEqual([[20, 19], false])
  while (list.get().hasOlder) await list.older()
  expect(plain(list.get().items)).toEqual(rows.all())
})

test('a new row is not shown beside rows that it does not follow, and is there when they are read', async () => {
  const { list, ids, rows } = await opened(20)
  await list.around('0010')
  rows.put(note(21))
  rows.put(note(11, 'edited'))
  rows.remove('0009')
  void list.create({ text: 'mine' }, { created_at: note(30).created_at })
  expect(ids()).toEqual([12, 11, 10, 9])
  await settle()
  expect([ids(), list.get().items[1]!.text, list.saved().length]).toEqual([[12, 11, 10], 'edited', 3])
  while (list.get().hasNewer) await list.newer()
  expect(plain(list.get().items)).toEqual(rows.all().slice(0, 12))
})

test('a write that was refused is shown wherever the list begins', async () => {
  const { list, server } = await opened(20)
  await list.around('0010')
  server.refusals.set(notes.path, 403)
  await expect(list.create({ text: 'mine' }, { created_at: note(30).created_at })).rejects.toMatchObject({ status: 403 })
  expect(list.get().items[0]).toMatchObject({ text: 'mine', $state: 'failed' })
})

test('a row that is shown already is no reason to read, and one that is not there leaves the list as it is', async () => {
  const { list, ids, server } = await opened(20)
  server.requests.length = 0
  await list.around('0018')
  expect(server.requests).toEqual([])
  await expect(list.around('0099')).rejects.toMatchObject({ status: 400, problem: { code: 'not_in_list' } })
  expect([ids(), list.get().status]).toEqual([[20, 19, 18, 17], 'live'])
  // Two at once: the last one counts.
  await Promise.all([list.around('0005'), list.around('0010')])
  expect(ids()).toEqual([12, 11, 10, 9])
  await list.newest()
  expect([ids(), list.get().hasNewer]).toEqual([[20, 19, 18, 17], false])
})

test('when the log is gone, the list is read again where it was; when its row is gone, from the beginning', async () => {
  const { list, ids, server, rows } = await opened(20)
  await list.around('0010')
  await list.newer()
  server.prune(notes.channel)
  server.fault = 'lose'
  rows.put(note(13, 'unheard'))
  server.fault = 'none'
  server.cut()
  await settle()
  expect([ids().slice(0, 4), list.get().items[3]!.text]).toEqual([[16, 15, 14, 13], 'unheard'])
  rows.remove('0010')
  list.refresh()
  await settle()
  expect([ids()[0], list.get().hasNewer]).toEqual([20, false])
})

test('a stream that begins a new epoch while a row is looked for is live again', async () => {
  const waiting: (() => void)[] = []
  const { list, server, ids, client } = await opened(20)
  Object.assign(server, { step: (what: string) => (what.startsWith('GET') ? new Promise<void>((go) => waiting.push(go)) : Promise.resolve()) })
  const found = list.around('0010')
  await settle()
  for (const log of [server.log(notes.channel)]) Object.assign(log, { epoch: 'another', offset: 0, events: [] })
  for (let turn = 0; turn < 6; turn++) {
    waiting.splice(0).forEach((go) => go())
    await settle()
  }
  await found
  expect([ids(), list.get().status]).toEqual([[12, 11, 10, 9], 'live'])
  client.close()
})

test('only the beginning of a list is kept on disk', async () => {
  const { clock, server } = rig({ pageSize: 4 })
  server.collection(notes, all(20))
  const kept = new Map<string, unknown>()
  const storage = {
    get: async (key: string) => kept.get(key),
    set: async (key: string, value: unknown) => void kept.set(key, value),
    delete: async (key: string) => void kept.delete(key),
    keys: async (prefix: string) => [...kept.keys()].filter((key) => key.startsWith(prefix)),
  }
  const options = server.options()
  const client = createClient({ ...options, durable: durable({ storage, auth: options.auth, clock }) })
  const list = client.open(listWindow(notes))
  list.subscribe(() => undefined)
  await clock.advance(1000)
  expect(kept.size).toBe(1)
  await list.around('0010')
  await clock.advance(1000)
  expect(kept.size).toBe(0)
})

test('listeners hear that a page is on its way, and two who ask at once read one page', async () => {
  const waiting: (() => void)[] = []
  const { list, server, client } = await opened(20)
  await list.around('0010')
  Object.assign(server, { step: () => new Promise<void>((go) => waiting.push(go)) })
  const seen: boolean[] = []
  list.subscribe(() => seen.push(list.get().isLoadingNewer))
  const [first, second] = [list.newer(), list.newer()]
  expect(first).toBe(second)
  await settle()
  expect(seen).toEqual([true])
  for (let turn = 0; turn < 5; turn++) {
    waiting.splice(0).forEach((go) => go())
    await settle()
  }
  await first
  await settle()
  expect(seen.at(-1)).toBe(false)
  expect(list.get().hasNewer).toBe(true)
  client.close()
})

// -- any of them ----------------------------------------------------------------------------------------------------------

const time = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString()
const task = (n: number, status: string, moved: number): Task => ({ ...note(n), status, moved_at: time(moved) })
const queries = fc.record(
  { status: fc.constantFrom('open', 'doing'), ordering: fc.constantFrom('created_at', '-created_at', 'moved_at', '-moved_at') } as const,
  { requiredKeys: [] },
) as fc.Arbitrary<TaskQuery>
const step = fc.record({
  do: fc.constantFrom('let', 'let', 'let', 'let', 'let', 'let', 'put', 'put', 'remove', 'older', 'newer', 'around', 'around', 'newest', 'edit', 'write', 'cut', 'prune', 'lose', 'sound', 'refresh', 'renew'),
  which: fc.nat(20),
  status: fc.constantFrom('open', 'doing'),
  moved: fc.nat(25),
})

test('wherever a list begins, it converges to a part of a fresh read without holes, while anything overtakes anything', async () => {
  const start = fc.array(fc.tuple(fc.nat(20), fc.constantFrom('open', 'doing'), fc.nat(25)), { minLength: 5, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(queries, start, fc.array(step, { maxLength: 100, size: 'max' }), async (query, begun, steps) => {
      const waiting: (() => void)[] = []
      const clock = createTestClock()
      const server = createTestServer({ clock, pageSize: 3, step: () => new Promise((go) => waiting.push(go)) })
      const rows = server.collection(tasks, begun.map((row) => task(...row)))
      const client = createClient({ ...server.options(), onError: () => undefined })
      const list = client.open(listWindow(tasks, query))
      list.subscribe(() => undefined)
      const calm = async () => {
        for (let quiet = 0; quiet < 3; quiet = waiting.length ? 0 : quiet + 1) {
          waiting.splice(0).forEach((go) => go())
          await clock.advance(1000)
        }
      }
      for (const { do: action, which, status, moved } of steps) {
        const row = list.get().items[which % (list.get().items.length || 1)]
        if (action === 'let') waiting.splice(which % (waiting.length || 1), 1)[0]?.()
        else if (action === 'put') rows.put(task(which, status, moved))
        else if (action === 'remove') rows.remove(note(which).id)
        else if (action === 'older') void list.older()
        else if (action === 'newer') void list.newer()
        else if (action === 'around') list.around(note(which).id).catch(() => undefined)
        else if (action === 'newest') list.newest().catch(() => undefined)
        else if (action === 'edit' && row) void list.update(row.id, { status, moved_at: time(moved) })
        else if (action === 'write') void list.create({ text: 'mine', status, moved_at: time(moved) })
        else if (action === 'cut') server.cut()
        else if (action === 'prune') server.prune(tasks.channel)
        else if (action === 'lose') server.fault = 'lose'
        else if (action === 'sound') server.fault = 'none'
        else if (action === 'refresh') list.refresh()
        else if (action === 'renew') server.newEpoch(tasks.channel)
        await settle()
      }
      server.fault = 'none'
      await calm()
      rows.put(task(99, 'open', 99)) // so that a loss at the very end is noticed
      await calm()
      while (client.writes.get().length) {
        for (const write of client.writes.get()) client.writes.discard(write)
        await calm()
      }
      const fresh = rows.all(query)
      const ids = (found: readonly Note[]) => found.map(({ id }) => id)
      const shown = plain(list.get().items)
      const from = shown.length ? ids(fresh).indexOf(shown[0]!.id) : 0
      expect(shown).toEqual(fresh.slice(from, from + shown.length))
      const { hasNewer, hasOlder, status } = list.get()
      expect(status).toBe('live')
      if (shown.length) expect([hasNewer || from === 0, hasOlder || from + shown.length === fresh.length]).toEqual([true, true])
      for (const [more, read] of [['hasNewer', list.newer], ['hasOlder', list.older]] as const) {
        while (list.get()[more]) {
          void read()
          await calm()
        }
      }
      expect(plain(list.get().items)).toEqual(fresh)
      client.close()
    }),
    { numRuns: Number(process.env.RUNS ?? 40), seed: Number(process.env.SEED ?? 1) },
  )
}, 3_600_000)
