import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createClient, ready } from '../src/index.js'
import { createTestClock, createTestServer } from '../src/testing.js'
import { note, plain, rig, settle, tasks, type Task, type TaskQuery } from './support.js'

/** Lists that show fewer rows than their stream has events about, or in another order. */

const time = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString()
const task = (n: number, status = 'open', moved = n): Task => ({ ...note(n), status, moved_at: time(moved) })

test('a filtered list takes rows that begin to match and drops those that stop', async () => {
  const { client, server } = rig()
  const rows = server.collection(tasks, [task(1), task(2, 'doing')])
  const list = client.list(tasks, { status: 'doing' })
  list.subscribe(() => undefined)
  await settle()
  const ids = () => list.get().items.map(({ id }) => id)
  expect(ids()).toEqual(['0002'])
  rows.put(task(1, 'doing'))
  rows.put(task(3))
  await settle()
  expect(ids()).toEqual(['0002', '0001'])
  rows.put(task(2, 'done'))
  await settle()
  expect(ids()).toEqual(['0001'])
  rows.put(task(2, 'doing'))
  await settle()
  expect(ids()).toEqual(['0002', '0001'])
})

test('the path narrows a list as a filter does: tickets of one project share a stream, not their comments', async () => {
  const { client, server } = rig()
  const of = (ticket: string) => ({ ...tasks, path: `/api/v1/tickets/${ticket}/comments/`, where: [['status', ticket]] as const })
  const [a, b] = [server.collection(of('a'), [task(1, 'a')]), server.collection(of('b'), [task(2, 'b')])]
  const list = client.list(of('a'))
  list.subscribe(() => undefined)
  await settle()
  a.put(task(3, 'a'))
  b.put(task(4, 'b'))
  await settle()
  expect(plain(list.get().items)).toEqual(a.all())
})

test('a change of one’s own moves the row at once, and out of a list that it no longer belongs to', async () => {
  const { client, server } = rig()
  server.collection(tasks, [task(1), task(2), task(3)])
  const all = client.list(tasks, { ordering: '-moved_at' })
  const open = client.list(tasks, { status: 'open' })
  for (const list of [all, open]) list.subscribe(() => undefined)
  await settle()
  const moving = all.update('0001', { moved_at: time(9), status: 'done' })
  expect(all.get().items.map(({ id }) => id)).toEqual(['0001', '0003', '0002'])
  expect(open.get().items.map(({ id }) => id)).toEqual(['0003', '0002'])
  await moving
  expect(all.get().items.map(({ id }) => id)).toEqual(['0001', '0003', '0002'])
  expect(open.get().items.map(({ id }) => id)).toEqual(['0003', '0002'])
  server.refusals.set(tasks.path, 403)
  await expect(all.update('0002', { status: 'done' })).rejects.toMatchObject({ status: 403 })
  expect(open.get().items).toMatchObject([{ id: '0003' }, { id: '0002', status: 'done', $state: 'failed' }])
})

test('a row that moves beyond the pages leaves no hole, and refresh keeps what was loaded', async () => {
  const { client, server } = rig({ pageSize: 2 })
  const rows = server.collection(tasks, [1, 2, 3, 4, 5, 6].map((n) => task(n)))
  const list = client.list(tasks, { ordering: '-moved_at' })
  list.subscribe(() => undefined)
  await settle()
  await list.older()
  expect(plain(list.get().items)).toEqual(rows.all({ ordering: '-moved_at' }).slice(0, 4))
  rows.put(task(5, 'open', 0))
  await settle()
  expect(list.get().items.map(({ id }) => id)).toEqual(['0006', '0004', '0003'])
  server.requests.length = 0
  list.refresh()
  await settle()
  // In one page of the largest size.
  expect(list.get().items).toHaveLength(6)
  expect(server.requests).toHaveLength(1)
  while (list.get().hasOlder) await list.older()
  expect(plain(list.get().items)).toEqual(rows.all({ ordering: '-moved_at' }))
})

test('a page that belongs to an earlier read is dropped, however the two answers interleave', async () => {
  for (let turns = 0; turns < 40; turns++) {
    const held: (() => void)[] = []
    const { client, server } = rig({ pageSize: 2 })
    const rows = server.collection(tasks, [1, 2, 3, 4, 5, 6].map((n) => task(n)))
    const list = client.list(tasks)
    list.subscribe(() => undefined)
    await settle()
    Object.assign(server, { step: (what: string) => (what.startsWith('answer') ? new Promise<void>((go) => held.push(go)) : Promise.resolve()) })
    void list.older()
    await settle()
    server.fault = 'lose'
    for (const n of [9, 10, 11, 12, 13, 14, 15]) rows.put(task(n))
    server.prune(tasks.channel)
    server.fault = 'none'
    server.cut()
    for (let turn = 0; turn < 5; turn++) await settle()
    const [older, ...reads] = held.splice(0)
    reads.forEach((go) => go())
    for (let turn = 0; turn < turns; turn++) await null
    older!()
    for (let turn = 0; turn < 5; turn++) {
      await settle()
      held.splice(0).forEach((go) => go())
    }
    const shown = plain(list.get().items)
    expect(shown).toEqual(rows.all().slice(0, shown.length))
    client.close()
  }
})

test('a page of a replica that is behind is brought up by the events since then', async () => {
  const { client, server } = rig({ pageSize: 2 })
  const rows = server.collection(tasks, [1, 2, 3, 4].map((n) => task(n)))
  const list = client.list(tasks)
  list.subscribe(() => undefined)
  await settle()
  const late = await client.rest.send<{ next: string }>({ method: 'GET', path: tasks.path })
  const behind = await (await server.fetch(`http://test.invalid${new URL(late.data.next).pathname}${new URL(late.data.next).search}`)).text()
  rows.put(task(1, 'done'))
  rows.remove('0002')
  await settle()
  Object.assign(server, { list: async () => new Response(behind, { headers: { 'Content-Type': 'application/json' } }) })
  await list.older()
  await settle()
  expect(client.metrics.rewinds).toBe(1)
  expect(plain(list.get().items)).toEqual(rows.all())
  client.close()
})

test('a parameter whose effect events do not show is refused', () => {
  const { client } = rig()
  expect(() => client.list(tasks, { name: 'x' } as object)).toThrow('cannot have the parameter "name"')
  expect(() => client.list(tasks, { fields: 'id' } as object)).toThrow('"fields"')
  // @ts-expect-error there is no such parameter
  expect(() => client.list(tasks, { cursor: 'x' })).toThrow('"cursor"')
})

test('what is compared is what is sent: times in UTC, ids in lower case, nothing for an empty value', async () => {
  const { client, server } = rig()
  server.collection(tasks, [task(1), task(2)])
  const list = client.list(tasks, { moved_after: '2026-01-01T01:00:02+01:00', created_before: '2026-01-01T02:00:30+02:00', status: ' ' })
  await ready(list)
  expect(list.get().items.map(({ id }) => id)).toEqual(['0002'])
})

// -- any of them ----------------------------------------------------------------------------------------------------------

const queries = fc.record(
  {
    status: fc.constantFrom('open', 'doing', 'done'),
    created_before: fc.nat(15).map(time),
    moved_after: fc.nat(15).map(time),
    ordering: fc.constantFrom('created_at', '-created_at', 'moved_at', '-moved_at'),
  } as const,
  { requiredKeys: [] },
) as fc.Arbitrary<TaskQuery>

const step = fc.record({
  do: fc.constantFrom('let', 'let', 'let', 'let', 'let', 'put', 'put', 'remove', 'older', 'older', 'edit', 'write', 'erase', 'cut', 'prune', 'lose', 'sound', 'refresh'),
  which: fc.nat(12),
  status: fc.constantFrom('open', 'doing', 'done'),
  moved: fc.nat(15),
})

test('lists with any filter and order, at any page, converge to a fresh read while anything overtakes anything', async () => {
  const start = fc.array(fc.tuple(fc.nat(12), fc.constantFrom('open', 'doing', 'done'), fc.nat(15)), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(fc.array(queries, { minLength: 1, maxLength: 3 }), start, fc.array(step, { maxLength: 100, size: 'max' }), async (asked, begun, steps) => {
      const waiting: (() => void)[] = []
      const clock = createTestClock()
      const server = createTestServer({ clock, pageSize: 3, step: () => new Promise((go) => waiting.push(go)) })
      const rows = server.collection(tasks, begun.map((row) => task(...row)))
      const client = createClient({ ...server.options(), onError: () => undefined })
      const lists = asked.map((query) => client.list(tasks, query))
      for (const list of lists) list.subscribe(() => undefined)
      for (const { do: action, which, status, moved } of steps) {
        const list = lists[which % lists.length]!
        const row = list.get().items[which % (list.get().items.length || 1)]
        if (action === 'let') waiting.splice(which % (waiting.length || 1), 1)[0]?.()
        else if (action === 'put') rows.put(task(which, status, moved))
        else if (action === 'remove') rows.remove(note(which).id)
        else if (action === 'older') void list.older()
        else if (action === 'edit' && row) void list.update(row.id, { status, moved_at: time(moved) })
        else if (action === 'write') void list.create({ text: 'mine', status, moved_at: time(moved) })
        else if (action === 'erase' && row) void list.remove(row.id)
        else if (action === 'cut') server.cut()
        else if (action === 'prune') server.prune(tasks.channel)
        else if (action === 'lose') server.fault = 'lose'
        else if (action === 'sound') server.fault = 'none'
        else if (action === 'refresh') list.refresh()
        await settle()
      }
      server.fault = 'none'
      const calm = async () => {
        for (let quiet = 0; quiet < 3; quiet = waiting.length ? 0 : quiet + 1) {
          waiting.splice(0).forEach((go) => go())
          await clock.advance(1000)
        }
      }
      await calm()
      rows.put(task(99)) // so that a loss at the very end is noticed
      await calm()
      while (client.writes.get().length) {
        for (const write of client.writes.get()) client.writes.discard(write)
        await calm()
      }
      for (const [i, list] of lists.entries()) {
        const fresh = rows.all(asked[i])
        const shown = plain(list.get().items)
        expect(shown).toEqual(fresh.slice(0, shown.length))
        expect(list.get()).toMatchObject({ status: 'live', pending: 0 })
        // Without a hole. A row beyond the pages may have gone, which no event says: then the next page is empty.
        expect(list.get().hasOlder || shown.length === fresh.length).toBe(true)
        while (list.get().hasOlder) {
          void list.older()
          await calm()
        }
        expect(plain(list.get().items)).toEqual(fresh)
      }
      client.close()
    }),
    { numRuns: Number(process.env.RUNS ?? 60), seed: Number(process.env.SEED ?? 1) },
  )
}, 3_600_000)
