import { expect, test, vi } from 'vitest'
import { createClient, events, signal, presence, jwt, type Lifecycle, type LifecycleEvents } from '../src/index.js'
import { reactNative } from '../src/react-native.js'
import { restOf } from '../src/rest.js'
import { createTestClock, createTestServer } from '../src/testing.js'
import type { TransportEvents, TransportFactory } from '../src/transport.js'
import { note, notes, plain, rig, settle, texts } from './support.js'

const watched = () => {
  let events: LifecycleEvents | undefined
  const network = { isOnline: true }
  const lifecycle: Lifecycle = {
    isOnline: () => network.isOnline,
    watch(told) {
      events = told
      return () => (events = undefined)
    },
  }
  return { lifecycle, network, tell: () => events!, isWatched: () => events !== undefined }
}

/** A link that can be lost at will, and that says when it is asked to try again. */
function line(random = 1) {
  const clock = { ...createTestClock(), random: () => random }
  const tries: number[] = []
  const { lifecycle, network, tell } = watched()
  let events: TransportEvents | undefined
  const start = clock.now()
  const transport: TransportFactory = (_, told) => {
    events = told
    return {
      connect: () => undefined,
      disconnect: () => undefined,
      network: (type) => type === 'online' && tries.push(clock.now() - start),
      probe: async () => undefined,
      subscribe: () => ({ unsubscribe: () => undefined, publish: async () => undefined, presence: async () => [] }),
    }
  }
  const client = createClient({ ...createTestServer().options(), clock, transport, lifecycle })
  client.connect()
  const lose = () => events!.waiting({ code: 1, text: 'transport closed' })
  return { client, clock, start, tries, events: events!, lose, network, tell }
}

test('M1 each wait is drawn from twice the time of the one before, never more than 20 s, and it never gives up', async () => {
  const { client, clock, start, tries, lose } = line()
  const waits: number[] = []
  for (let attempt = 1; attempt <= 8; attempt++) {
    lose()
    const since = clock.now()
    expect(client.status).toMatchObject({ state: 'waiting', attempt, since, reason: { code: 1 } })
    waits.push(client.status.retryAt! - since)
    // Said twice, it is still one wait.
    lose()
    await clock.advance(client.status.retryAt! - since)
    expect(tries.at(-1)).toBe(clock.now() - start)
    expect(client.status).toMatchObject({ state: 'connecting', retryAt: null })
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000])
  expect(tries).toHaveLength(8)
  const lucky = line(0.25)
  lucky.lose()
  expect(lucky.client.status.retryAt).toBe(lucky.start + 250)
})

test('M2 only a reply of the server ends the growing of waits; M7 and offline nothing is tried until online says so', async () => {
  const { client, clock, tries, events, lose, network, tell } = line()
  lose()
  await clock.advance(1_000)
  lose()
  await clock.advance(2_000)
  events.online('c1')
  expect(client.status).toMatchObject({ state: 'online', attempt: 0, retryAt: null })
  lose()
  expect(client.status.retryAt).toBe(clock.now() + 1_000)
  network.isOnline = false
  tell().offline()
  lose()
  expect(client.status).toMatchObject({ state: 'waiting', retryAt: null, reason: { text: 'offline' } })
  await clock.advance(60_000)
  expect(tries).toHaveLength(2)
  network.isOnline = true
  tell().online()
  expect(tries).toHaveLength(3)
  client.close()
  expect(clock.timers).toBe(0)
})

test('M3 what the server names as delay wins, also for a POST without a key', async () => {
  const clock = createTestClock()
  const answers = [429, 503, 200]
  const fetch = vi.fn(async () => new Response('{}', { status: answers.shift()!, headers: { 'Retry-After': '7' } }))
  const rest = restOf({ url: 'http://x', fetch, clock, token: async () => 't' })
  const sent = rest.send({ method: 'POST', path: '/a' })
  await clock.advance(6_900)
  expect(fetch).toHaveBeenCalledTimes(1)
  await clock.advance(20_000)
  expect(fetch).toHaveBeenCalledTimes(3)
  expect((await sent).response.status).toBe(200)
})

test('M7 offline keeps the data and says why; online comes back at once', async () => {
  const { lifecycle, network, tell } = watched()
  const { client, server, clock } = rig({}, { lifecycle })
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  server.isUp = network.isOnline = false
  tell().offline()
  await settle()
  expect(client.status).toMatchObject({ state: 'waiting', reason: { text: 'offline' }, everConnected: true })
  expect(list.get()).toMatchObject({ status: 'stale', items: [{ text: 'note 1' }] })
  rows.put(note(2))
  server.isUp = network.isOnline = true
  tell().online()
  await clock.advance(0)
  expect(list.get().status).toBe('live')
  expect(texts(list.get())).toEqual(['note 2', 'note 1'])
})

test('M8 coming back to the page asks whether the socket lives, and does not wait long for the answer', async () => {
  const { lifecycle, tell } = watched()
  const { client, server, clock } = rig({}, { lifecycle })
  server.collection(notes)
  client.list(notes).subscribe(() => undefined)
  await settle()
  const up = { state: 'online', since: client.status.since }
  tell().hide()
  await clock.advance(4_000)
  tell().show()
  await clock.advance(5_000)
  expect(client.status).toMatchObject(up)
  tell().hide()
  await clock.advance(6_000)
  tell().show()
  await clock.advance(5_000)
  expect(client.status).toMatchObject(up)
  server.isUp = false
  tell().hide()
  await clock.advance(6_000)
  tell().show()
  await clock.advance(1_900)
  expect(client.status).toMatchObject(up)
  await clock.advance(200)
  expect(client.status.state).not.toBe('online')
})

test('M8 hidden for longer than a ping, it reconnects without asking', async () => {
  const { lifecycle, tell } = watched()
  const { client, server, clock } = rig({}, { lifecycle })
  server.collection(notes)
  client.list(notes).subscribe(() => undefined)
  await settle()
  tell().hide()
  await clock.advance(26_000)
  expect(client.status.state).toBe('online')
  tell().show()
  expect(client.status).toMatchObject({ state: 'connecting', reason: { text: 'reconnect' } })
  await settle()
  expect(client.status.state).toBe('online')
})

test('M9 a phone in the background closes its socket in the same breath, and resumes in the foreground', async () => {
  let tell: (state: string) => void = () => undefined
  const appState = {
    currentState: 'active',
    addEventListener: (_: 'change', listener: (state: string) => void) => ((tell = listener), { remove: () => undefined }),
  }
  const { client, server } = rig({}, { lifecycle: reactNative(appState) })
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  tell('background')
  expect(client.status.state).toBe('paused')
  expect(list.get().status).toBe('stale')
  rows.put(note(2))
  tell('active')
  await settle()
  expect(client.status.state).toBe('online')
  expect(texts(list.get())).toEqual(['note 2', 'note 1'])
  expect(server.requests.filter(({ path }) => path === notes.path)).toHaveLength(1)
})

// -- M10 ------------------------------------------------------------------------------------------------------------------

const token = (clock: { now(): number }, life = 300, sub = 'u') => {
  const iat = Math.floor(clock.now() / 1000)
  const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, '')
  return `${part({})}.${part({ iat, exp: iat + life, user_id: sub })}.${Math.random()}`
}

function tokens() {
  const clock = createTestClock()
  const state = { status: 200, calls: [] as string[] }
  const fetch = vi.fn(async (input: unknown) => {
    const path = new URL(String(input)).pathname
    state.calls.push(path)
    await settle()
    const body = { access: token(clock), refresh: `r${state.calls.length}` }
    return new Response(JSON.stringify(body), { status: path.endsWith('refresh/') ? state.status : 200 })
  })
  const auth = jwt()
  auth.attach({ url: 'http://x', fetch: fetch as typeof globalThis.fetch, clock })
  const calls = (end: string) => state.calls.filter((path) => path.endsWith(end)).length
  return { clock, state, auth, calls }
}

test('M10 one fetch serves all who ask at once, at four fifths of the life', async () => {
  const { clock, auth, calls } = tokens()
  await auth.signIn('a', 'b')
  const first = await auth.getToken({ fresh: false })
  await clock.advance(230_000)
  expect(await auth.getToken({ fresh: false })).toBe(first)
  await clock.advance(30_000)
  const [a, b, c] = await Promise.all([1, 2, 3].map(() => auth.getToken({ fresh: false })))
  expect(a).not.toBe(first)
  expect([b, c]).toEqual([a, a])
  expect(calls('refresh/')).toBe(1)
})

test('M10 a temporary failure keeps the old token while it lives; only a no signs out', async () => {
  const { clock, state, auth } = tokens()
  const told: boolean[] = []
  auth.onChange((isSignedIn) => void told.push(isSignedIn))
  await auth.signIn('a', 'b')
  const first = await auth.getToken({ fresh: false })
  await clock.advance(260_000)
  state.status = 503
  expect(await auth.getToken({ fresh: false })).toBe(first)
  await clock.advance(60_000)
  await expect(auth.getToken({ fresh: false })).rejects.toMatchObject({ status: 503 })
  expect(told).toEqual([true])
  state.status = 401
  expect(await auth.getToken({ fresh: false })).toBeNull()
  expect(told).toEqual([true, false])
})

test('M10 tabs that share a storage take over each other’s tokens, rather than spend one twice', async () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
  const clock = createTestClock()
  const spent = new Set<string>()
  let made = 0
  const fetch = (async (_: unknown, init: RequestInit) => {
    const { refresh } = JSON.parse(String(init.body)) as { refresh?: string }
    if (refresh && (spent.has(refresh) || !spent.add(refresh))) return new Response('{}', { status: 401 })
    return new Response(JSON.stringify({ access: token(clock), refresh: `r${++made}` }))
  }) as typeof globalThis.fetch
  const [one, two] = [jwt({ storage }), jwt({ storage })]
  for (const auth of [one, two]) auth.attach({ url: 'http://x', fetch, clock })
  await one!.signIn('a', 'b')
  await two!.getToken({ fresh: false })
  await clock.advance(280_000)
  const fresh = await one!.getToken({ fresh: false })
  expect(await two!.getToken({ fresh: false })).toBe(fresh)
  expect(spent.size).toBe(1)
})

test('M10 a wrong clock fetches no token too many', async () => {
  const { clock, auth, calls } = tokens()
  const ahead = { ...clock, now: () => clock.now() + 3_600_000 }
  auth.attach({ url: 'http://x', fetch: (async () => new Response(JSON.stringify({ access: token(clock), refresh: 'r' }))) as typeof fetch, clock: ahead })
  await auth.signIn('a', 'b')
  for (let i = 0; i < 5; i++) await auth.getToken({ fresh: false })
  expect(calls('refresh/')).toBe(0)
})

test('M10 a 401 over REST fetches one new token and repeats the request once', async () => {
  const asked: boolean[] = []
  const rest = restOf({
    url: 'http://x',
    clock: createTestClock(),
    fetch: (async (_: unknown, init: RequestInit) =>
      new Response('{}', { status: new Headers(init.headers).get('Authorization') === 'Bearer new' ? 200 : 401 })) as typeof fetch,
    token: async ({ fresh }) => (asked.push(fresh), fresh ? 'new' : 'old'),
  })
  expect((await rest.send({ method: 'POST', path: '/' })).response.status).toBe(200)
  expect(asked).toEqual([false, true])
})

// -- streams ----------------------------------------------------------------------------------------------------------------

test('M12 back inside the window it resumes from its place and reads nothing again', async () => {
  const { client, server } = rig()
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  server.isUp = false
  server.cut()
  rows.put(note(2))
  rows.remove(note(1).id)
  expect(list.get().status).toBe('stale')
  server.isUp = true
  client.reconnect()
  await settle()
  expect(texts(list.get())).toEqual(['note 2'])
  expect(server.subscribes).toEqual([{ channel: 'room:1', since: 1 }, { channel: 'room:1', since: 1 }])
  expect(server.requests).toHaveLength(1)
})

test('M12 outside the window it reads a new snapshot, shows the old one meanwhile, and tells raw listeners', async () => {
  const { client, server } = rig()
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  const reset = vi.fn()
  client.open(events(notes)).onReset(reset)
  list.subscribe(() => undefined)
  await settle()
  server.isUp = false
  server.cut()
  rows.put(note(2))
  server.prune('room:1')
  expect(texts(list.get())).toEqual(['note 1'])
  server.isUp = true
  client.reconnect()
  await settle()
  expect(texts(list.get())).toEqual(['note 2', 'note 1'])
  expect(list.get().status).toBe('live')
  expect(reset).toHaveBeenCalledTimes(1)
  expect(client.metrics.reloads).toBe(1)
})

test('M13 what is written while the snapshot is on its way is in the list, once', async () => {
  const held: (() => void)[] = []
  const { client, server } = rig({ step: (what) => (what.startsWith('answer') ? new Promise((go) => held.push(go)) : Promise.resolve()) })
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  rows.put(note(2))
  rows.put(note(1, 'changed'))
  await settle()
  held.forEach((go) => go())
  await settle()
  expect(texts(list.get())).toEqual(['note 2', 'changed'])
})

test('M14 a duplicate is dropped; a hole is asked for again and counted', async () => {
  const { client, server } = rig()
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  const seen: number[] = []
  client.open(events(notes)).onAny((_, offset) => seen.push(offset))
  list.subscribe(() => undefined)
  await settle()
  server.fault = 'twice'
  rows.put(note(2))
  await settle()
  server.fault = 'lose'
  rows.put(note(3))
  server.fault = 'none'
  rows.put(note(4))
  await settle()
  expect(texts(list.get())).toEqual(['note 4', 'note 3', 'note 2', 'note 1'])
  expect(seen).toEqual([2, 3, 4])
  expect(client.metrics).toMatchObject({ duplicates: 1, holes: 1, reloads: 0 })
})

test('M14 a removal that is answered late takes away nothing that came after it', async () => {
  const held: (() => void)[] = []
  const { client, server } = rig({ step: (what) => (what.startsWith('answer DELETE') ? new Promise((go) => held.push(go)) : Promise.resolve()) })
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  void list.remove(note(1).id)
  await settle()
  rows.put(note(1, 'made again'))
  await settle()
  held.forEach((go) => go())
  await settle()
  expect(list.get()).toMatchObject({ pending: 0, items: [{ text: 'made again', $state: 'saved' }] })
})

test('M15 of two states the higher version wins, whatever comes first', async () => {
  const { client, server } = rig()
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  const newest = rows.put(note(1, 'second'))
  await settle()
  server.publish('room:1', 'note.edited', { ...note(1, 'first'), version: newest.version - 1 })
  await settle()
  expect(texts(list.get())).toEqual(['second'])
})

test('M16 a denied stream is asked once, and its list says so', async () => {
  const { client, server, clock } = rig()
  server.collection(notes, [note(1)])
  server.refusals.set('/api/v1/notes/', 404)
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await clock.advance(60_000)
  expect(list.get()).toMatchObject({ status: 'denied', items: [] })
  expect(server.requests).toHaveLength(1)
})

test('M16 who is sent away in the middle sees nothing any more, and everything when let in again', async () => {
  const { client, server } = rig()
  server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  server.expel('room:1')
  await settle()
  expect(list.get()).toMatchObject({ status: 'denied', items: [] })
  server.refusals.clear()
  list.refresh()
  await settle()
  expect(list.get()).toMatchObject({ status: 'live', items: [{ text: 'note 1' }] })
})

test('M16 let in again, a denied list heals by itself: by the user’s own stream, or with the next connection', async () => {
  const { client, server } = rig()
  server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  client.open(events('user:alice')).onAny(() => undefined)
  await settle()
  server.expel('room:1')
  await settle()
  expect(list.get().status).toBe('denied')
  server.refusals.clear()
  server.publish('user:alice', 'room.joined', { id: '2' })
  await settle()
  expect(list.get().status).toBe('denied')
  server.publish('user:alice', 'room.joined', { id: '1' })
  await settle()
  expect(list.get()).toMatchObject({ status: 'live', items: [{ text: 'note 1' }] })
  server.expel('room:1')
  await settle()
  server.refusals.clear()
  client.reconnect()
  await settle()
  expect(list.get()).toMatchObject({ status: 'live', items: [{ text: 'note 1' }] })
})

test('M17 two users share one subscription; leaving and coming back within the linger costs nothing', async () => {
  const { client, server, clock } = rig()
  server.collection(notes, [note(1)])
  const leave = [client.list(notes).subscribe(() => undefined), client.open(events(notes)).onAny(() => undefined)]
  await settle()
  leave.forEach((stop) => stop())
  await clock.advance(200)
  const again = client.list(notes).subscribe(() => undefined)
  await clock.advance(5_000)
  expect(server.subscribes).toHaveLength(1)
  expect(server.requests.filter(({ path }) => path === notes.path)).toHaveLength(1)
  again()
  await clock.advance(5_000)
  expect(clock.timers).toBe(0)
})

test('M18 a listener that throws is reported, the next one runs, and the client lives on', async () => {
  const { client, server, errors } = rig()
  const rows = server.collection(notes)
  const list = client.list(notes)
  const bad = () => {
    throw new Error('mine')
  }
  const good = vi.fn()
  const stream = client.open(events(notes))
  stream.onAny(bad)
  stream.onAny(good)
  client.onStatus(bad)
  list.subscribe(bad)
  list.subscribe(good)
  await settle()
  rows.put(note(1))
  await settle()
  rows.put(note(2))
  await settle()
  expect(good.mock.calls.length).toBeGreaterThan(3)
  expect(texts(list.get())).toEqual(['note 2', 'note 1'])
  expect(client.status.state).toBe('online')
  expect(errors.every((error) => (error as Error).message === 'mine')).toBe(true)
})

test('M18 an onError that throws hurts nobody either', async () => {
  const { client, server } = rig({}, { onError: () => { throw new Error('worse') } })
  const rows = server.collection(notes)
  client.open(events(notes)).onAny(() => { throw new Error('mine') })
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  rows.put(note(1))
  await settle()
  expect(texts(list.get())).toEqual(['note 1'])
})

test('M19 a row is shown at once, sent with its id as key, and is one row whatever comes back first', async () => {
  const { client, server } = rig()
  const rows = server.collection(notes)
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  const sent = list.create({ text: 'hello' })
  expect(list.get()).toMatchObject({ pending: 1, items: [{ text: 'hello', $state: 'saving' }] })
  const saved = await sent
  await settle()
  expect(list.get()).toMatchObject({ pending: 0, items: [{ id: saved.id, text: 'hello', $state: 'saved' }] })
  const { headers, body } = server.requests.find(({ method }) => method === 'POST')!
  expect(headers.get('Idempotency-Key')).toBe(saved.id)
  expect((body as { id: string }).id).toBe(saved.id)
  expect(saved.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(plain(list.get().items)).toEqual(rows.all())
})

test('M19 a write is repeated while the network is away, fails in the end, and can be retried as the same row', async () => {
  const { client, server, clock } = rig()
  const rows = server.collection(notes)
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  server.isUp = false
  void list.create({ text: 'hello' })
  await clock.advance(120_000)
  const [failed] = list.get().items
  expect(failed).toMatchObject({ text: 'hello', $state: 'failed' })
  expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(5)
  server.isUp = true
  await list.retry(failed!.id)
  client.reconnect()
  await settle()
  expect(rows.all()).toHaveLength(1)
  expect(list.get().items).toMatchObject([{ id: failed!.id, $state: 'saved' }])
})

test('M19 a change that is refused stays in sight with its error, until it is sent again or discarded', async () => {
  const { client, server, errors } = rig()
  server.collection(notes, [note(1), note(2)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  server.refusals.set('/api/v1/notes/000', 403)
  const changed = list.update('0001', { text: 'mine' })
  const removed = list.remove('0002')
  expect(list.get().items).toMatchObject([{ text: 'mine', $state: 'saving' }])
  await expect(changed).rejects.toMatchObject({ status: 403 })
  await expect(removed).rejects.toMatchObject({ status: 403 })
  const failed = { $state: 'failed', $error: { status: 403 } }
  expect(list.get()).toMatchObject({ pending: 0, items: [{ text: 'note 2', ...failed }, { text: 'mine', ...failed }] })
  expect(errors).toMatchObject([{ status: 403 }, { status: 403 }])
  list.discard('0002')
  server.refusals.clear()
  await list.retry('0001')
  expect(list.get().items).toMatchObject([{ text: 'note 2', $state: 'saved' }, { text: 'mine', $state: 'saved' }])
  expect(client.writes.get()).toEqual([])
})

test('M19 the writes of one row go out in their order, and fail together', async () => {
  const { client, server } = rig()
  const rows = server.collection(notes)
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  void list.create({ text: 'one' })
  const [made] = list.get().items
  void list.update(made!.id, { text: 'two' })
  const last = list.update(made!.id, { text: 'three' })
  expect(list.get()).toMatchObject({ pending: 3, items: [{ text: 'three', $state: 'waiting' }] })
  await last
  expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'PATCH', 'PATCH'])
  expect(rows.all()).toMatchObject([{ text: 'three', version: 3 }])
  server.refusals.set('/api/v1/notes/', 403)
  void list.create({ text: 'refused' })
  const refused = list.get().items.find(({ text }) => text === 'refused')!
  await expect(list.update(refused.id, { text: 'on top' })).rejects.toMatchObject({ status: 403 })
  expect(list.get().items[0]).toMatchObject({ text: 'on top', $state: 'failed' })
  list.discard(refused.id)
  expect(texts(list.get())).toEqual(['three'])
})

test('M19 a conflict is that the same field was changed, and shows both versions; any other change is carried over', async () => {
  const held: (() => void)[] = []
  const { client, server } = rig({ step: (what) => (what.startsWith('PATCH') ? new Promise((go) => held.push(go)) : Promise.resolve()) })
  const release = async () => {
    await settle()
    held.splice(0).forEach((go) => go())
  }
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  const mine = list.update('0001', { text: 'mine' })
  rows.put({ ...note(1), created_at: note(5).created_at })
  await release() // refused, as the version is another
  await release()
  await mine
  expect(rows.all()).toMatchObject([{ text: 'mine', created_at: note(5).created_at }])
  const late = list.update('0001', { text: 'mine again' })
  rows.put({ ...rows.get('0001')!, text: 'theirs' })
  await release()
  await expect(late).rejects.toMatchObject({ status: 412 })
  expect(list.get().items).toMatchObject([{ text: 'mine again', $state: 'failed', $error: { status: 412 }, $theirs: { text: 'theirs' } }])
  const again = list.retry('0001')
  await release()
  await again
  expect(rows.all()).toMatchObject([{ text: 'mine again' }])
})

test('M19 a signal is dropped while the link is down, sent at most once in two seconds, and expires', async () => {
  const { client, server, clock } = rig()
  server.collection(notes)
  const typing = client.open(signal(notes, 'typing'))
  typing.send()
  typing.subscribe(() => undefined)
  await settle()
  typing.send()
  typing.send()
  expect(server.published).toEqual([{ channel: 'room:1', data: { type: 'typing' } }])
  await clock.advance(2_000)
  typing.send()
  expect(server.published).toHaveLength(2)
  server.signal('room:1', { type: 'typing' }, 'bob')
  server.signal('room:1', { type: 'other' }, 'bob')
  await settle()
  expect(typing.get()).toMatchObject([{ user: 'bob' }])
  await clock.advance(5_000)
  expect(typing.get()).toEqual([])
})

test('M21 close is final: no timer, no listener, and no way back but connect', async () => {
  const { lifecycle, isWatched } = watched()
  const { client, server, clock } = rig({}, { lifecycle })
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await settle()
  client.close()
  expect(client.status).toMatchObject({ state: 'idle', reason: { text: 'closed' } })
  expect(isWatched()).toBe(false)
  rows.put(note(2))
  client.open(presence(notes)).subscribe(() => undefined)
  await clock.advance(600_000)
  expect(client.status.state).toBe('idle')
  expect(clock.timers).toBe(0)
  expect(texts(list.get())).toEqual(['note 1'])
  client.connect()
  await settle()
  expect(texts(list.get())).toEqual(['note 2', 'note 1'])
})

test('M22 every state has a reason that a program can read', async () => {
  const { client, server } = rig()
  server.collection(notes)
  const told: string[] = []
  client.onStatus(({ state, reason }) => told.push(`${state} ${reason.code} ${reason.text}`))
  client.list(notes).subscribe(() => undefined)
  await settle()
  server.cut()
  await settle()
  server.stop(3503)
  await settle()
  expect(told).toEqual([
    'connecting 0 connecting',
    'online 0 online',
    'waiting 1 transport closed',
    'connecting 1 transport closed',
    'online 0 online',
    'stopped 3503 disconnect',
  ])
  expect(client.status).toMatchObject({ state: 'stopped', reason: { code: 3503 }, everConnected: true })
})

test('nobody signed in: nothing is shown, nothing is hammered; signing in fills every list', async () => {
  const { clock } = rig()
  const server = (await import('../src/testing.js')).createTestServer({ clock })
  server.collection(notes, [note(1)])
  const listeners: ((isSignedIn: boolean) => void)[] = []
  server.token = null
  const options = server.options()
  const auth = { ...options.auth, onChange: (listener: (isSignedIn: boolean) => void) => (listeners.push(listener), () => undefined) }
  const guarded: typeof fetch = async (input, init) =>
    new Headers(init?.headers).has('Authorization') ? server.fetch(input, init) : new Response('{}', { status: 401 })
  const client = createClient({ ...options, auth, fetch: guarded, onError: () => undefined })
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await clock.advance(60_000)
  expect(client.status.state).toBe('signed-out')
  expect(list.get()).toMatchObject({ status: 'loading', items: [] })
  server.token = 'good'
  listeners.forEach((tell) => tell(true))
  await settle()
  expect(list.get()).toMatchObject({ status: 'live', items: [{ text: 'note 1' }] })
  listeners.forEach((tell) => tell(false))
  await settle()
  expect(list.get()).toMatchObject({ status: 'loading', items: [] })
  expect(client.status.state).toBe('signed-out')
})

test('the path of a request: on the configured host, and a query replaces what the path says of the same name', async () => {
  const urls: string[] = []
  const fetch = (async (url: unknown) => (urls.push(String(url)), new Response('{}'))) as typeof globalThis.fetch
  const { send } = restOf({ url: 'https://host:8443/app/?x=1', fetch, clock: createTestClock(), token: async () => null })
  const cases = [
    ['/a/', undefined, '/a/'],
    ['a/?b=1#c', undefined, '/a/?b=1'],
    ['http://inside:8000/a/?cursor=x%3D', { limit: 5 }, '/a/?cursor=x%3D&limit=5'],
    ['HTTP://inside', { none: null, no: undefined }, '/'],
    ['/a/?limit=1&q=2', { limit: 5, q: 'ä &=', ok: false }, '/a/?limit=5&q=%C3%A4%20%26%3D&ok=false'],
    ['//elsewhere/a', undefined, '/elsewhere/a'],
  ] as const
  for (const [path, query] of cases) await send({ method: 'GET', path, query })
  expect(urls).toEqual(cases.map(([, , target]) => `https://host:8443${target}`))
  expect(() => restOf({ url: 'host:8443', fetch, clock: createTestClock(), token: async () => null })).toThrow('must begin with https://')
})
