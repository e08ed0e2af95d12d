import { createCollection, createLiveQueryCollection, eq } from '@tanstack/db'
import { expect, test } from 'vitest'
import { tidewireCollection } from '../src/tanstack-db.js'
import { createTestClock, createTestServer } from '../src/testing.js'
import { createClient } from '../src/index.js'
import { queued } from '../src/queued.js'
import { note, notes, rig, settle, tasks, type Note } from './support.js'

const calm = async () => {
  for (let turn = 0; turn < 6; turn++) await settle()
}
const textsOf = (collection: { toArray: readonly { text: string }[] }) => collection.toArray.map(({ text }) => text).sort()

test('a collection of TanStack DB has every row of the list, and follows its events', async () => {
  const { client, server } = rig({ pageSize: 2 })
  const rows = server.collection<Note>(notes, [1, 2, 3, 4, 5].map((n) => note(n)))
  const collection = createCollection(tidewireCollection({ client, descriptor: notes }))
  await collection.preload()
  await calm()
  expect(textsOf(collection)).toEqual(['note 1', 'note 2', 'note 3', 'note 4', 'note 5'])
  rows.put(note(2, 'changed'))
  rows.remove(note(3).id)
  rows.put(note(6))
  await calm()
  expect(textsOf(collection)).toEqual(['changed', 'note 1', 'note 4', 'note 5', 'note 6'])
  server.isUp = false
  server.cut()
  rows.put(note(7))
  server.isUp = true
  client.reconnect()
  await calm()
  expect(collection.get('0007')?.text).toBe('note 7')
  expect(server.requests.filter(({ path }) => path === notes.path)).toHaveLength(3)
  await collection.cleanup()
})

test('live queries and joins run over our rows', async () => {
  const { client, server } = rig()
  const own = server.collection<Note>(notes, [note(1), note(2)])
  const jobs = { ...tasks, channel: 'room:2' }
  server.collection(jobs, [{ ...note(1), text: 'paint', status: 'open', moved_at: '' }])
  const all = createCollection(tidewireCollection({ client, descriptor: notes }))
  const open = createCollection(tidewireCollection({ client, descriptor: jobs, query: { status: 'open' } }))
  const joined = createLiveQueryCollection((query) =>
    query
      .from({ task: open })
      .join({ note: all }, ({ task, note }) => eq(task.id, note.id), 'inner')
      .select(({ task, note }) => ({ id: task.id, task: task.text, note: note.text })),
  )
  await joined.preload()
  await calm()
  const shown = () => joined.toArray.map(({ task, note }) => `${task}: ${note}`)
  expect(shown()).toEqual(['paint: note 1'])
  own.put(note(1, 'the fence'))
  await calm()
  expect(shown()).toEqual(['paint: the fence'])
})

test('mutations are writes of the client: shown at once, sent once, rolled back in sight when they are refused', async () => {
  const { client, server } = rig()
  const rows = server.collection<Note>(notes, [note(1)])
  const collection = createCollection(tidewireCollection({ client, descriptor: notes, toCreate: ({ id, text }) => ({ id, text }) }))
  await collection.preload()
  await calm()
  const inserted = collection.insert({ ...note(9, 'mine'), $state: 'saved' })
  expect(collection.get('0009')?.text).toBe('mine')
  await inserted.isPersisted.promise
  expect(rows.get('0009')).toMatchObject({ text: 'mine', version: 1 })
  expect(collection.get('0009')).toMatchObject({ text: 'mine', $state: 'saved' })
  await collection.update('0009', (draft) => void (draft.text = 'better')).isPersisted.promise
  expect([rows.get('0009')?.text, collection.get('0009')?.text]).toEqual(['better', 'better'])
  await collection.delete('0009').isPersisted.promise
  expect([rows.get('0009'), collection.get('0009')]).toEqual([undefined, undefined])
  server.refusals.set('/api/v1/notes/0001/', 403)
  const refused = collection.update('0001', (draft) => void (draft.text = 'refused'))
  await expect(refused.isPersisted.promise).rejects.toMatchObject({ status: 403 })
  await calm()
  expect(collection.get('0001')).toMatchObject({ text: 'refused', $state: 'failed', $error: { status: 403 } })
  client.list(notes).discard('0001')
  await calm()
  expect(collection.get('0001')).toMatchObject({ text: 'note 1', $state: 'saved' })
})

test('with a queue, a mutation waits for the link', async () => {
  const clock = createTestClock()
  const server = createTestServer({ clock })
  const rows = server.collection<Note>(notes)
  let isOnline = true
  const client = createClient({ ...server.options(), writes: queued(), lifecycle: { isOnline: () => isOnline, watch: () => () => undefined } })
  const collection = createCollection(tidewireCollection({ client, descriptor: notes }))
  await collection.preload()
  await clock.advance(0)
  server.isUp = isOnline = false
  server.cut()
  const inserted = collection.insert({ ...note(9, 'from the tunnel'), $state: 'saved' })
  await clock.advance(30_000)
  expect([rows.all(), textsOf(collection)]).toEqual([[], ['from the tunnel']])
  server.isUp = isOnline = true
  client.reconnect()
  await clock.advance(1_000)
  await inserted.isPersisted.promise
  expect(rows.all()).toMatchObject([{ text: 'from the tunnel', version: 1 }])
})
