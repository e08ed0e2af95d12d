import { backoff, timerOf, type Clock } from './clock.js'
import type { WireEvent } from './descriptors.js'
import type { Guard, OnError } from './store.js'
import type { Channel, Person, Publication, Reason, Transport } from './transport.js'

/** How long an unused stream stays subscribed, so that a component may unmount and mount again without a new subscribe. */
export const LINGER = 300
/** After this many attempts to fill a hole, the stream is read again instead. */
const MAX_HOLES = 3

export interface Place {
  readonly epoch: string
  readonly offset: number
}

/** A listener for a stream's events, ephemeral messages or presence. */
export interface Listener {
  event?(event: WireEvent, offset: number): unknown
  signal?(publication: Publication): void
  /** Events may be missing: read again. A listener that `reads` calls `landed(place)` afterwards. */
  reset?(): void
  /** The stream went live, was lost or was denied. */
  moved?(): void
  join?(person: Person): void
  leave?(person: Person): void
  /** Holds state that is read over REST, and knows its position; it may get the same event twice. */
  readonly reads?: boolean
  /** Gets joins and leaves. */
  readonly presence?: boolean
}

export interface StreamContext {
  readonly transport: Transport
  readonly clock: Clock
  readonly guard: Guard
  readonly onError: OnError
  readonly metrics: Metrics
  /** Reads the stream's head, for a stream without a snapshot. */
  locate(channel: string): Promise<Place>
  opened(): void
  closed(stream: Stream): void
  /** An event came. */
  heard(event: WireEvent): void
}

/** Counts of rare events. */
export interface Metrics {
  holes: number
  duplicates: number
  reloads: number
  rewinds: number
}

export interface Stream {
  denied(): Reason | null
  isLive(): boolean
  /** The place up to which all listeners have all events. */
  place(): Place | null
  listen(listener: Listener): () => void
  /** Returns to the initial state: no subscription, and no known place. */
  reset(): void
  /** Begins again, as after another user signed in, or after access was granted again. */
  restart(): void
  /** A listener has read its data at `place`; `floor` is this stream's offset when the read began. */
  landed(place: Place, floor: number | undefined): void
  /** The subscription, for ephemeral messages and presence; null when there is none. */
  channel(): Channel | null
}

/**
 * One stream, shared by all its listeners, and the only listener of its subscription.
 *
 * Listeners read over REST and report the position of their data (`landed`). The first position opens the subscription. When
 * a later one lies before events that were already delivered, the stream goes back to it: events that arrive twice are
 * harmless, holes are not.
 */
export function streamOf(name: string, { transport, clock, guard, onError, metrics, locate, opened, closed, heard }: StreamContext): Stream {
  const listeners = new Set<Listener>()
  const linger = timerOf(clock)
  const retry = timerOf(clock)
  let denied: Reason | null = null
  let isLive = false
  let place: Place | null = null
  let channel: Channel | null = null
  /** The position of the first read. */
  let base = 0
  let delivered = 0
  let holes = 0
  let hasPresence = false
  let locating = 0
  let generation = 0
  /** A subscription that waits for a position to continue from. */
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
      if (status === 403 || status === 404) return deny({ code: status, text: 'denied' })
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
    base = delivered = holes = 0
    isLive = false
  }

  // -- the subscription -----------------------------------------------------------------------------------------------

  function subscribe(since: Place | null): void {
    channel?.unsubscribe()
    place = since
    delivered = Math.max(delivered, since?.offset ?? 0)
    hasPresence = anybody('presence')
    isLive = false
    // Messages of a replaced subscription are ignored.
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
          delivered = holes = 0
          answer = resolve
          reloadAll()
        }),
    })
  }

  function moved(isNowLive: boolean): void {
    isLive = isNowLive
    each((listener) => listener.moved?.())
  }

  /** The user may not read this stream. */
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
      // Events in between are missing. Request them; if they do not come, read everything again.
      metrics.holes++
      subscribe(++holes > MAX_HOLES ? null : place)
    } else {
      place = { epoch, offset }
      holes = 0
      // After a step back, events arrive again, for listeners that know their own position.
      const isNew = offset > delivered
      if (isNew) delivered = offset
      heard(publication.data as WireEvent)
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
    channel: () => channel,
  }
  return stream
}
