import { backoff, timerOf, type Clock } from './clock.js'
import type { WireEvent } from './descriptors.js'
import type { Guard, OnError } from './store.js'
import type { Channel, Person, Publication, Reason, Transport } from './transport.js'

/** How long a stream without users stays: a component that unmounts and mounts again costs nothing on the wire. */
export const LINGER = 300
/** A hole that is still there after so many attempts to fill it will not be filled. */
const MAX_HOLES = 3

export interface Place {
  readonly epoch: string
  readonly offset: number
}

/** Somebody who wants what is said in a stream, or who is there. */
export interface Listener {
  event?(event: WireEvent, offset: number): unknown
  signal?(publication: Publication): void
  /** Events may have been missed: read anew. Who `reads` says `landed(place)` when that is done. */
  reset?(): void
  /** The stream went live, was lost or was denied. */
  moved?(): void
  join?(person: Person): void
  leave?(person: Person): void
  /** Holds state that is read over REST, and knows itself up to where; it may be told the same twice. */
  readonly reads?: boolean
  /** Wants joins and leaves. */
  readonly presence?: boolean
}

export interface StreamContext {
  readonly transport: Transport
  readonly clock: Clock
  readonly guard: Guard
  readonly onError: OnError
  readonly metrics: Metrics
  /** Where the stream stands, for one that nothing is read of. */
  locate(channel: string): Promise<Place>
  opened(): void
  closed(stream: Stream): void
}

/** What happened that should be rare. */
export interface Metrics {
  holes: number
  duplicates: number
  reloads: number
  rewinds: number
}

export interface Stream {
  denied(): Reason | null
  isLive(): boolean
  /** The place up to which everybody has everything. */
  place(): Place | null
  listen(listener: Listener): () => void
  /** Back to the beginning: nothing is subscribed and no place is known. */
  reset(): void
  /** Everything from the start, as after signing in as somebody else, or when one was let in again. */
  restart(): void
  /** A listener's reading stood at `place`; `floor` is what this stream had told when the reading began. */
  landed(place: Place, floor: number | undefined): void
  /** Dropped when the stream is not live: what is typed now is nothing tomorrow. */
  publish(data: unknown): void
  people(): Promise<readonly Person[]>
}

/**
 * One stream, shared by all who use it, and the one listener of its subscription.
 *
 * Listeners read over REST and say where that stood (`landed`). The first place opens the subscription; a later one that
 * lies before what was already told goes back there, since telling twice is harmless and a hole is not.
 */
export function streamOf(name: string, { transport, clock, guard, onError, metrics, locate, opened, closed }: StreamContext): Stream {
  const listeners = new Set<Listener>()
  const linger = timerOf(clock)
  const retry = timerOf(clock)
  let denied: Reason | null = null
  let isLive = false
  let place: Place | null = null
  let channel: Channel | null = null
  /** Where the first reading stood. */
  let base = 0
  let told = 0
  let holes = 0
  let hasPresence = false
  let locating = 0
  let generation = 0
  /** A subscription that waits for a place to go on from. */
  let answer: ((place: Place) => void) | null = null

  const each = (tell: (listener: Listener) => unknown) => [...listeners].forEach((listener) => guard(() => tell(listener)))
  const anybody = (is: 'reads' | 'presence') => [...listeners].some((listener) => listener[is])

  // -- places ---------------------------------------------------------------------------------------------------------

  async function find(attempt = 0): Promise<void> {
    const mine = ++locating
    try {
      const found = await locate(name)
      if (mine === locating && (answer || !place)) landed(found)
    } catch (error) {
      if (mine !== locating) return
      const { status = 0 } = error as { status?: number }
      if (status === 403 || status === 404) return deny({ code: status, text: 'not for you' })
      onError(error)
      retry(() => find(attempt + 1), backoff(clock, attempt, 1000))
    }
  }

  function landed(found: Place, floor = base): void {
    if (answer) {
      place = found
      base = found.offset
      answer(found)
      answer = null
    } else if (!channel || !place) {
      base = found.offset
      subscribe(found)
    } else if (found.epoch !== place.epoch) {
      subscribe(null)
    } else if (found.offset < floor) {
      metrics.rewinds++
      subscribe(found)
    }
  }

  function reloadAll(): void {
    each((listener) => listener.reset?.())
    if (listeners.size && !anybody('reads')) void find()
  }

  function reset(): void {
    retry()
    locating++
    generation++
    channel?.unsubscribe()
    channel = denied = place = answer = null
    base = told = holes = 0
    isLive = false
  }

  // -- the subscription -----------------------------------------------------------------------------------------------

  function subscribe(since: Place | null): void {
    channel?.unsubscribe()
    place = since
    told = Math.max(told, since?.offset ?? 0)
    hasPresence = anybody('presence')
    isLive = false
    // What a subscription that was replaced still tells is void.
    const mine = ++generation
    const own =
      <A>(tell: (a: A) => unknown) =>
      (a: A): void => {
        if (mine === generation) guard(() => tell(a))
      }
    channel = transport.subscribe(name, { since, presence: hasPresence }, {
      live: own((epoch) => (place && epoch && epoch !== place.epoch ? subscribe(null) : moved(true))),
      lost: own<void>(() => moved(false)),
      denied: own(deny),
      publication: own(publication),
      join: own((person) => each((listener) => listener.join?.(person))),
      leave: own((person) => each((listener) => listener.leave?.(person))),
      reload: () =>
        new Promise((resolve) => {
          if (mine !== generation) return
          metrics.reloads++
          isLive = false
          place = null
          told = holes = 0
          answer = resolve
          reloadAll()
        }),
    })
  }

  function moved(isNowLive: boolean): void {
    isLive = isNowLive
    each((listener) => listener.moved?.())
  }

  /** One may not read this: the stream has nothing to say to us. */
  function deny(reason: Reason): void {
    if (denied) return
    reset()
    denied = reason
    moved(false)
  }

  function publication(publication: Publication): void {
    const { offset = 0 } = publication
    if (!offset) return each((listener) => listener.signal?.(publication))
    if (!place) return
    const { epoch, offset: seen } = place
    if (offset <= seen) {
      metrics.duplicates++
    } else if (offset > seen + 1) {
      // Something between is missing. Ask for it; if it never comes, read everything anew.
      metrics.holes++
      subscribe(++holes > MAX_HOLES ? null : place)
    } else {
      place = { epoch, offset }
      holes = 0
      // After a rewind the same is told again, to those who know how far they are.
      const isNew = offset > told
      if (isNew) told = offset
      each((listener) => (isNew || listener.reads) && listener.event?.(publication.data as WireEvent, offset))
    }
  }

  const stream: Stream = {
    denied: () => denied,
    isLive: () => isLive,
    place: () => place,
    listen(listener) {
      linger()
      opened()
      listeners.add(listener)
      if (listener.presence && channel && !hasPresence) subscribe(place)
      if (!place && !anybody('reads')) void find()
      return () => {
        if (!listeners.delete(listener) || listeners.size) return
        linger(() => {
          reset()
          closed(stream)
        }, LINGER)
      }
    },
    reset,
    restart() {
      reset()
      reloadAll()
    },
    landed,
    publish(data) {
      if (isLive) channel?.publish(data).catch(onError)
    },
    people: async () => (await channel?.presence()) ?? [],
  }
  return stream
}
