import type { Auth } from './auth.js'
import { centrifugeTransport } from './centrifuge.js'
import { backoff, realClock, timerOf, type Clock } from './clock.js'
import { storeKey, type Extra, type ItemDescriptor, type ListDescriptor, type Position } from './descriptors.js'
import type { Context, Dehydrated, Durable } from './follower.js'
import type { paths } from './generated/api.js'
import type { LiveItem } from './item.js'
import { browser, type Lifecycle } from './lifecycle.js'
import type { LiveList } from './list.js'
import { apiOf, originOf, restOf, type Api, type Rest } from './rest.js'
import type { AnyRow } from './rows.js'
import { guardWith, soonOf, storeOf, type Kept, type OnError, type Store } from './store.js'
import { streamOf, type Metrics, type Stream } from './stream.js'
import type { Reason, TransportFactory } from './transport.js'
import { readOnly, type Writes, type WritesContext, type WritesFactory } from './writes.js'

export type LinkState = 'idle' | 'connecting' | 'online' | 'waiting' | 'paused' | 'signed-out' | 'stopped'

export interface ConnectionStatus {
  /** `waiting`: lost, and tried again soon. `paused`: the app is in the background. `stopped`: the server refuses us. */
  readonly state: LinkState
  /** The time since which this state holds, in milliseconds since 1970. */
  readonly since: number
  /** The number of attempts since the last connection. */
  readonly attempt: number
  /** When the next attempt begins, while `waiting`; null when it does not depend on time (offline). */
  readonly retryAt: number | null
  readonly reason: Reason
  /** Whether there was a connection before: for "Connecting…" or "Reconnecting…". */
  readonly everConnected: boolean
}

export interface ClientOptions {
  /** The server's address: `https://api.example.com`. On its own pages: `location.origin`. */
  readonly url: string
  readonly auth: Auth
  readonly lifecycle?: Lifecycle
  readonly fetch?: typeof fetch
  /** Needed in Node before 22, which has no WebSocket: `import { WebSocket } from 'ws'`. */
  readonly WebSocket?: unknown
  /** Gets errors that no caller waits for: listeners that throw, and failures that are tried again. */
  readonly onError?: OnError
  /**
   * How often listeners of lists and other stores are called at most, in milliseconds. The first change is shown at once, and
   * those that follow within this time together. 16 if absent: a frame. 0: once per turn of the loop.
   */
  readonly notifyEvery?: number
  /**
   * How writes are sent: `optimistic` of `tidewire/optimistic` shows them at once, `queued()` of `tidewire/queued` also keeps
   * them until there is a link. If absent, lists can only be read.
   */
  readonly writes?: WritesFactory
  /** Keeps rows between visits: `durable()` of `tidewire/durable`. */
  readonly durable?: Durable
  /** What a server has read to render the page: `dehydrate(client)` of `tidewire/ssr`. */
  readonly hydrated?: Dehydrated | undefined
  readonly clock?: Clock
  readonly transport?: TransportFactory
}

/** The first attempt after a lost connection comes within this time; each later one within twice the time before. */
const FIRST_RETRY = 1_000
/** After the page was hidden for this long, the socket may be dead: send a request, and wait this long for the answer. */
const PROBE_AFTER = 5_000
const PROBE_LIMIT = 2_000
/** Longer than the interval of pings: the socket is dead, or the server closes it soon. */
const DEAD_AFTER = 25_000

/** How many unused lists, resources and other stores are remembered. */
const MAX_STORES = 100

/** The connection to one server, and all lists, resources and streams that use it. One per page. */
export interface Client<Paths extends object = paths> extends Store<ConnectionStatus> {
  /** Typed REST calls. They throw ApiError. */
  readonly api: Api<Paths>
  /** The same without types. */
  readonly rest: Rest
  readonly auth: Auth
  /** Counts of rare events, for diagnosis. */
  readonly metrics: Metrics
  /** A live list. The same descriptor gives the same list. It is updated while it has a listener. */
  list<T extends AnyRow, Create, Update, Query extends object>(
    descriptor: ListDescriptor<T, Create, Update, Query>,
    query?: Query,
  ): LiveList<T, Create, Update>
  /** One live resource. */
  item<T extends AnyRow, Update>(descriptor: ItemDescriptor<T, Update>): LiveItem<T, Update>
  /** What an extra is for, whose code is imported with it: `client.open(events(messages(room)))`, `presence`, `signal`. */
  open<Opened>(extra: Extra<Opened>): Opened
  /** The writes that the server has not confirmed. */
  readonly writes: Writes
  readonly status: ConnectionStatus
  onStatus(listener: (status: ConnectionStatus) => void): () => void
  /** Connects, if there is no connection. The first use of a list does the same. */
  connect(): void
  /** Closes the connection until `connect()`, and stops all timers and listeners. Lists keep their rows. */
  close(): void
  /** Drops the socket and opens another. Every subscription resumes from its position. */
  reconnect(): void
}

const reason = (code: number, text: string): Reason => ({ code, text })
const NOT_CONNECTED = reason(0, 'not connected')

/** `createClient({ url, auth: jwt({ storage: localStorage }) })`. Connects with the first use. */
export function createClient<Paths extends object = paths>({
  url,
  auth,
  lifecycle = browser,
  clock = realClock,
  notifyEvery = 16,
  transport: transportOf = centrifugeTransport,
  writes: writesOf = readOnly,
  durable,
  hydrated,
  onError = (error) => console.error('tidewire:', error),
  fetch = (...args) => globalThis.fetch(...args),
  WebSocket,
}: ClientOptions): Client<Paths> {
  const streams = new Map<string, Stream>()
  const stores = new Map<string, Partial<Kept<unknown>>>()
  const metrics: Metrics = { holes: 0, duplicates: 0, reloads: 0, rewinds: 0 }
  const guard = guardWith(onError)
  const probe = timerOf(clock)
  const retry = timerOf(clock)
  const rest = restOf({ url, fetch, clock, token: (how) => auth.getToken(how), session: () => session })
  const socket = originOf(url).replace('http', 'ws') + '/connection/websocket'

  let current: ConnectionStatus = { state: 'idle', since: clock.now(), attempt: 0, retryAt: null, reason: NOT_CONNECTED, everConnected: false }
  let clientId: string | null = null
  /** Whether the client should be connected: it is, or it is trying to. */
  let isWanted = false
  let isClosed = false
  let isSignedIn = true
  /** The number of sign-outs: what began before one belongs to another user. */
  let session = 0
  let hiddenAt: number | null = null
  let unwatch: (() => void) | null = null

  const { get, subscribe, changed } = storeOf({ guard, soon: soonOf(clock, 0) }, () => current)

  // -- the link -----------------------------------------------------------------------------------------------------------

  const transport = transportOf({ url: socket, WebSocket }, {
    waiting(why) {
      // The transport may report one failed attempt several times: that is still one wait.
      if (!isWanted || current.retryAt) return
      if (lifecycle.isOnline()) move('waiting', why, backoff(clock, current.attempt, FIRST_RETRY))
      else offline()
    },
    async token(how) {
      if (current.state === 'waiting' && lifecycle.isOnline()) move('connecting', current.reason)
      let asked: number
      let token: string | null
      // The SDK uses the token for whatever connection it makes next, perhaps that of another user.
      do {
        asked = session
        token = await auth.getToken(how)
      } while (asked !== session)
      auth.keepFresh?.(isWanted)
      return token
    },
    online(id) {
      clientId = id
      move('online', reason(0, 'online'))
      // The user may have been let in again meanwhile.
      heal()
    },
    stopped(why, isSignedOut) {
      // When we close the connection ourselves, that code sets the state.
      if (!isWanted) return
      isWanted = false
      auth.keepFresh?.(false)
      move(isSignedOut ? 'signed-out' : 'stopped', why)
    },
    error: (error) => guard(() => onError(error)),
  })

  function move(state: LinkState, why: Reason, retryIn?: number): void {
    const { state: was, since, attempt, everConnected } = current
    const isUp = state === 'online'
    const now = clock.now()
    const isRetried = retryIn !== undefined
    retry(isRetried && tryNow, retryIn)
    current = {
      state,
      since: was === state ? since : now,
      attempt: isUp || state === 'idle' ? 0 : attempt + Number(state === 'waiting' && was !== state),
      retryAt: isRetried ? now + retryIn : null,
      reason: why,
      everConnected: everConnected || isUp,
    }
    changed()
  }

  const offline = () => move('waiting', reason(1, 'offline'))

  function tryNow(): void {
    move('connecting', current.reason)
    transport.network('online')
  }

  function connect(): void {
    isClosed = false
    if (isWanted) return
    isWanted = true
    unwatch ??= lifecycle.watch({
      online: () => transport.network('online'),
      offline() {
        transport.network('offline')
        if (isWanted) offline()
      },
      hide: () => (hiddenAt ??= clock.now()),
      show,
      /** Closes the socket synchronously: a phone runs no code after this. */
      pause() {
        if (isWanted) halt('paused', reason(0, 'background'))
      },
      resume() {
        if (current.state === 'paused') connect()
      },
    })
    move('connecting', reason(0, 'connecting'))
    transport.connect()
  }

  function reconnect(): void {
    if (!isWanted) return connect()
    move('connecting', reason(0, 'reconnect'))
    isWanted = false
    transport.disconnect()
    isWanted = true
    transport.connect()
  }

  function halt(state: LinkState, why: Reason): void {
    isWanted = false
    hiddenAt = clientId = null
    auth.keepFresh?.(false)
    probe()
    move(state, why)
    transport.disconnect()
  }

  auth.attach({ url, fetch, clock })
  auth.onChange((isIn) => {
    isSignedIn = isIn
    if (!isIn) session++
    if (!isIn) writes.reset()
    for (const kept of [...stores.values(), ...streams.values()]) kept.reset?.()
    if (!isIn) return halt('signed-out', reason(1, 'signed out'))
    if (isClosed) return
    if (isWanted) reconnect()
    else if (streams.size) connect()
    else if (current.state !== 'paused') move('idle', NOT_CONNECTED)
    for (const stream of streams.values()) stream.restart()
  })

  /** Checks the socket after sleep, or after another tab was shown: it may be dead without a close. */
  function show(): void {
    const away = hiddenAt === null ? 0 : clock.now() - hiddenAt
    hiddenAt = null
    if (current.state !== 'online' || away < PROBE_AFTER) return
    if (away > DEAD_AFTER) return reconnect()
    const mine = clientId
    const dead = () => {
      if (mine === clientId && current.state === 'online') reconnect()
    }
    probe(dead, PROBE_LIMIT)
    transport.probe().catch(dead).finally(probe)
  }

  // -- live stores ----------------------------------------------------------------------------------------------------

  /** Asks again for streams that were denied: all, or those whose names end like this. */
  function heal(end = ''): void {
    for (const [name, stream] of streams) if (stream.denied() && name.endsWith(end)) stream.restart()
  }

  function opened(): void {
    if (current.state === 'idle' && !isClosed) connect()
  }

  const base = { ...rest, clock, guard, soon: soonOf(clock, notifyEvery), onError }
  const told: WritesContext['told'] = (...write) => stores.forEach((kept) => kept.written?.(...write))
  const writes = writesOf({ ...base, told, auth, lifecycle, opened, get, subscribe })

  const context: Omit<Context, 'key'> = {
    ...base,
    writes,
    durable,
    isSignedIn: () => isSignedIn,
    clientId: () => clientId,
    stream: (name) =>
      remember(streams, name, () =>
        streamOf(name, {
          transport,
          clock,
          guard,
          onError,
          metrics,
          async locate(name) {
            return (await rest.send<Position>({ method: 'GET', path: `/api/v1/streams/${encodeURIComponent(name)}/` })).data
          },
          opened,
          // The user's own stream says that they have joined what was denied before.
          heard: ({ data }) => heal(`:${(data as { id?: string } | null)?.id}`),
          closed(stream) {
            if (streams.get(name) === stream) streams.delete(name)
          },
        }),
      ),
  }

  function remember<Thing>(things: Map<string, Thing>, key: string, make: () => Thing): Thing {
    const thing = things.get(key) ?? make()
    things.set(key, thing)
    return thing
  }

  function shared<S extends Partial<Kept<unknown>>>(key: string, make: (context: Context) => S): S {
    // Unused stores are kept, so that they can be shown at once, up to a limit.
    for (const [unused, store] of stores) if (stores.size >= MAX_STORES && !store.isUsed?.() && unused !== key) stores.delete(unused)
    return remember<Partial<Kept<unknown>>>(stores, key, () => {
      const made = make({ ...context, key })
      const found = hydrated?.[key]
      if (found) made.restore?.(found)
      return made
    }) as S
  }

  return {
    api: apiOf<Paths>(rest),
    rest,
    auth,
    metrics,
    writes,
    list: (descriptor, query) =>
      shared(storeKey(descriptor, query), (context) => descriptor.open(context, descriptor, query)),
    item: (descriptor) => shared(storeKey(descriptor), (context) => descriptor.open(context, descriptor)),
    open: ({ key, open }) => shared(key, open),
    get,
    subscribe,
    get status() {
      return current
    },
    onStatus: (listener) => subscribe(() => listener(current)),
    connect,
    close() {
      isClosed = true
      unwatch?.()
      unwatch = null
      halt('idle', reason(0, 'closed'))
    },
    reconnect,
  }
}
