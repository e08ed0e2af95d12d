import { expect, test } from 'vitest'
import { createClient, jwt, liveItem } from '../src/index.js'
import { durable } from '../src/durable.js'
import { inMemory } from '../src/storage.js'
import { createTestClock, createTestServer } from '../src/testing.js'
import { note, notes, plain, texts } from './support.js'

function device(pageSize = 50) {
  const clock = createTestClock()
  const server = createTestServer({ clock, pageSize })
  const storage = inMemory()
  const open = (version = '') => {
    const options = server.options()
    return createClient({ ...options, durable: durable({ storage, auth: options.auth, clock, version }) })
  }
  const reads = () => server.requests.filter(({ method, path }) => method === 'GET' && path === notes.path).length
  return { clock, server, storage, open, reads }
}

test('a list comes up from the disk before the network, and catches up from its position without a read', async () => {
  const { clock, server, open, reads } = device()
  const rows = server.collection(notes, [note(1), note(2)])
  const first = open()
  first.list(notes).subscribe(() => undefined)
  await clock.advance(1_000)
  expect(reads()).toBe(1)
  first.close()
  rows.put(note(3))
  rows.put(note(1, 'changed'))
  rows.remove(note(2).id)

  server.isUp = false
  const second = open()
  const list = second.list(notes)
  list.subscribe(() => undefined)
  await clock.advance(0)
  expect(list.get()).toMatchObject({ status: 'stale', items: [{ text: 'note 2' }, { text: 'note 1' }] })
  server.isUp = true
  second.reconnect()
  await clock.advance(0)
  expect(list.get().status).toBe('live')
  expect(plain(list.get().items)).toEqual(rows.all())
  expect(reads()).toBe(1)
  second.close()
})

test('when the log does not reach back, the list is read again, and shows the old rows until then', async () => {
  const { clock, server, open, reads } = device()
  const rows = server.collection(notes, [note(1)])
  const first = open()
  first.list(notes).subscribe(() => undefined)
  await clock.advance(1_000)
  first.close()
  rows.put(note(2))
  server.prune(notes.channel)
  const list = open().list(notes)
  const seen: string[] = []
  list.subscribe(() => seen.push(texts(list.get()).join()))
  await clock.advance(1_000)
  expect(seen[0]).toBe('note 1')
  expect(plain(list.get().items)).toEqual(rows.all())
  expect(reads()).toBe(2)
})

test('older pages and where they ended are kept, and a resource is kept like a list', async () => {
  const { clock, server, open, reads } = device(2)
  const rows = server.collection(notes, [1, 2, 3, 4, 5].map((n) => note(n)))
  const one = { ...(notes as object), open: liveItem, path: '/api/v1/notes/0001/', id: '0001' } as never as Parameters<ReturnType<typeof open>['item']>[0]
  const first = open()
  first.list(notes).subscribe(() => undefined)
  first.item(one).subscribe(() => undefined)
  await clock.advance(0)
  await first.list(notes).older()
  await clock.advance(1_000)
  first.close()
  const before = reads()
  const second = open()
  const list = second.list(notes)
  list.subscribe(() => undefined)
  second.item(one).subscribe(() => undefined)
  await clock.advance(1_000)
  expect(plain(list.get().items)).toEqual(rows.all().slice(0, 4))
  expect(second.item(one).get()).toMatchObject({ status: 'live', data: { text: 'note 1' } })
  expect(reads()).toBe(before)
  expect(server.requests.filter(({ path }) => path.endsWith('/0001/'))).toHaveLength(1)
  await list.older()
  expect(plain(list.get().items)).toEqual(rows.all())
})

test('rows of another version are not used, those of a list that is denied are erased, and few are kept', async () => {
  const { clock, server, storage, open, reads } = device()
  server.collection(notes, [note(1)])
  const first = open('1')
  first.list(notes).subscribe(() => undefined)
  await clock.advance(1_000)
  first.close()
  const second = open('2')
  const list = second.list(notes)
  list.subscribe(() => undefined)
  await clock.advance(1_000)
  expect(reads()).toBe(2)
  expect(await storage.keys('')).toHaveLength(1)
  server.expel(notes.channel)
  await clock.advance(1_000)
  expect(list.get().status).toBe('denied')
  expect(await storage.keys('')).toEqual([])
})

test('with the sign-out, rows are erased, and another user never sees them', async () => {
  const { clock, server, storage } = device()
  server.collection(notes, [note(1, 'private')])
  const token = (user: string) => `.${btoa(JSON.stringify({ user_id: user }))}.`
  const auth = jwt()
  const fetch = (async (input: string, init: RequestInit) => {
    if (!input.includes('/token/')) return server.fetch(input, init)
    const { email } = JSON.parse(String(init.body)) as { email?: string }
    return new Response(JSON.stringify(email ? { access: token(email), refresh: 'r' } : {}))
  }) as typeof globalThis.fetch
  const client = createClient({ ...server.options(), auth, fetch, durable: durable({ storage, auth, clock }) })
  await auth.signIn('alice', 'x')
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await clock.advance(1_000)
  expect(await storage.keys('alice')).toHaveLength(1)
  await auth.signOut()
  await clock.advance(1_000)
  expect(await storage.keys('')).toEqual([])
  server.refusals.set(notes.path, 403)
  await auth.signIn('bob', 'x')
  await clock.advance(1_000)
  expect(list.get()).toMatchObject({ status: 'denied', items: [] })
  client.close()
})
