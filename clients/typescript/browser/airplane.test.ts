import { readFileSync } from 'node:fs'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Site, type Login } from '../test/site.js'
import { launch } from './chromium.js'
import { Host } from './host.js'
import type { App } from './page.js'

/** What is written without a network, in a real Chromium against a real server that is killed and started again. */
let host: Host
let site: Site
let browser: Browser
let alice: Login

beforeAll(async () => {
  host = await Host.start(readFileSync(new URL('page.ts', import.meta.url), 'utf8').replaceAll("'../src/", "'./src/"))
  ;[site, browser] = await Promise.all([Site.start({ CORS_ALLOWED_ORIGINS: host.origin }), launch()])
  alice = await site.login('alice')
}, 180_000)

afterAll(async () => {
  await browser?.close()
  await site?.kill()
  host?.stop()
})

type Message = { id: string; text: string; version: number; reactions: { emoji: string; count: number }[] }

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const headers = { ...(await site.headers(alice)), 'Content-Type': 'application/json' }
  return site.ask<T>(path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
}

const makeRoom = async (name: string) => (await call<{ id: string }>('POST', '/api/v1/rooms/', { name, kind: 'private' })).id

/** All messages of a room as a fresh GET shows them, newest first. */
async function fresh(room: string): Promise<Message[]> {
  const found: Message[] = []
  for (let next: string | null = `/api/v1/rooms/${room}/messages/?limit=100`; next; ) {
    const page: { results: Message[]; next: string | null } = await call('GET', next)
    found.push(...page.results)
    next = page.next && page.next.replace(/^https?:\/\/[^/]+/, '')
  }
  return found
}

const address = (rooms: readonly string[], more: Record<string, string> = {}) =>
  `${host.origin}/?${new URLSearchParams([['url', site.url], ...rooms.map((room) => ['room', room]), ...Object.entries(more)])}`

async function open(context: BrowserContext, rooms: readonly string[], more?: Record<string, string>): Promise<Page> {
  const page = await context.newPage()
  await page.goto(address(rooms, more))
  await page.waitForFunction(() => 'app' in window)
  return page
}

const allSaved = (page: Page) => page.waitForFunction(() => (window as unknown as { app: App }).app.client.writes.get().length === 0, null, { timeout: 120_000 })
const shown = (page: Page, room: string) =>
  page.evaluate(
    (room) =>
      (window as unknown as { app: App }).app.list(room).get().items.map(({ id, text, version, reactions, $state }) => ({ id, text, version, reactions, $state })),
    room,
  )

test('the airplane: 200 writes offline over three rooms, a reload, a tab closed and opened, the server restarted meanwhile', async () => {
  const rooms = await Promise.all(['one', 'two', 'three'].map(makeRoom))
  const context = await browser.newContext()
  let page = await open(context, rooms)
  const user = await page.evaluate(async ({ email, password }) => {
    const { auth } = (window as unknown as { app: App }).app
    await auth.signIn(email, password)
    return auth.userId()
  }, alice)
  await page.waitForFunction((rooms) => rooms.every((room) => (window as unknown as { app: App }).app.list(room).get().status === 'live'), rooms)

  /** Makes writes number `from` to `to`. Each is one of: a message, an edit, a removal, a reaction. */
  const write = (from: number, to: number) =>
    page.evaluate(
      ({ rooms, user, from, to }) => {
        const { list, react } = (window as unknown as { app: App }).app
        let events = 0
        for (let n = from; n < to; n++) {
          const target = list(rooms[n % 3]!)
          const mine = target.get().items.filter(({ text }) => text.startsWith('n'))
          const row = mine[n % (mine.length || 1)]
          const kind = n < 30 || !row ? 0 : n % 10
          if (kind < 6) void target.create({ text: `n${String(n).padStart(3, '0')}` })
          else if (kind < 8) void target.update(row!.id, { text: `${row!.text} e${n}` })
          else if (kind === 8) void react(target, row!.id, '👍', user!)
          else void target.remove(row!.id)
          // The same reaction twice is one event.
          if (kind !== 8 || !row!.reactions.length) events++
        }
        return events
      },
      { rooms, user, from, to },
    )
  const waiting = () => page.evaluate(() => (window as unknown as { app: App }).app.client.writes.get().length)
  /** What the lists show once all is on the disk: a page that is closed at once has had the time that a person needs. */
  const kept = async () => {
    await page.waitForTimeout(0)
    await page.evaluate(async () => {
      for (let turn = 0; turn < 2; turn++) {
        await new Promise((resolve) => {
          const open = indexedDB.open('tidewire', 1)
          open.onsuccess = () => {
            const done = open.result.transaction('kept', 'readwrite')
            done.oncomplete = resolve
            done.objectStore('kept').count()
          }
        })
      }
    })
    return Promise.all(rooms.map((room) => shown(page, room)))
  }

  const head = async () => (await Promise.all(rooms.map((room) => call<{ offset: number }>('GET', `/api/v1/streams/room:${room}/`)))).reduce((sum, { offset }) => sum + offset, 0)
  const begun = await head()
  await context.setOffline(true)
  let events = await write(0, 100)
  expect(await waiting()).toBe(100)
  await kept()
  await site.kill()
  await context.setOffline(false) // the page's own host answers; the server does not
  await page.reload()
  await page.waitForFunction(() => (window as unknown as { app?: App }).app?.client.writes.get().length === 100)
  events += await write(100, 150)
  await kept()
  await page.close()
  page = await open(context, rooms)
  await page.waitForFunction(() => (window as unknown as { app?: App }).app?.client.writes.get().length === 150)
  events += await write(150, 200)
  expect(await waiting()).toBe(200)
  const before = await kept()

  await site.up()
  await allSaved(page)
  await page.waitForFunction((rooms) => rooms.every((room) => (window as unknown as { app: App }).app.list(room).get().status === 'live'), rooms)
  for (const [n, room] of rooms.entries()) {
    const server = await fresh(room)
    const own = (await shown(page, room)) as (Message & { $state: string })[]
    // The list is what a fresh GET shows, and what it showed before anything was sent.
    expect(own.map(({ $state, ...row }) => [$state, row])).toEqual(server.map(({ id, text, version, reactions }) => ['saved', { id, text, version, reactions }]))
    const plain = (rows: readonly { id: string; text: string; reactions: readonly { emoji: string; count: number }[] }[]) =>
      rows.map(({ id, text, reactions }) => [id, text, reactions.map(({ emoji, count }) => `${emoji}${count}`)])
    expect(plain(server)).toEqual(plain(before[n] as Message[]))
    // Each once, in order.
    const firsts = server.map(({ text }) => text.split(' ')[0]!)
    expect(firsts).toEqual([...firsts].sort().reverse())
    expect(new Set(firsts).size).toBe(firsts.length)
  }
  expect(events).toBeGreaterThan(180)
  expect((await head()) - begun).toBe(events)

  // A conflict: the same message is edited here, offline, and elsewhere.
  const [room] = rooms
  const [newest] = await fresh(room!)
  await context.setOffline(true)
  await page.evaluate(
    ({ room, id }) => void (window as unknown as { app: App }).app.list(room).update(id, { text: 'from the plane' }),
    { room: room!, id: newest!.id },
  )
  await call('PATCH', `/api/v1/rooms/${room}/messages/${newest!.id}/`, { text: 'from the ground' })
  await context.setOffline(false)
  await page.waitForFunction((room) => (window as unknown as { app: App }).app.list(room).get().items[0]?.$state === 'failed', room!, { timeout: 60_000 })
  const conflict = await page.evaluate((room) => {
    const [row] = (window as unknown as { app: App }).app.list(room).get().items
    return { text: row!.text, status: row!.$error?.status, theirs: row!.$theirs?.text }
  }, room!)
  expect(conflict).toEqual({ text: 'from the plane', status: 412, theirs: 'from the ground' })
  await page.evaluate(({ room, id }) => (window as unknown as { app: App }).app.list(room).retry(id), { room: room!, id: newest!.id })
  expect((await fresh(room!))[0]!.text).toBe('from the plane')
  await context.close()
}, 400_000)

test('two tabs: one sends, both show; and when it closes, the other goes on', async () => {
  const room = await makeRoom('tabs')
  const context = await browser.newContext()
  const first = await open(context, [room])
  await first.evaluate(({ email, password }) => (window as unknown as { app: App }).app.auth.signIn(email, password), alice)
  const second = await open(context, [room])
  const live = (page: Page) => page.waitForFunction((room) => (window as unknown as { app: App }).app.list(room).get().status === 'live', room)
  await Promise.all([live(first), live(second)])
  const sent: string[] = []
  for (const [name, page] of [['first', first], ['second', second]] as const) {
    page.on('request', (request) => request.method() === 'POST' && request.url().includes('/messages/') && sent.push(name))
  }
  await context.setOffline(true)
  await second.evaluate((room) => void (window as unknown as { app: App }).app.list(room).create({ text: 'by the second' }), room)
  await first.waitForFunction((room) => (window as unknown as { app: App }).app.list(room).get().items[0]?.text === 'by the second', room)
  await context.setOffline(false)
  await Promise.all([allSaved(first), allSaved(second)])
  expect(sent).toEqual(['first'])
  await first.close()
  await second.evaluate((room) => (window as unknown as { app: App }).app.list(room).create({ text: 'and alone' }), room)
  expect(sent).toEqual(['first', 'second'])
  expect((await fresh(room)).map(({ text }) => text)).toEqual(['and alone', 'by the second'])
  // Signed out, nothing of the user is left on the disk.
  await second.evaluate(() => (window as unknown as { app: App }).app.auth.signOut())
  const left = () =>
    second.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const open = indexedDB.open('tidewire', 1)
          open.onsuccess = () => {
            const count = open.result.transaction('kept').objectStore('kept').count()
            count.onsuccess = () => resolve(count.result)
          }
        }),
    )
  await expect.poll(left).toBe(0)
  await context.close()
}, 120_000)

test('5,000 rows come up from the disk before the server answers, and catch up without a read of the list', async () => {
  const room = await makeRoom('large')
  for (let n = 0; n < 50; n++) {
    const messages = Array.from({ length: 100 }, (_, i) => ({ text: `message ${n * 100 + i}` }))
    await call('POST', `/api/v1/rooms/${room}/messages/batch/`, messages)
  }
  const context = await browser.newContext()
  const first = await open(context, [room], { limit: '100' })
  await first.evaluate(({ email, password }) => (window as unknown as { app: App }).app.auth.signIn(email, password), alice)
  const status = (page: Page, wanted: string) =>
    page.waitForFunction(({ room, wanted }) => (window as unknown as { app: App }).app.list(room, 100).get().status === wanted, { room, wanted }, { timeout: 60_000 })
  await status(first, 'live')
  await first.evaluate(async (room) => {
    const list = (window as unknown as { app: App }).app.list(room, 100)
    while (list.get().hasOlder) await list.older()
  }, room)
  await expect
    .poll(() =>
      first.evaluate(
        (room) =>
          new Promise<number>((resolve) => {
            const open = indexedDB.open('tidewire', 1)
            open.onsuccess = () => {
              const found = open.result.transaction('kept').objectStore('kept').getAll()
              found.onsuccess = () => resolve(Math.max(0, ...found.result.map(({ data }) => (data?.results as { room: string }[])?.filter((row) => row.room === room).length ?? 0)))
            }
          }),
        room,
      ),
    )
    .toBe(5_000)
  await first.close()
  await call('POST', `/api/v1/rooms/${room}/messages/`, { text: 'meanwhile' })

  const boots = process.env.TIDEWIRE_VERIFY ? 5 : 1
  const times: number[] = []
  for (let boot = 0; boot < boots; boot++) {
    const page = await context.newPage()
    const reads: string[] = []
    page.on('request', (request) => request.method() === 'GET' && request.url().includes('/messages/') && reads.push(request.url()))
    await page.goto(address([room], { limit: '100' }))
    await status(page, 'live')
    await page.waitForFunction((room) => (window as unknown as { app: App }).app.list(room, 100).get().items[0]?.text === 'meanwhile', room)
    expect(reads).toEqual([])
    expect(await page.evaluate((room) => (window as unknown as { app: App }).app.list(room, 100).get().items.length, room)).toBe(5_001)
    const { firstRows, firstStatus } = await page.evaluate(() => {
      const { firstRows, firstStatus } = (window as unknown as { app: App }).app
      return { firstRows, firstStatus }
    })
    expect(firstStatus).not.toBe('live')
    times.push(firstRows!)
    await page.close()
  }
  console.info(`rows from the disk after ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`)
  // Asked of a machine that does nothing else: the best of five in under 100 ms.
  if (process.env.TIDEWIRE_VERIFY) expect(Math.min(...times)).toBeLessThan(100)
  await context.close()
}, 300_000)
