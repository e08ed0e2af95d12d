import type { Auth } from './auth.js'
import { centrifugeTransport } from './centrifuge.js'
import { backoff, realClock, type Clock } from './clock.js'
import { channelOf, type ItemDescriptor, type ListDescriptor, type Position, type StreamName, type WireEvent } from './descriptors.js'
import { EventStream } from './events.js'
import type { AnyEvent, paths } from './generated/api.js'
import { LiveItem } from './item.js'
import { browser, type Lifecycle } from './lifecycle.js'
import { LiveList } from './list.js'
import { Presence } from './people.js'
import { api, Rest, type Api } from './rest.js'
import type { AnyRow } from './rows.js'
import { Signal } from './signal.js'
import { guard, Store, type OnError } from './store.js'
import { Stream, type Metrics } from './stream.js'
import type { Reason, Transport, TransportFactory } from './transport.js'

export type LinkState = 'idle' | 'connecting' | 'online' | 'waiting' | 'paused' | 'signed-out' | 'stopped'

export interface ConnectionStatus {
  /** `waiting`: lost, and tried again soon. `paused`: a phone's background. `stopped`: the server wants us away. */
  readonly state: LinkState
  /** Since when, in milliseconds since 1970. */
  readonly since: number
  /** How many attempts were made since the link was last up. */
  readonly attempt: number
  readonly reason: Reason
  /** Tells "Connecting…" from "Reconnecting…". */
  readonly everConnected: boolean
}

export interface ClientOptions {
  /** Where the server is: `https://api.example.com`. On its own pages: `location.origin`. */
  readonly url: string
  readonly auth: Auth
  readonly lifecycle?: Lifecycle
  readonly fetch?: typeof fetch
  /** Node before 22 has none of its own: `import { WebSocket } from 'ws'`. */
  readonly WebSocket?: unknown
  /** What goes wrong where nobody waits for it: listeners that throw, and failures that are tried again. */
  readonly onError?: OnError
  readonly clock?: Clock
  readonly transport?: TransportFactory
}

/** After being hidden this long the socket may be dead without anybody having noticed: ask, and wait this long. */
const PROBE_AFTER = 5_000
const PROBE_LIMIT = 2_000
/** Hidden longer than a ping's distance: it is dead, or the server will say so soon. */
const DEAD_AFTER = 25_000

/** How many lists and the like are remembered after nobody uses them any more. */
const MAX_STORES = 100

/** What the client hands out and shares among those who ask for the same. */
interface Kept {
  readonly isUsed: boolean
  reset(): void
}

const reason = (code: number, text: string): Reason => ({ code, text })

/** The link to one server, and everything kept true over it. One per page. */
export class Client<Paths extends object = paths, Event extends WireEvent = AnyEvent> extends Store<ConnectionStatus> {
  readonly api: Api<Paths>
  readonly rest: Rest
  readonly auth: Auth
  readonly clock: Clock
  /** Counts of what should be rare. */
  readonly metrics: Metrics = { holes: 0, duplicates: 0, reloads: 0, rewinds: 0 }
  declare readonly onError: OnError
  private readonly transport: Transport
  private readonly lifecycle: Lifecycle
  private readonly streams = new Map<string, Stream>()
  private readonly stores = new Map<string, Kept>()
  private current: ConnectionStatus
  private clientId: string | null = null
  private isWanted = false
  private isClosed = false
  private signedIn = true
  private hiddenAt: number | null = null
  private refresh$: unknown = null
  private unwatch: (() => void) | null = null

  constructor(options: ClientOptions) {
    super(options.onError ?? ((error) => console.error('tidewire:', error)))
    this.auth = options.auth
    this.clock = options.clock ?? realClock
    this.lifecycle = options.lifecycle ?? browser
    const fetch = options.fetch ?? ((...args: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...args))
    this.auth.attach({ url: options.url, fetch, clock: this.clock })
    this.rest = new Rest({ url: options.url, fetch, clock: this.clock, token: (how) => this.auth.getToken(how) })
    this.api = api<Paths>(this.rest)
    this.current = { state: 'idle', since: this.clock.now(), attempt: 0, reason: reason(0, 'not connected'), everConnected: false }
    const url = new URL('/connection/websocket', options.url)
    url.protocol = url.protocol.replace('http', 'ws')
    const { WebSocket } = options
    this.transport = (options.transport ?? centrifugeTransport)({ url: url.href, WebSocket }, {
      waiting: (why) => this.isWanted && this.move('waiting', this.lifecycle.isOnline() ? why : reason(1, 'offline')),
      token: (how) => this.token(how),
      online: (id) => this.online(id),
      stopped: (why, isSignedOut) => this.stopped(why, isSignedOut),
      error: (error) => guard(this.onError, () => this.onError(error)),
    })
    this.auth.onChange((isSignedIn) => this.signedInOrOut(isSignedIn))
  }

  // -- what is kept true ------------------------------------------------------------------------------------------------

  /** A list that stays true. The same descriptor gives the same list; it works while somebody subscribes to it. */
  list<T extends AnyRow, Create, Update>(
    descriptor: ListDescriptor<T, Create, Update>,
    query: Record<string, unknown> = {},
  ): LiveList<T, Create, Update> {
    const key = `list ${descriptor.path} ${descriptor.channel} ${JSON.stringify(query)}`
    return this.shared(key, () => new LiveList(this, descriptor, query))
  }

  /** One resource that stays true. */
  item<T extends AnyRow, Update>(descriptor: ItemDescriptor<T, Update>): LiveItem<T, Update> {
    return this.shared(`item ${descriptor.path}`, () => new LiveItem(this, descriptor))
  }

  /** A stream's events as they come, for what is no list. */
  stream(name: StreamName): EventStream<Event> {
    return new EventStream<Event>(this, channelOf(name))
  }

  /** Who is here. */
  presence(name: StreamName): Presence {
    return this.shared(`presence ${channelOf(name)}`, () => new Presence(this, channelOf(name)))
  }

  /** What is said in passing: `client.signal(messages(room), 'typing').send()`. */
  signal<Data = unknown>(name: StreamName, type: string): Signal<Data> {
    const channel = channelOf(name)
    return this.shared(`signal ${channel} ${type}`, () => new Signal<Data>(this, channel, type, () => this.clientId))
  }

  private shared<S extends Kept>(key: string, make: () => S): S {
    const old = this.stores.get(key)
    if (old) return old as unknown as S
    // What was looked at before is kept to be shown at once, but not without bound.
    for (const [unused, store] of this.stores) {
      if (this.stores.size < MAX_STORES) break
      if (!store.isUsed) this.stores.delete(unused)
    }
    const store = make()
    this.stores.set(key, store)
    return store
  }

  streamOf(channel: string): Stream {
    let stream = this.streams.get(channel)
    if (!stream) {
      stream = new Stream(channel, {
        transport: this.transport,
        clock: this.clock,
        onError: this.onError,
        metrics: this.metrics,
        locate: (name) => this.locate(name),
        opened: () => this.current.state === 'idle' && !this.isClosed && this.connect(),
        closed: (closed) => this.streams.get(channel) === closed && this.streams.delete(channel),
      })
      this.streams.set(channel, stream)
    }
    return stream
  }

  private async locate(name: string): Promise<Position> {
    return (await this.rest.send<Position>({ method: 'GET', path: `/api/v1/streams/${encodeURIComponent(name)}/` })).data
  }

  isSignedIn(): boolean {
    return this.signedIn
  }

  // -- the link -----------------------------------------------------------------------------------------------------------

  protected compute(): ConnectionStatus {
    return this.current
  }

  get status(): ConnectionStatus {
    return this.current
  }

  onStatus(listener: (status: ConnectionStatus) => void): () => void {
    return this.subscribe(() => listener(this.current))
  }

  /** Connects, if it is not. The first use of a list does that too. */
  connect(): void {
    this.isClosed = false
    if (this.isWanted) return
    this.isWanted = true
    this.unwatch ??= this.lifecycle.watch({
      online: () => this.transport.network.online(),
      offline: () => {
        this.transport.network.offline()
        if (this.isWanted) this.move('waiting', reason(1, 'offline'))
      },
      hide: () => (this.hiddenAt ??= this.clock.now()),
      show: () => this.shown(),
      pause: () => this.pause(),
      resume: () => this.resume(),
    })
    this.move('connecting', reason(0, 'connecting'))
    this.transport.connect()
  }

  /** Ends the link until `connect()`. Nothing of it stays: no timer, no listener. Lists keep what they show. */
  close(): void {
    this.isClosed = true
    this.unwatch?.()
    this.unwatch = null
    this.halt('idle', reason(0, 'closed'))
  }

  /** Drops the socket and opens another; everything resumes from where it is. */
  reconnect(): void {
    if (!this.isWanted) return this.connect()
    this.move('connecting', reason(0, 'reconnect'))
    this.isWanted = false
    this.transport.disconnect()
    this.isWanted = true
    this.transport.connect()
  }

  private halt(state: LinkState, why: Reason): void {
    this.isWanted = false
    this.hiddenAt = this.clientId = null
    this.clock.clearTimeout(this.refresh$)
    this.move(state, why)
    this.transport.disconnect()
  }

  private move(state: LinkState, why: Reason): void {
    const { current } = this
    const everConnected = current.everConnected || state === 'online'
    const attempt = state === 'online' || state === 'idle' ? 0 : current.attempt + (state === 'waiting' && current.state !== 'waiting' ? 1 : 0)
    const since = current.state === state ? current.since : this.clock.now()
    this.current = { state, since, attempt, reason: why, everConnected }
    this.changed()
  }

  private async token(how: { fresh: boolean }): Promise<string | null> {
    if (this.current.state === 'waiting' && this.lifecycle.isOnline()) this.move('connecting', this.current.reason)
    const token = await this.auth.getToken(how)
    this.keepFresh(0)
    return token
  }

  /** Fetches the next token before the socket needs it, so that renewing it there takes no time. */
  private keepFresh(attempt: number): void {
    this.clock.clearTimeout(this.refresh$)
    const at = this.auth.refreshAt()
    if (at === null || at === Infinity || !this.isWanted) return
    const delay = attempt ? backoff(this.clock, attempt, 1000) : Math.max(0, at - this.clock.now())
    this.refresh$ = this.clock.setTimeout(() => {
      this.auth.getToken({ fresh: false }).then(
        () => this.keepFresh((this.auth.refreshAt() ?? 0) > this.clock.now() ? 0 : attempt + 1),
        () => this.keepFresh(attempt + 1),
      )
    }, delay)
  }

  private online(clientId: string): void {
    this.clientId = clientId
    this.move('online', reason(0, 'online'))
  }

  private stopped(why: Reason, isSignedOut: boolean): void {
    // Our own doing says what it is itself.
    if (!this.isWanted) return
    this.isWanted = false
    this.clock.clearTimeout(this.refresh$)
    this.move(isSignedOut ? 'signed-out' : 'stopped', why)
  }

  private signedInOrOut(isSignedIn: boolean): void {
    this.signedIn = isSignedIn
    for (const store of this.stores.values()) store.reset()
    for (const stream of this.streams.values()) stream.reset()
    if (!isSignedIn) return this.halt('signed-out', reason(1, 'signed out'))
    if (this.isClosed) return
    if (this.isWanted) this.reconnect()
    else if (this.streams.size) this.connect()
    for (const stream of this.streams.values()) stream.restart()
  }

  // -- sleep and waking up ------------------------------------------------------------------------------------------------

  private shown(): void {
    const away = this.hiddenAt === null ? 0 : this.clock.now() - this.hiddenAt
    this.hiddenAt = null
    if (this.current.state !== 'online' || away < PROBE_AFTER) return
    if (away > DEAD_AFTER) return this.reconnect()
    const { clientId } = this
    let isOver = false
    const judge = (isAlive: boolean) => {
      if (isOver) return
      isOver = true
      this.clock.clearTimeout(timer)
      if (!isAlive && this.clientId === clientId && this.current.state === 'online') this.reconnect()
    }
    const timer = this.clock.setTimeout(() => judge(false), PROBE_LIMIT)
    this.transport.probe().then(
      () => judge(true),
      () => judge(false),
    )
  }

  /** Synchronous to the last step: a phone runs nothing after this. */
  private pause(): void {
    if (this.isWanted) this.halt('paused', reason(0, 'in the background'))
  }

  private resume(): void {
    if (this.current.state === 'paused') this.connect()
  }
}

/** `createClient({ url, auth: jwt({ storage: localStorage }) })`. Connects with the first use. */
export const createClient = <Paths extends object = paths, Event extends WireEvent = AnyEvent>(
  options: ClientOptions,
): Client<Paths, Event> => new Client<Paths, Event>(options)
