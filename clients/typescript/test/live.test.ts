import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createClient, ready, events, jwt, members, messages, room, rooms, uuid7, type Client, type JwtAuth } from '../src/index.js'
import { optimistic } from '../src/optimistic.js'
import { reread } from '../src/reread.js'
import { Site } from './site.js'
import { plain } from './support.js'

/** Against a real server, in a folder of its own. */
let site: Site

interface Somebody {
  id: string
  auth: JwtAuth
  client: Client
}

async function somebody(name: string): Promise<Somebody> {
  const auth = jwt()
  const client = createClient({ url: site.url, auth, WebSocket, writes: optimistic, onError: () => undefined })
  const account = { email: `${name}-${uuid7()}@example.com`, name, password: 'correct horse battery' }
  const { data } = await client.api.POST('/api/v1/users/', { body: account })
  await auth.signIn(account.email, account.password)
  return { id: data!.id, auth, client }
}

const until = async (check: () => void) => {
  const end = Date.now() + 15_000
  for (;;) {
    try {
      return check()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

let alice: Somebody
let bob: Somebody
let roomId: string

beforeAll(async () => {
  site = await Site.start()
  ;[alice, bob] = await Promise.all([somebody('Alice'), somebody('Bob')])
  const { data } = await alice.client.api.POST('/api/v1/rooms/', { body: { name: 'Harbour', kind: 'private' } })
  roomId = data!.id
  const path = { room_id: roomId }
  await alice.client.api.POST('/api/v1/rooms/{room_id}/members/', { params: { path }, body: { user_id: bob.id, role: 'member' } })
}, 120_000)

afterAll(async () => {
  alice?.client.close()
  bob?.client.close()
  await site?.kill()
})

const fresh = async ({ client }: Somebody) => {
  const found = await client.api.GET('/api/v1/rooms/{room_id}/messages/', { params: { path: { room_id: roomId }, query: { limit: 100 } } })
  return found.data!.results
}

test('two people, one list: writes, edits, removals, older pages, a cut socket, and it equals a fresh read', async () => {
  const list = bob.client.list(messages(roomId))
  const mine = alice.client.list(messages(roomId))
  list.subscribe(() => undefined)
  mine.subscribe(() => undefined)
  await until(() => expect([list.get().status, mine.get().status]).toEqual(['live', 'live']))
  const first = await mine.create({ text: 'one' })
  await mine.create({ text: 'two' })
  await mine.update(first.id, { text: 'one, better' })
  await until(() => expect(list.get().items.map(({ text }) => text)).toEqual(['two', 'one, better']))
  bob.client.reconnect()
  for (let n = 0; n < 60; n++) await mine.create({ text: `n${n}` })
  await mine.remove(first.id)
  await until(() => expect(list.get().items).toHaveLength(61))
  expect(plain(list.get().items)).toEqual(await fresh(bob))
  expect(plain(mine.get().items)).toEqual(await fresh(alice))
  expect(bob.client.metrics.holes).toBe(0)
  const late = await somebody('Late')
  await alice.client.api.POST('/api/v1/rooms/{room_id}/members/', { params: { path: { room_id: roomId } }, body: { user_id: late.id, role: 'member' } })
  const paged = late.client.list(messages(roomId))
  await ready(paged)
  paged.subscribe(() => undefined)
  expect(paged.get()).toMatchObject({ hasOlder: true, items: { length: 50 } })
  await paged.older()
  expect(plain(paged.get().items)).toEqual(await fresh(bob))
  late.client.close()
}, 60_000)

test('members, the room itself and one’s rooms stay true; who is removed sees nothing any more', async () => {
  const here = alice.client.list(members(roomId))
  const harbour = bob.client.item(room(roomId))
  const own = bob.client.list(rooms(bob.id))
  const list = bob.client.list(messages(roomId))
  for (const store of [here, harbour, own, list]) store.subscribe(() => undefined)
  await until(() => expect([here, harbour, own, list].map((store) => store.get().status)).toEqual(['live', 'live', 'live', 'live']))
  expect(here.get().items.map(({ user }) => user.name)).toContain('Bob')
  await alice.client.item(room(roomId)).update({ name: 'Quay' })
  await until(() => expect(harbour.get().data).toMatchObject({ name: 'Quay', me: { role: 'member' } }))
  await here.remove(bob.id)
  await until(() => expect(list.get()).toMatchObject({ status: 'denied', items: [] }))
  await until(() => expect(own.get().items).toEqual([]))
  await until(() => expect(here.get().items.map(({ user }) => user.name)).not.toContain('Bob'))
  await alice.client.api.POST('/api/v1/rooms/{room_id}/members/', { params: { path: { room_id: roomId } }, body: { user_id: bob.id, role: 'member' } })
  await until(() => expect(own.get().items).toMatchObject([{ name: 'Quay' }]))
  list.refresh()
  await until(() => expect(list.get().status).toBe('live'))
  expect(plain(list.get().items)).toEqual((await fresh(bob)).slice(0, 50))
}, 60_000)

test('an event stream for whoever keeps no list, typed and in order', async () => {
  const stream = bob.client.open(events(messages(roomId)))
  const seen: string[] = []
  const reading = (async () => {
    for await (const event of stream) {
      if (event.type === 'message.created') seen.push(event.data.text)
      if (seen.length === 3) return
    }
  })()
  await until(() => expect(stream.position).not.toBeNull())
  const list = alice.client.list(messages(roomId))
  for (const text of ['a', 'b', 'c']) await list.create({ text })
  await reading
  expect(seen).toEqual(['a', 'b', 'c'])
}, 30_000)

test('the rooms of a user: names and unread counts, without a subscription to any room', async () => {
  const { id } = await alice.client.api.POST('/api/v1/rooms/', { body: { name: 'Jetty', kind: 'private' } }).then(({ data }) => data)
  const path = { room_id: id }
  const carol = await somebody('Carol')
  await alice.client.api.POST('/api/v1/rooms/{room_id}/members/', { params: { path }, body: { user_id: carol.id, role: 'member' } })
  const own = carol.client.list(rooms(carol.id))
  own.subscribe(() => undefined)
  const stop = reread(carol.client, rooms(carol.id), { every: 200 })
  await until(() => expect(own.get()).toMatchObject({ status: 'live', items: [{ name: 'Jetty', me: { unread_count: 0 } }] }))
  const list = alice.client.list(messages(id))
  for (const text of ['a', 'b', 'c']) await list.create({ text })
  await alice.client.item(room(id)).update({ name: 'Pier' })
  await until(() => expect(own.get().items).toMatchObject([{ name: 'Pier', me: { role: 'member', unread_count: 3 } }]))
  // On another device, all is read: the user's own stream says so.
  const [last] = list.get().items
  await carol.client.api.PUT('/api/v1/rooms/{room_id}/read/', { params: { path }, body: { message: last!.id } })
  await until(() => expect(own.get().items).toMatchObject([{ me: { unread_count: 0 } }]))
  stop()
  carol.client.close()
}, 60_000)
