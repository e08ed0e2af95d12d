import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient, jwt, messages, ready } from '../src/index.js'
import { withFallback } from '../src/fallback.js'
import { optimistic } from '../src/optimistic.js'
import { Site } from './site.js'

let site: Site

beforeAll(async () => {
  site = await Site.start()
}, 120_000)

afterAll(() => site?.kill())

/** A socket as behind a proxy that does not know WebSockets: it ends before it has opened. */
class Blocked extends EventTarget {
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  onerror: ((event: unknown) => void) | null = null
  constructor() {
    super()
    setTimeout(() => this.onclose?.({ code: 1006, reason: '' }), 0)
  }
  send() {}
  close() {}
}

test('where WebSockets are blocked a list is live all the same, over HTTP', async () => {
  const login = await site.login('alice')
  const room = await site.room(login)
  const clients = await Promise.all(
    [Blocked, Blocked].map(async (WebSocket) => {
      const auth = jwt()
      const client = createClient({ url: site.url, auth, WebSocket, transport: withFallback, writes: optimistic })
      await auth.signIn(login.email, login.password)
      return client
    }),
  )
  const lists = clients.map((client) => client.list(messages(room)))
  const stop = lists.map((list) => list.subscribe(() => undefined))
  await Promise.all(lists.map((list) => ready(list)))
  const [mine, theirs] = lists
  const text = `over HTTP ${Date.now()}`
  await mine!.create({ text })
  await expect.poll(() => theirs!.get().items.map((row) => row.text), { timeout: 15_000 }).toContain(text)
  for (const end of stop) end()
  for (const client of clients) client.close()
}, 60_000)
