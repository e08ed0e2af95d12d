import { backoff } from './clock.js'
import type { Client } from './client.js'
import type { WireEvent } from './descriptors.js'
import { ApiError, wait, type Problem } from './rest.js'
import { Store } from './store.js'
import { LINGER, type Follower, type Place, type Stream } from './stream.js'

/**
 * `loading`: nothing to show yet. `live`: true now, and it stays so. `stale`: what was true when the link was lost.
 * `denied`: one may not read this (any more). `error`: it cannot be read just now; it is tried again.
 */
export type ListStatus = 'loading' | 'live' | 'stale' | 'denied' | 'error'

interface Told {
  event: WireEvent
  offset: number
}

/** The part of the client that stores need. */
export type Context = Pick<Client<object, WireEvent>, 'rest' | 'clock' | 'onError' | 'streamOf' | 'isSignedIn'>

/** What a list and a single resource share: read over REST, keep true by a stream, say how things stand. */
export abstract class Following<State> extends Store<State> implements Follower {
  protected isLoaded = false
  protected problem: Problem | undefined
  protected seen = 0
  private stream: Stream | null = null
  private leave: (() => void) | null = null
  private isDenied = false
  private reading = 0
  private again: unknown = null
  private idle: unknown = null
  /** Whether it was read since it was last started or called back. */
  private isFresh = false
  /** What was told while something is being read: the reading may be older. */
  private readonly held: Told[] = []
  private holding = 0

  constructor(
    protected readonly context: Context,
    readonly channel: string,
  ) {
    super(context.onError)
  }

  /** Reads, keeps what was read, and says where that stood: null for what no stream promises. */
  protected abstract read(): Promise<{ place: Place | null; keep: () => void }>
  protected abstract keepEvent(event: WireEvent, offset: number): void
  protected abstract forget(): void

  protected override start(): void {
    this.context.clock.clearTimeout(this.idle)
    if (this.leave) return
    this.stream = this.context.streamOf(this.channel)
    this.leave = this.stream.follow(this)
    if (this.stream.denied) this.isDenied = true
    if (this.context.isSignedIn()) this.reload()
  }

  /** Not at once: a component that unmounts and mounts again reads nothing twice. */
  protected override stop(): void {
    this.idle = this.context.clock.setTimeout(() => {
      this.halt()
      this.leave?.()
      this.leave = this.stream = null
      this.changed()
    }, LINGER)
  }

  private halt(): void {
    this.reading++
    this.isFresh = false
    this.context.clock.clearTimeout(this.again)
  }

  /** Reads everything anew, also after having been denied. */
  refresh(): void {
    if (this.stream?.denied) this.stream.restart()
    else this.reload()
  }

  reload(): void {
    this.isDenied = this.isFresh = false
    void this.load(0)
  }

  /** Resolves when there is something to show (or a no), for scripts that have no screen. */
  ready(): Promise<State> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.status === 'loading') return
        queueMicrotask(() => leave())
        resolve(this.get())
      }
      const leave = this.subscribe(check)
      check()
    })
  }

  moved(): void {
    if (this.stream?.denied && !this.isDenied) this.deny()
    this.changed()
  }

  apply(event: WireEvent, offset: number): void {
    if (this.holding) this.held.push({ event, offset })
    if (!this.isLoaded || offset <= this.seen) return
    this.seen = offset
    this.keepEvent(event, offset)
    this.changed()
  }

  protected get status(): ListStatus {
    if (this.isDenied) return 'denied'
    if (!this.isLoaded) return this.problem ? 'error' : 'loading'
    return this.isFresh && this.stream?.isLive ? 'live' : 'stale'
  }

  /** Runs a reading, and applies what was told meanwhile on top of it: none of that may be lost between. */
  protected async reconcile<T>(run: () => Promise<{ offset: number; keep: () => T } | null>): Promise<T | undefined> {
    this.holding++
    const from = this.held.length
    try {
      const result = await run()
      if (!result) return undefined
      const answer = result.keep()
      for (const { event, offset } of this.held.slice(from)) if (offset > result.offset) this.keepEvent(event, offset)
      this.changed()
      return answer
    } finally {
      if (!--this.holding) this.held.length = 0
    }
  }

  private async load(attempt: number): Promise<void> {
    const mine = ++this.reading
    this.context.clock.clearTimeout(this.again)
    const { stream } = this
    if (!stream) return
    const floor = stream.floor()
    try {
      await this.reconcile(async () => {
        const { place, keep } = await this.read()
        if (mine !== this.reading) return null
        return { offset: place?.offset ?? 0, keep: () => this.loaded(stream, place, floor, keep) }
      })
    } catch (error) {
      if (mine !== this.reading) return
      if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
        this.deny()
      } else if (!(error instanceof ApiError && error.status === 401)) {
        this.problem = error instanceof ApiError ? error.problem : undefined
        this.onError(error)
        const { clock } = this.context
        const delay = error instanceof ApiError ? wait(clock, attempt + 1, error.retryAfter) : backoff(clock, attempt + 1)
        this.again = clock.setTimeout(() => void this.load(attempt + 1), delay)
      }
      this.changed()
    }
  }

  private loaded(stream: Stream, place: Place | null, floor: number | null, keep: () => void): void {
    this.isLoaded = this.isFresh = true
    this.problem = undefined
    keep()
    this.seen = place?.offset ?? 0
    if (place) stream.landed(place, floor)
    // What was held comes next, and is all there is up to where the stream is now.
    this.seen = Math.max(this.seen, stream.floor() ?? 0)
  }

  private deny(): void {
    this.isDenied = true
    this.isLoaded = false
    this.forget()
  }

  /** Nobody is signed in, or somebody else: nothing of before may stay on the screen. */
  reset(): void {
    this.halt()
    this.isLoaded = this.isDenied = false
    this.problem = undefined
    this.forget()
    this.changed()
  }
}
