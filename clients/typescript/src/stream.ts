import { backoff, type Clock } from './clock.js'
import type { WireEvent } from './descriptors.js'
import { guard, type OnError } from './store.js'
import type { Channel, Person, Publication, Reason, SubscribeOptions, Transport } from './transport.js'

/** How long a stream without users stays: a component that unmounts and mounts again costs nothing on the wire. */
export const LINGER = 300
/** A hole that is still there after so many attempts to fill it will not be filled. */
const MAX_HOLES = 3

export interface Place {
  readonly epoch: string
  readonly offset: number
}

/** Something that is kept true by a stream. */
export interface Follower {
  /** Read anew; when that is done, `stream.landed(place)`. */
  reload(): void
  apply(event: WireEvent, offset: number): void
  /** The stream went live, was lost or was denied. */
  moved(): void
}

/** Somebody who wants what is said in a stream, or who is there, and holds no state that could go stale. */
export interface Listener {
  event?(event: WireEvent, offset: number): void
  signal?(publication: Publication): void
  /** Events may have been missed: read anew. */
  reset?(): void
  moved?(): void
  join?(person: Person): void
  leave?(person: Person): void
}

export interface StreamContext {
  readonly transport: Transport
  readonly clock: Clock
  readonly onError: OnError
  readonly metrics: Metrics
  /** Where the stream stands, for one that nothing is read of. */
  locate(channel: string): Promise<Place>
  /** Whether somebody is signed in; without, nothing is asked. */
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

/**
 * One stream, shared by all who use it. It knows the place up to which everybody has everything, and it is the one
 * listener of its subscription.
 *
 * Followers read over REST and say where that stood (`landed`). The first place opens the subscription; a later one that
 * lies before what was already told goes back there, since telling twice is harmless and a hole is not.
 */
export class Stream {
  denied: Reason | null = null
  isLive = false
  /** Why it is not live. */
  reason: Reason = { code: 0, text: 'loading' }
  place: Place | null = null
  private readonly followers = new Set<Follower>()
  private readonly listeners = new Set<Listener>()
  private channelNow: Channel | null = null
  private base: number | null = null
  private told = 0
  private holes = 0
  private presenceUsers = 0
  private hasPresence = false
  private linger: unknown = null
  private retry: unknown = null
  private locating = 0
  private generation = 0
  private waiting: ((place: Place) => void)[] = []

  constructor(
    readonly name: string,
    private readonly context: StreamContext,
  ) {}

  // -- users ----------------------------------------------------------------------------------------------------------

  follow(follower: Follower): () => void {
    this.use()
    this.followers.add(follower)
    return this.leave(() => this.followers.delete(follower))
  }

  listen(listener: Listener, wantsPresence = false): () => void {
    this.use()
    this.listeners.add(listener)
    if (wantsPresence && !this.presenceUsers++ && this.channelNow && !this.hasPresence) this.subscribe(this.place)
    if (!this.place && !this.followers.size) void this.locate(0)
    return this.leave(() => {
      this.listeners.delete(listener)
      if (wantsPresence) this.presenceUsers--
    })
  }

  private use(): void {
    this.context.clock.clearTimeout(this.linger)
    this.context.opened()
  }

  private leave(forget: () => void): () => void {
    let isGone = false
    return () => {
      if (isGone) return
      isGone = true
      forget()
      if (this.followers.size + this.listeners.size) return
      this.context.clock.clearTimeout(this.linger)
      this.linger = this.context.clock.setTimeout(() => this.close(), LINGER)
    }
  }

  close(): void {
    this.context.clock.clearTimeout(this.linger)
    this.reset()
    this.context.closed(this)
  }

  /** Back to the beginning: nothing is subscribed and no place is known. */
  reset(): void {
    this.context.clock.clearTimeout(this.retry)
    this.locating++
    this.generation++
    this.channelNow?.unsubscribe()
    this.channelNow = this.denied = this.place = this.base = null
    this.told = this.holes = 0
    this.isLive = false
    this.waiting = []
  }

  /** Everything from the start, as after signing in as somebody else, or when one was let in again. */
  restart(): void {
    this.reset()
    this.reloadAll()
  }

  // -- places ---------------------------------------------------------------------------------------------------------

  /** Where a reading that begins now must not lie before; null when nothing was told yet. */
  floor(): number | null {
    return this.place?.offset ?? null
  }

  /** A follower's reading stood at `place`; `floor` is what this stream said when the reading began. */
  landed(place: Place, floor: number | null): void {
    if (this.waiting.length) {
      this.place = place
      this.base = place.offset
      for (const resolve of this.waiting.splice(0)) resolve(place)
    } else if (!this.channelNow || !this.place) {
      this.base = place.offset
      this.subscribe(place)
    } else if (place.epoch !== this.place.epoch) {
      this.subscribe(null)
    } else if (place.offset < (floor ?? this.base ?? 0)) {
      this.context.metrics.rewinds++
      this.subscribe(place)
    }
  }

  /** The followers may not read this: the stream has nothing to say to us. */
  deny(reason: Reason): void {
    if (this.denied) return
    this.reset()
    this.denied = reason
    this.moved(reason)
  }

  private async locate(attempt: number): Promise<void> {
    const mine = ++this.locating
    try {
      const place = await this.context.locate(this.name)
      if (mine === this.locating && (this.waiting.length || !this.place)) this.landed(place, null)
    } catch (error) {
      if (mine !== this.locating) return
      const { status } = error as { status?: number }
      if (status === 403 || status === 404) return this.deny({ code: status, text: 'not for you' })
      this.context.onError(error)
      this.retry = this.context.clock.setTimeout(() => void this.locate(attempt + 1), backoff(this.context.clock, attempt, 1000))
    }
  }

  private reloadAll(): void {
    for (const listener of [...this.listeners]) guard(this.context.onError, () => listener.reset?.())
    for (const follower of [...this.followers]) guard(this.context.onError, () => follower.reload())
    if (!this.followers.size && this.listeners.size) void this.locate(0)
  }

  // -- the subscription -----------------------------------------------------------------------------------------------

  private subscribe(since: Place | null): void {
    this.channelNow?.unsubscribe()
    this.place = since
    this.told = Math.max(this.told, since?.offset ?? 0)
    this.hasPresence = this.presenceUsers > 0
    this.isLive = false
    const how: SubscribeOptions = { since, presence: this.hasPresence }
    // What a subscription that was replaced still tells is void.
    const mine = ++this.generation
    const own = (tell: () => void) => void (mine === this.generation && guard(this.context.onError, tell))
    this.channelNow = this.context.transport.subscribe(this.name, how, {
      live: (epoch) => own(() => this.live(epoch)),
      lost: (reason) => own(() => this.moved(reason)),
      denied: (reason) => own(() => this.deny(reason)),
      publication: (publication) => own(() => this.publication(publication)),
      join: (person) => own(() => this.each((listener) => listener.join?.(person))),
      leave: (person) => own(() => this.each((listener) => listener.leave?.(person))),
      reload: () => (mine === this.generation ? this.reload() : new Promise(() => undefined)),
    })
  }

  private reload(): Promise<Place> {
    this.context.metrics.reloads++
    this.isLive = false
    this.place = null
    this.told = this.holes = 0
    return new Promise((resolve) => {
      this.waiting.push(resolve)
      this.reloadAll()
    })
  }

  private live(epoch: string): void {
    if (this.place && epoch && epoch !== this.place.epoch) return this.subscribe(null)
    this.isLive = true
    this.moved({ code: 0, text: 'live' })
  }

  private moved(reason: Reason): void {
    this.reason = reason
    if (reason.text !== 'live') this.isLive = false
    for (const follower of [...this.followers]) guard(this.context.onError, () => follower.moved())
    this.each((listener) => listener.moved?.())
  }

  private publication(publication: Publication): void {
    const { offset } = publication
    if (!offset) return this.each((listener) => listener.signal?.(publication))
    if (!this.place) return
    const { epoch, offset: seen } = this.place
    if (offset <= seen) {
      this.context.metrics.duplicates++
      return
    }
    if (offset > seen + 1) return this.fill()
    this.place = { epoch, offset }
    this.holes = 0
    const event = publication.data as WireEvent
    for (const follower of [...this.followers]) guard(this.context.onError, () => follower.apply(event, offset))
    // A rewind tells followers again, who know how far they are; a listener does not.
    if (offset <= this.told) return
    this.told = offset
    this.each((listener) => listener.event?.(event, offset))
  }

  /** Something between is missing. Ask for it; if it never comes, read everything anew. */
  private fill(): void {
    this.context.metrics.holes++
    this.subscribe(++this.holes > MAX_HOLES ? null : this.place)
  }

  private each(tell: (listener: Listener) => void): void {
    for (const listener of [...this.listeners]) guard(this.context.onError, () => tell(listener))
  }

  // -- signals and presence -------------------------------------------------------------------------------------------

  /** Dropped when the stream is not live: what is typed now is nothing tomorrow. */
  publish(data: unknown): void {
    if (this.isLive) this.channelNow?.publish(data).catch(this.context.onError)
  }

  async people(): Promise<readonly Person[]> {
    return (await this.channelNow?.presence()) ?? []
  }
}
