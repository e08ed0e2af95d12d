import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createClient, jwt } from '../src/index.js'
import { createTestClock, createTestServer } from '../src/testing.js'
import { note, notes, settle, texts } from './support.js'

type Medium = 'storage' | 'channel' | 'nothing'

const LIFE = 300
const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, '')
const userOf = (token: string) => (JSON.parse(atob(token.split('.')[1]!)) as { user_id: string }).user_id

/** Tabs of one browser: one storage, one server, and a page of their own each. Alice may read the notes, and Bob may not. */
function browserThat(medium: Medium) {
  const clock = createTestClock()
  const server = createTestServer({ clock })
  const rows = server.collection(notes, [note(1, 'private')])
  const stored = new Map<string, string>()
  const pages: ((event: { key: string | null }) => void)[][] = []
  let made = 0
  /** Answers that wait for a promise of the test. */
  const held: { refresh?: Promise<unknown>; answer?: Promise<unknown> } = {}
  const writes: string[] = []
  const sockets: string[] = []
  vi.stubGlobal('addEventListener', (type: string, listener: () => void) => type === 'storage' && pages.at(-1)!.push(listener))
  if (medium !== 'channel') vi.stubGlobal('BroadcastChannel', undefined)

  const fetch = (async (input: string, init: RequestInit) => {
    const { pathname } = new URL(input)
    const body = init.body ? (JSON.parse(String(init.body)) as { email?: string; refresh?: string; text?: string }) : {}
    if (pathname.endsWith('/blacklist/')) return new Response('{}')
    if (pathname.startsWith('/api/v1/token/')) {
      if (body.refresh) await held.refresh
      const user = body.email ?? body.refresh!.split(' ')[0]
      const iat = Math.floor(clock.now() / 1000)
      return new Response(JSON.stringify({ access: `${part({})}.${part({ iat, exp: iat + LIFE, user_id: user })}.x`, refresh: `${user} ${++made}` }))
    }
    const bearer = new Headers(init.headers).get('Authorization')
    const user = bearer ? userOf(bearer) : 'nobody'
    if (init.method === 'POST') writes.push(`${user}: ${body.text}`)
    if (user !== 'alice') return new Response('{}', { status: user === 'nobody' ? 401 : 403 })
    const response = await server.fetch(input, init)
    if (init.method === 'POST') await held.answer
    return response
  }) as typeof globalThis.fetch

  function open(isUsed = true) {
    const page: (typeof pages)[number] = []
    pages.push(page)
    const write = (change: () => void, key: string) => {
      change()
      if (medium === 'storage') for (const other of pages) if (other !== page) for (const listener of other) queueMicrotask(() => listener({ key }))
    }
    const storage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => write(() => stored.set(key, value), key),
      removeItem: (key: string) => write(() => stored.delete(key), key),
    }
    const auth = jwt({ storage, storageKey: `tokens ${medium}` })
    const changes: boolean[] = []
    const client = createClient({
      ...server.options(),
      auth,
      fetch,
      onError: () => undefined,
      transport: (options, events) =>
        server.transport(options, {
          ...events,
          async token(how) {
            const token = await events.token(how)
            if (token) sockets.push(userOf(token))
            return token
          },
        }),
    })
    auth.onChange((isSignedIn) => changes.push(isSignedIn))
    const list = client.list(notes)
    if (isUsed) list.subscribe(() => undefined)
    return { auth, client, list, changes }
  }
  const storedUser = () => [...stored.values()].map((pair) => userOf((JSON.parse(pair) as { access: string }).access)).join()
  return { open, clock, server, rows, writes, sockets, storedUser, held }
}

/** Messages between tabs take a moment of real time. */
const calm = () => new Promise((resolve) => setTimeout(resolve, 50))

async function signedIn(browser: ReturnType<typeof browserThat>) {
  const one = browser.open()
  await one.auth.signIn('alice', 'p')
  await calm()
  const two = browser.open()
  await calm()
  for (const { list } of [one, two]) expect(texts(list.get())).toEqual(['private'])
  one.changes.length = two.changes.length = 0
  return [one, two] as const
}

beforeEach(() => vi.unstubAllGlobals())
afterEach(() => vi.unstubAllGlobals())

test.each(['storage', 'channel'] as const)('a sign-out in one tab is one in all, by %s', async (medium) => {
  const browser = browserThat(medium)
  const [one, two] = await signedIn(browser)
  await one.auth.signOut()
  await calm()
  expect([one.changes, two.changes]).toEqual([[false], [false]])
  for (const { client, list, auth } of [one, two]) {
    expect(client.status.state).toBe('signed-out')
    expect(list.get()).toMatchObject({ status: 'loading', items: [] })
    expect(await auth.userId()).toBeNull()
  }
  // And a sign-in is one in all.
  await two.auth.signIn('alice', 'p')
  await calm()
  expect([one.changes, two.changes]).toEqual([[false, true], [false, true]])
  for (const { list } of [one, two]) expect(list.get()).toMatchObject({ status: 'live', items: [{ text: 'private' }] })
})

test.each(['storage', 'channel'] as const)('another user in one tab: the others drop their rows and follow, by %s', async (medium) => {
  const browser = browserThat(medium)
  const [one, two] = await signedIn(browser)
  browser.sockets.length = 0
  await one.auth.signIn('bob', 'p')
  await calm()
  expect([one.changes, two.changes]).toEqual([[false, true], [false, true]])
  for (const { list, auth } of [one, two]) {
    expect(list.get()).toMatchObject({ status: 'denied', items: [] })
    expect(await auth.userId()).toBe('bob')
  }
  expect(browser.sockets).toEqual(['bob', 'bob'])
  await two.list.create({ text: 'typed by bob' }).catch(() => undefined)
  expect(browser.writes).toEqual(['bob: typed by bob'])
})

test('a tab that got no event never takes over the tokens of another user: what was typed before is not sent as hers', async () => {
  const browser = browserThat('nothing')
  const [one, two] = await signedIn(browser)
  await one.auth.signIn('bob', 'p')
  await browser.clock.advance((LIFE - 5) * 1000)
  await calm()
  // The renewal of the second tab found the other user.
  expect(two.changes).toEqual([false, true])
  expect(two.list.get()).toMatchObject({ status: 'denied', items: [] })

  const again = browserThat('nothing')
  const [first, second] = await signedIn(again)
  second.client.close()
  await first.auth.signIn('bob', 'p')
  await again.clock.advance((LIFE + 5) * 1000)
  await expect(second.list.create({ text: 'typed by alice' })).rejects.toMatchObject({ status: 401, problem: { code: 'signed_out' } })
  expect(again.writes).toEqual([])
  expect(second.changes).toEqual([false, true])
  expect(second.list.get().items).toEqual([])
  expect(again.storedUser()).toBe('bob')
})

test('a renewal that is answered after another tab changed the user does not overwrite that user', async () => {
  const browser = browserThat('nothing')
  const [one, two] = await signedIn(browser)
  let answer: (value?: unknown) => void = () => undefined
  browser.held.refresh = new Promise((resolve) => (answer = resolve))
  const renewed = two.auth.getToken({ fresh: true })
  await settle()
  await one.auth.signIn('bob', 'p')
  answer()
  expect(await renewed).toBeNull()
  expect(browser.storedUser()).toBe('bob')
  expect(two.changes).toEqual([false, true])
  expect(await two.auth.userId()).toBe('bob')
})

test('a write that waits to be repeated, and an answer on its way, end with the session', async () => {
  const browser = browserThat('storage')
  const [one, two] = await signedIn(browser)
  browser.server.isUp = false
  const write = two.list.create({ text: 'typed by alice' })
  await settle()
  expect(browser.writes).toEqual(['alice: typed by alice'])
  browser.server.isUp = true
  await one.auth.signIn('bob', 'p')
  await calm()
  await browser.clock.advance(60_000)
  await expect(write).rejects.toMatchObject({ problem: { code: 'signed_out' } })
  expect(browser.writes).toEqual(['alice: typed by alice'])

  const other = browserThat('storage')
  const [first, second] = await signedIn(other)
  let answer: (value?: unknown) => void = () => undefined
  other.held.answer = new Promise((resolve) => (answer = resolve))
  const late = second.list.create({ text: 'answered late' })
  await calm()
  expect(other.rows.all()).toHaveLength(2)
  await first.auth.signOut()
  await calm()
  answer()
  await expect(late).rejects.toMatchObject({ problem: { code: 'signed_out' } })
  expect(second.list.get().items).toEqual([])
})

test('signing in while nothing is used connects with the next list', async () => {
  const { auth, client } = browserThat('storage').open(false)
  await auth.signIn('alice', 'p')
  await auth.signOut()
  expect(client.status.state).toBe('signed-out')
  await auth.signIn('alice', 'p')
  expect(client.status.state).toBe('idle')
  const list = client.list(notes)
  list.subscribe(() => undefined)
  await calm()
  expect(client.status.state).toBe('online')
  expect(list.get().status).toBe('live')
})
