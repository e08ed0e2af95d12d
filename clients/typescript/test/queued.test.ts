import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { createClient, jwt, type Client, type LifecycleEvents } from '../src/index.js'
import { queued } from '../src/queued.js'
import { inMemory, keyValue, type KeptStorage } from '../src/storage.js'
import { createTestClock, createTestServer, type TestServer } from '../src/testing.js'
import { note, notes, plain, settle, tasks, texts, type Note } from './support.js'

afterEach(() => vi.unstubAllGlobals())

/** A device with a network that can be lost, and a page that can be closed: nothing of a closed page goes on. */
function device(server = createTestServer({ clock: createTestClock() }), storage: KeptStorage = inMemory()) {
  const clock = server.options().clock as ReturnType<typeof createTestClock>
  let isOnline = true
  const pages: { events?: LifecycleEvents; isDead: boolean; client: Client }[] = []
  function open() {
    const page = { isDead: false } as (typeof pages)[number]
    const alive = <A extends unknown[], R>(run: (...args: A) => Promise<R>) =>
      (...args: A): Promise<R> =>
        page.isDead ? new Promise(() => undefined) : run(...args).then((result) => (page.isDead ? new Promise<never>(() => undefined) : result))
    const own = { get: alive(storage.get), set: alive(storage.set), delete: alive(storage.delete), keys: alive(storage.keys) }
    page.client = createClient({
      ...server.options(),
      fetch: alive(server.fetch as (...args: Parameters<typeof fetch>) => Promise<Response>) as typeof fetch,
      lifecycle: { isOnline: () => isOnline, watch: (events) => ((page.events = events), () => undefined) },
      writes: queued({ storage: own }),
      onError: () => undefined,
    })
    pages.push(page)
    return page.client
  }
  const close = () => {
    const page = pages.at(-1)!
    page.isDead = true
    page.client.close()
  }
  const network = (is: boolean) => {
    isOnline = server.isUp = is
    const { events } = pages.at(-1)!
    if (!is) server.cut()
    is ? events?.online() : events?.offline()
  }
  return { server, clock, storage, open, close, network }
}

test('a write waits for the link instead of failing, says so, and goes out when it is there', async () => {
  const { server, clock, open, network } = device()
  const rows = server.collection<Note>(notes)
  const client = open()
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await clock.advance(0)
  network(false)
  const sent = list.create({ text: 'from the tunnel' })
  await clock.advance(120_000)
  expect(list.get()).toMatchObject({ pending: 1, items: [{ text: 'from the tunnel', $state: 'waiting' }] })
  expect(server.requests.filter(({ method }) => method === 'POST')).toEqual([])
  network(true)
  await clock.advance(1_000)
  expect(await sent).toMatchObject({ text: 'from the tunnel', version: 1 })
  expect(rows.all().map(({ text }) => text)).toEqual(['from the tunnel'])
  expect(client.writes.get()).toEqual([])
})

test('writes survive the page, and are shown and sent by the next one in their order', async () => {
  const { server, clock, open, close, network } = device()
  const rows = server.collection<Note>(notes, [note(1)])
  const first = open().list(notes)
  first.subscribe(() => undefined)
  await clock.advance(0)
  network(false)
  void first.create({ text: 'one' })
  void first.create({ text: 'two' })
  void first.update('0001', { text: 'changed' })
  const made = first.get().items.find(({ text }) => text === 'one')!
  void first.update(made.id, { text: 'one, better' })
  await clock.advance(0)
  close()
  const client = open()
  await clock.advance(0)
  expect(client.writes.get().map(({ method, state }) => `${method} ${state}`)).toEqual(['POST waiting', 'POST waiting', 'PATCH waiting', 'PATCH waiting'])
  network(true)
  const second = client.list(notes)
  second.subscribe(() => undefined)
  await clock.advance(5_000)
  expect(texts({ items: rows.all() }).sort()).toEqual(['changed', 'one, better', 'two'])
  expect(plain(second.get().items)).toEqual(rows.all())
  expect(server.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method)).toEqual(['POST', 'POST', 'PATCH', 'PATCH'])
})

test('an answer that was lost, a server that restarts: sent again with the same key, done once', async () => {
  let isLost = true
  const clock = createTestClock()
  const server: TestServer = createTestServer({
    clock,
    step: async (what) => {
      if (isLost && what.startsWith('answer POST')) server.isUp = false
    },
  })
  const rows = server.collection<Note>(notes)
  const { open } = device(server)
  const list = open().list(notes)
  list.subscribe(() => undefined)
  await clock.advance(0)
  const sent = list.create({ text: 'once' })
  await clock.advance(60_000)
  expect(list.get().items).toMatchObject([{ text: 'once' }])
  isLost = false
  server.isUp = true
  await clock.advance(60_000)
  await sent
  expect(rows.all()).toMatchObject([{ text: 'once', version: 1 }])
  const keys = server.requests.filter(({ method }) => method === 'POST').map(({ headers }) => headers.get('Idempotency-Key'))
  expect(keys.length).toBeGreaterThan(1)
  expect(new Set(keys).size).toBe(1)
})

test('a waiting write can be taken back; what is refused holds up no other row', async () => {
  const { server, clock, open, network } = device()
  const rows = server.collection<Note>(notes, [note(1)])
  const client = open()
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await clock.advance(0)
  network(false)
  const cancelled = list.create({ text: 'not this one' })
  void list.update('0001', { text: 'refused' })
  void list.create({ text: 'but this one' })
  await clock.advance(0)
  list.discard(list.get().items.find(({ text }) => text === 'not this one')!.id)
  await expect(cancelled).rejects.toMatchObject({ problem: { code: 'discarded' } })
  server.refusals.set('/api/v1/notes/0001/', 403)
  network(true)
  await clock.advance(5_000)
  expect(texts({ items: rows.all() }).sort()).toEqual(['but this one', 'note 1'])
  expect(list.get().items.find(({ id }) => id === '0001')).toMatchObject({ text: 'refused', $state: 'failed', $error: { status: 403 } })
})

test('a conflict that came up offline shows both versions, also on the next page', async () => {
  const { server, clock, open, close, network } = device()
  const rows = server.collection(tasks, [{ ...note(1), status: 'open', moved_at: '' }])
  const list = open().list(tasks)
  list.subscribe(() => undefined)
  await clock.advance(0)
  network(false)
  void list.update('0001', { text: 'mine' })
  await clock.advance(0)
  rows.put({ ...rows.get('0001')!, text: 'theirs' })
  network(true)
  await clock.advance(5_000)
  close()
  const next = open().list(tasks)
  next.subscribe(() => undefined)
  await clock.advance(5_000)
  expect(next.get().items).toMatchObject([{ text: 'mine', $state: 'failed', $error: { status: 412 }, $theirs: { text: 'theirs' } }])
  next.discard('0001')
  await clock.advance(0)
  expect(next.get().items).toMatchObject([{ text: 'theirs', $state: 'saved' }])
})

test.each(['a store of objects', 'a store of texts'])('with the sign-out, %s holds nothing of the user any more', async (kind) => {
  const kept = new Map<string, string>()
  const texts = {
    getItem: async (key: string) => kept.get(key) ?? null,
    setItem: async (key: string, value: string) => void kept.set(key, value),
    removeItem: async (key: string) => void kept.delete(key),
  }
  const storage = kind === 'a store of texts' ? keyValue(texts) : inMemory()
  const token = (user: string) => `.${btoa(JSON.stringify({ user_id: user }))}.`
  const auth = jwt()
  const fetch = (async (input: unknown, init: RequestInit) => {
    const { email } = JSON.parse(String(init.body ?? '{}')) as { email?: string }
    const status = email || String(input).includes('/token/') ? 200 : 503
    return new Response(JSON.stringify(email ? { access: token(email), refresh: 'r' } : {}), { status })
  }) as typeof globalThis.fetch
  const clock = createTestClock()
  const server = createTestServer({ clock })
  const client = createClient({ ...server.options(), auth, fetch, writes: queued({ storage }), onError: () => undefined })
  await auth.signIn('alice', 'x')
  await clock.advance(0)
  void client.list(notes).create({ text: 'private' })
  await clock.advance(0)
  expect(await storage.keys('alice')).toHaveLength(1)
  void auth.signOut()
  await clock.advance(0)
  expect(await storage.keys('')).toEqual([])
  expect(client.writes.get()).toEqual([])
  // What is left of a user who did not sign out here is never another's.
  await storage.set('alice write 1', { id: '1', at: 1, list: notes.path, key: '1', method: 'POST', path: notes.path, state: 'waiting' })
  await auth.signIn('bob', 'x')
  await clock.advance(0)
  expect(client.writes.get()).toEqual([])
  expect(await storage.keys('')).toEqual([])
  client.close()
})

// -- any of them ----------------------------------------------------------------------------------------------------------

const step = fc.record({ do: fc.constantFrom('write', 'write', 'edit', 'edit', 'erase', 'react', 'let', 'let', 'let', 'wait', 'off', 'on', 'restart', 'reload', 'lose'), which: fc.nat(30) })

test('whatever breaks, and however often the page is closed, each write is done once and in its order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const waiting: (() => void)[] = []
      const clock = createTestClock()
      const server = createTestServer({ clock, step: () => new Promise((go) => waiting.push(go)) })
      const paths = ['/api/v1/a/', '/api/v1/b/', '/api/v1/c/']
      const rooms = paths.map((path, n) => ({ ...notes, path, channel: `room:${n}` }) as typeof notes)
      const rows = rooms.map((room) => server.collection<Note>(room))
      const { open, close, network } = device(server)
      let client = open()
      let lists = rooms.map((room) => client.list(room))
      const listen = () => lists.forEach((list) => list.subscribe(() => undefined))
      listen()
      /** What the writes come to, one after another. */
      const expected = rooms.map(() => new Map<string, { text: string; version: number }>())
      const go = async (which: number) => {
        waiting.splice(which % (waiting.length || 1), 1)[0]?.()
        await settle()
      }
      const calm = async () => {
        for (let quiet = 0; quiet < 3; quiet = waiting.length ? 0 : quiet + 1) {
          waiting.splice(0).forEach((let_) => let_())
          await clock.advance(1000)
        }
      }
      const let1 = async () => {
        waiting.splice(0).forEach((let_) => let_())
        await clock.advance(1000)
      }
      await calm()
      for (const { do: action, which } of steps) {
        const n = which % 3
        const [list, made] = [lists[n]!, expected[n]!]
        const [id] = [...made.keys()].slice(which % (made.size || 1))
        if (action === 'write') {
          const text = `${n} ${made.size} ${which}`
          void list.create({ text })
          made.set(client.writes.get().at(-1)!.key, { text, version: 1 })
        } else if (id && action === 'edit') {
          void list.update(id, { text: `edited ${which}` })
          made.set(id, { text: `edited ${which}`, version: made.get(id)!.version + 1 })
        } else if (id && action === 'react') {
          // Any other write about a row: here, a change at a path of its own.
          void list.write(id, { method: 'PATCH', path: '', body: { text: `reacted ${which}` } }, { text: `reacted ${which}` })
          made.set(id, { text: `reacted ${which}`, version: made.get(id)!.version + 1 })
        } else if (id && action === 'erase') {
          void list.remove(id)
          made.delete(id)
        } else if (action === 'let') await go(which)
        else if (action === 'wait') await clock.advance(2_000)
        else if (action === 'off') network(false)
        else if (action === 'on') network(true)
        else if (action === 'restart') server.cut()
        else if (action === 'lose') {
          server.isUp = false
          for (let turn = 0; turn < 3; turn++) await let1()
          server.isUp = true
        } else if (action === 'reload') {
          await settle() // storing has begun; a browser finishes what was begun
          close()
          waiting.length = 0
          client = open()
          lists = rooms.map((room) => client.list(room))
          listen()
          await clock.advance(0)
        }
        await settle()
      }
      network(true)
      await calm()
      await calm()
      expect(client.writes.get()).toEqual([])
      rooms.forEach((_, n) => {
        const saved = rows[n]!.all().reverse()
        expect(saved.map(({ id, text, version }) => [id, { text, version }])).toEqual([...expected[n]!])
        expect(plain(lists[n]!.get().items)).toEqual(rows[n]!.all())
      })
      client.close()
    }),
    { numRuns: Number(process.env.RUNS ?? 40), seed: Number(process.env.SEED ?? 1) },
  )
}, 3_600_000)
