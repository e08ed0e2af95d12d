/** A server in memory, for tests of apps: no sockets, no ports, no waiting. */
import type { Auth } from './auth.js'
import type { Clock } from './clock.js'
import type { ListDescriptor } from './descriptors.js'
import type { ClientOptions } from './client.js'
import { optimistic } from './optimistic.js'
import { problem } from './rest.js'
import { comparator, keyOf, versionOf, type AnyRow } from './rows.js'
import type { Channel, ChannelEvents, Person, Publication, Transport, TransportEvents, TransportFactory } from './transport.js'
import { uuid7 } from './uuid.js'
import { whereOf } from './where.js'

// -- time ---------------------------------------------------------------------------------------------------------------

export interface TestClock extends Clock {
  /** Advances the clock by this many milliseconds, timer by timer, and waits for the effects of each. */
  advance(ms: number): Promise<void>
  /** The number of waiting timers. */
  readonly timers: number
}

/** Waits until everything has happened that needs no time. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

export function createTestClock(start = Date.UTC(2026, 0, 1)): TestClock {
  const timers = new Map<number, { at: number; run: () => void }>()
  let now = start
  let last = 0
  return {
    now: () => now,
    random: () => 0.5,
    setTimeout(run, ms) {
      timers.set(++last, { at: now + ms, run })
      return last
    },
    clearTimeout: (timer) => void timers.delete(timer as number),
    get timers() {
      return timers.size
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]
        if (!due) break
        timers.delete(due[0])
        now = Math.max(now, due[1].at)
        due[1].run()
        await settle()
      }
      now = end
      await settle()
    },
  }
}

// -- the server -----------------------------------------------------------------------------------------------------------

export interface TestServerOptions {
  readonly clock?: Clock
  /** Called before each step that takes time on a real network. By default no step waits; give a function to delay it. */
  readonly step?: (what: string) => Promise<void>
  readonly pageSize?: number
}

interface Logged {
  readonly offset: number
  readonly data: object
}

interface Log {
  epoch: string
  offset: number
  events: Logged[]
}

type AnyDescriptor<T extends AnyRow> = Pick<ListDescriptor<T>, 'path' | 'channel' | 'upsert' | 'remove' | 'key' | 'order' | 'where' | 'filters'>

/** The rows of one list. Changes are events, as on a real server. */
export class TestCollection<T extends AnyRow> {
  private readonly rows = new Map<string, T>()
  private readonly versions = new Map<string, number>()

  constructor(
    private readonly server: TestServer,
    private readonly descriptor: AnyDescriptor<T>,
  ) {}

  /** The result of a fresh GET of all rows, or of those that match a query. */
  all(query: object = {}): T[] {
    const { order, matches } = whereOf(this.descriptor, query)
    return [...this.rows.values()].filter((row) => matches(row)).sort(comparator(order))
  }

  get(key: string): T | undefined {
    return this.rows.get(key)
  }

  /** Creates or changes the row. Returns it with its new version. */
  put(row: T): T {
    const key = keyOf(row, this.descriptor.key)
    const version = (this.versions.get(key) ?? 0) + 1
    const isNew = !this.rows.has(key)
    const saved = { ...this.rows.get(key), ...row, version }
    this.versions.set(key, version)
    this.rows.set(key, saved)
    const { upsert } = this.descriptor
    this.server.publish(this.descriptor.channel, upsert[isNew ? 0 : 1] ?? upsert[0]!, saved)
    return saved
  }

  remove(key: string): void {
    const row = this.rows.get(key)
    if (!row) return
    this.rows.delete(key)
    const [name, nested] = this.descriptor.key.split('.') as [string, string?]
    this.server.publish(this.descriptor.channel, this.descriptor.remove[0]!, { [name]: nested ? { [nested]: key } : key })
  }
}

export class TestServer {
  /** Refuses all requests and subscriptions with these statuses, by path prefix or stream. */
  readonly refusals = new Map<string, number>()
  readonly requests: { method: string; path: string; headers: Headers; body: unknown }[] = []
  /** The number of subscribes of each stream. */
  readonly subscribes: { channel: string; since: number | null }[] = []
  readonly published: { channel: string; data: unknown }[] = []
  /** What happens to the next publications. */
  fault: 'none' | 'lose' | 'twice' = 'none'
  isUp = true
  token: string | null = 'token'
  private readonly logs = new Map<string, Log>()
  private readonly collections: { descriptor: AnyDescriptor<AnyRow>; rows: TestCollection<AnyRow> }[] = []
  private readonly links = new Set<Link>()
  private readonly answered = new Map<string, Response>()
  readonly step: (what: string) => Promise<void>
  private readonly pageSize: number
  private readonly clock: Clock | undefined
  private last = 0

  constructor({ clock, step = () => Promise.resolve(), pageSize = 50 }: TestServerOptions = {}) {
    this.clock = clock
    this.step = step
    this.pageSize = pageSize
  }

  /** For createClient: `createClient(server.options())`. */
  options(): ClientOptions & { auth: Auth } {
    const auth: Auth = {
      getToken: async () => this.token,
      onChange: () => () => undefined,
      attach: () => undefined,
    }
    const options = { url: 'http://test.invalid', auth, fetch: this.fetch, transport: this.transport, notifyEvery: 0, writes: optimistic }
    return this.clock ? { ...options, clock: this.clock } : options
  }

  collection<T extends AnyRow>(descriptor: AnyDescriptor<T>, rows: readonly T[] = []): TestCollection<T> {
    const made = new TestCollection(this, descriptor)
    this.collections.push({ descriptor, rows: made as unknown as TestCollection<AnyRow> })
    for (const row of rows) made.put(row)
    return made
  }

  /** Sends an event of a stream to all subscriptions. */
  publish(channel: string, type: string, data: unknown, actor: string | null = null): void {
    const log = this.log(channel)
    log.offset++
    const at = new Date(this.clock?.now() ?? 0).toISOString()
    const event = { type, id: uuid7(), at, actor: { type: actor ? 'user' : 'system', id: actor }, data }
    log.events.push({ offset: log.offset, data: event })
    if (this.fault === 'lose') return
    const copies = this.fault === 'twice' ? 2 : 1
    for (const link of this.links) for (let i = 0; i < copies; i++) link.tell(channel, { offset: log.offset, data: event })
  }

  /** Sends an ephemeral message of a user. */
  signal(channel: string, data: unknown, user: string): void {
    for (const link of this.links) link.tell(channel, { data, info: { user, client: `c-${user}` } })
  }

  /** Drops every socket. Clients reconnect by themselves while `isUp`. */
  cut(): void {
    for (const link of [...this.links]) link.lose({ code: 1, text: 'transport closed' })
  }

  /** Closes every socket with a code that forbids reconnecting. */
  stop(code: number): void {
    for (const link of [...this.links]) link.end(code)
  }

  /** Empties the log, as after the retention window. */
  prune(channel: string): void {
    this.log(channel).events = []
  }

  /** Gives the stream a new epoch, as after a restore: offsets begin at 1 again, and live clients get 2502. */
  newEpoch(channel: string): void {
    const log = this.log(channel)
    log.epoch += "'"
    log.offset = 0
    log.events = []
    for (const link of this.links) link.renew(channel)
  }

  /** Ends all subscriptions of the stream, and refuses new ones. */
  expel(channel: string): void {
    this.refusals.set(channel, 103)
    for (const link of this.links) link.deny(channel, { code: 2000, text: 'server unsubscribe' })
  }

  log(channel: string): Log {
    let log = this.logs.get(channel)
    if (!log) this.logs.set(channel, (log = { epoch: 'e', offset: 0, events: [] }))
    return log
  }

  private place = (channel: string) => {
    const { epoch, offset } = this.log(channel)
    return { channel, epoch, offset }
  }

  // -- REST ---------------------------------------------------------------------------------------------------------------

  readonly fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const url = new URL(String(input))
    const { method = 'GET' } = init
    const headers = new Headers(init.headers)
    const body = init.body === undefined ? undefined : (JSON.parse(String(init.body)) as Record<string, unknown>)
    this.requests.push({ method, path: url.pathname, headers, body })
    await this.step(`${method} ${url.pathname}`)
    if (!this.isUp) throw new TypeError('fetch failed')
    for (const [prefix, status] of this.refusals) if (url.pathname.startsWith(prefix)) return refused(status)
    const response = await this.once(`${method} ${url.pathname} ${headers.get('Idempotency-Key')}`, headers, () => this.answer(method, url, headers, body))
    await this.step(`answer ${method} ${url.pathname}`)
    if (!this.isUp) throw new TypeError('fetch failed')
    return response
  }

  /** A write that is sent again is answered again, and done once. */
  private async once(key: string, headers: Headers, answer: () => Promise<Response>): Promise<Response> {
    const known = this.answered.get(key)
    if (known) return known.clone()
    const response = await answer()
    if (headers.has('Idempotency-Key') && response.ok) this.answered.set(key, response.clone())
    return response
  }

  private async answer(method: string, url: URL, headers: Headers, body: Record<string, unknown> | undefined): Promise<Response> {
    const stream = /^\/api\/v1\/streams\/([^/]+)\/$/.exec(url.pathname)
    if (stream) return json(200, this.place(decodeURIComponent(stream[1]!)))
    for (const { descriptor, rows } of this.collections) {
      if (url.pathname === descriptor.path) {
        return method === 'GET' ? this.list(url, descriptor, rows) : this.create(descriptor, rows, body ?? {})
      }
      if (url.pathname.startsWith(descriptor.path)) {
        const key = decodeURIComponent(url.pathname.slice(descriptor.path.length, -1))
        return this.detail(method, key, headers, descriptor, rows, body ?? {})
      }
    }
    return refused(404)
  }

  /** Reads the position first, then the rows: a change in between is in both. */
  private async list(url: URL, descriptor: AnyDescriptor<AnyRow>, rows: TestCollection<AnyRow>): Promise<Response> {
    const stream = this.place(descriptor.channel)
    await this.step(`rows ${url.pathname}`)
    const { cursor, around, ...query } = Object.fromEntries(url.searchParams)
    const compare = comparator(whereOf(descriptor, query).order)
    const all = rows.all(query)
    const limit = Number(query.limit ?? this.pageSize)
    const half = Math.floor(limit / 2)
    const [direction, end] = cursor ? (JSON.parse(cursor) as ['next' | 'previous', AnyRow]) : []
    const place = all.findIndex((row) => (end ? compare(row, end) >= 0 : keyOf(row, descriptor.key) === around))
    if (around !== undefined && place < 0) return refused(400, 'not_in_list')
    const at = place < 0 ? all.length : place
    const isRow = end && all[at] && compare(all[at], end) === 0
    const from = { next: at + Number(isRow), previous: at - limit }[direction!] ?? (around === undefined ? 0 : at - half)
    const to = direction === 'previous' ? at : from + limit
    return this.page(url, all, Math.max(0, from), to, stream)
  }

  private page(url: URL, all: readonly AnyRow[], from: number, to: number, stream: object): Response {
    const results = all.slice(from, to)
    const link = (direction: 'next' | 'previous', row: AnyRow | undefined, isThere: boolean) => {
      if (!row || !isThere) return null
      const link = new URL(url)
      link.searchParams.delete('around')
      link.searchParams.set('cursor', JSON.stringify([direction, row]))
      return link.href
    }
    return json(200, { next: link('next', results.at(-1), to < all.length), previous: link('previous', results[0], from > 0), results, stream })
  }

  private create(descriptor: AnyDescriptor<AnyRow>, rows: TestCollection<AnyRow>, body: Record<string, unknown>): Response {
    const created_at = new Date((this.clock?.now() ?? 0) + ++this.last).toISOString()
    return json(201, rows.put({ created_at, ...body }), this.header(descriptor.channel))
  }

  private async detail(method: string, key: string, headers: Headers, { channel }: AnyDescriptor<AnyRow>, rows: TestCollection<AnyRow>, body: object): Promise<Response> {
    const row = rows.get(key)
    if (!row) return refused(404)
    if (method === 'PATCH') {
      const expected = headers.get('If-Match')
      if (expected && expected !== `"${versionOf(row)}"`) return refused(412)
      return json(200, rows.put({ ...row, ...body }), this.header(channel))
    }
    if (method === 'DELETE') {
      rows.remove(key)
      return new Response(null, { status: 204, headers: this.header(channel) })
    }
    const position = this.header(channel)
    await this.step(`row ${key}`)
    return rows.get(key) ? json(200, rows.get(key), position) : refused(404)
  }

  private header(channel: string): Record<string, string> {
    const { epoch, offset } = this.log(channel)
    return { 'Tidewire-Position': `${channel}; epoch=${epoch}; offset=${offset}` }
  }

  // -- the socket -----------------------------------------------------------------------------------------------------------

  readonly transport: TransportFactory = (_, events) => {
    const link: Link = new Link(this, events, () => (link.isOpen ? this.links.add(link) : this.links.delete(link)))
    return link
  }
}

export const createTestServer = (options?: TestServerOptions): TestServer => new TestServer(options)

interface Subscribed {
  readonly events: ChannelEvents
  since: { epoch: string; offset: number } | null
  isLive: boolean
}

class Link implements Transport {
  isOpen = false
  private isWanted = false
  private attempt = 0
  private readonly subscriptions = new Map<string, Subscribed>()
  private queue: Promise<void> = Promise.resolve()

  constructor(
    private readonly server: TestServer,
    private readonly events: TransportEvents,
    private readonly moved: () => void,
  ) {}

  network(type: 'online' | 'offline'): void {
    if (type === 'offline') this.lose({ code: 1, text: 'transport closed' })
    else if (!this.isOpen) void this.open()
  }

  connect(): void {
    this.isWanted = true
    void this.open()
  }

  disconnect(): void {
    this.isWanted = false
    this.drop()
    this.events.stopped({ code: 0, text: 'disconnect called' }, false)
  }

  async probe(): Promise<void> {
    if (!this.server.isUp) await new Promise(() => undefined)
  }

  subscribe(channel: string, { since }: { since: Subscribed['since'] }, events: ChannelEvents): Channel {
    const subscription: Subscribed = { events, since, isLive: false }
    this.subscriptions.set(channel, subscription)
    void this.begin(channel, subscription)
    return {
      unsubscribe: () => void (this.subscriptions.get(channel) === subscription && this.subscriptions.delete(channel)),
      publish: async (data) => this.server.published.push({ channel, data }),
      presence: async (): Promise<Person[]> => [],
    }
  }

  tell(channel: string, publication: Publication): void {
    const subscription = this.subscriptions.get(channel)
    if (subscription?.isLive) this.enqueue(channel, subscription, publication)
  }

  private enqueue(channel: string, subscription: Subscribed, publication: Publication): void {
    this.inOrder(channel, subscription, () => {
      if (publication.offset && subscription.since) {
        subscription.since = { ...subscription.since, offset: Math.max(subscription.since.offset, publication.offset) }
      }
      subscription.events.publication(publication)
    })
  }

  /** Sends in order, each message after the steps of the network, and only while the socket is open. */
  private inOrder(channel: string, subscription: Subscribed, tell: () => void): void {
    const { attempt } = this
    this.queue = this.queue
      .then(() => this.server.step(`push ${channel}`))
      .then(() => {
        if (this.isOpen && attempt === this.attempt && this.subscriptions.get(channel) === subscription) tell()
      })
  }

  lose(reason: { code: number; text: string }): void {
    if (!this.isOpen) return
    this.drop()
    this.events.waiting(reason)
    void this.open()
  }

  end(code: number): void {
    this.isWanted = false
    this.drop()
    this.events.stopped({ code, text: 'disconnect' }, code === 3500)
  }

  deny(channel: string, reason: { code: number; text: string }): void {
    const subscription = this.subscriptions.get(channel)
    this.subscriptions.delete(channel)
    subscription?.events.denied(reason)
  }

  /** Ends this subscription, and subscribes again after the messages that were sent before. */
  renew(channel: string): void {
    const subscription = this.subscriptions.get(channel)
    if (!subscription?.isLive) return
    subscription.isLive = false
    this.inOrder(channel, subscription, () => {
      subscription.events.lost()
      void this.begin(channel, subscription)
    })
  }

  private drop(): void {
    this.isOpen = false
    this.attempt++
    this.moved()
    for (const subscription of this.subscriptions.values()) {
      subscription.isLive = false
      subscription.events.lost()
    }
  }

  private async open(): Promise<void> {
    const mine = ++this.attempt
    await this.server.step('connect')
    const token = mine === this.attempt ? await this.events.token({ fresh: false }) : null
    if (mine !== this.attempt || !this.isWanted || this.isOpen || !this.server.isUp) return
    if (token === null) return this.end(3500)
    this.isOpen = true
    this.moved()
    this.events.online(`c${mine}`)
    for (const [channel, subscription] of this.subscriptions) void this.begin(channel, subscription)
  }

  private async begin(channel: string, subscription: Subscribed): Promise<void> {
    const { attempt } = this
    const isCurrent = () => this.isOpen && attempt === this.attempt && this.subscriptions.get(channel) === subscription
    if (!isCurrent()) return
    for (;;) {
      subscription.since ??= await subscription.events.reload()
      await this.server.step(`subscribe ${channel}`)
      if (!isCurrent()) return
      if (this.server.refusals.has(channel)) return this.deny(channel, { code: 103, text: 'permission denied' })
      const { epoch, offset } = subscription.since
      this.server.subscribes.push({ channel, since: offset })
      const log = this.server.log(channel)
      const missed = log.events.filter((event) => event.offset > offset)
      if (log.epoch === epoch && offset + missed.length === log.offset) {
        subscription.isLive = true
        subscription.events.live(epoch)
        for (const event of missed) this.enqueue(channel, subscription, event)
        return
      }
      subscription.since = null
    }
  }
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } })

const refused = (status: number, code = `http_${status}`): Response => json(status, problem(status, code, 'refused'), { 'Content-Type': 'application/problem+json' })
