import type { WireEvent } from './descriptors.js'
import type { Context } from './follower.js'
import { Store } from './store.js'
import type { Stream } from './stream.js'

/** How long a signal is worth something, and how often one may be sent. */
const LIFE = 5_000
const EVERY = 2_000

export interface Signalled<Data> {
  readonly user: string
  readonly data: Data
  /** When it came, in milliseconds since 1970. */
  readonly at: number
}

/**
 * What is said in passing and never kept, such as "is typing". Not delivered when the link is down, expires by itself, and
 * is sent at most once in two seconds.
 */
export class Signal<Data = unknown> extends Store<readonly Signalled<Data>[]> {
  private readonly said = new Map<string, Signalled<Data> & { timer: unknown }>()
  private stream: Stream | null = null
  private stop$: (() => void) | null = null
  private sentAt = -Infinity

  constructor(
    private readonly context: Context,
    private readonly channel: string,
    private readonly type: string,
    private readonly clientId: () => string | null,
  ) {
    super(context.onError)
  }

  protected compute(): readonly Signalled<Data>[] {
    return [...this.said.values()].map(({ user, data, at }) => ({ user, data, at }))
  }

  protected override start(): void {
    this.stream = this.context.streamOf(this.channel)
    this.stop$ = this.stream.listen({
      signal: ({ data, user, client }) => {
        const { type, data: said } = data as { type?: string; data?: Data }
        if (type === this.type && user && client !== this.clientId()) this.heard(user, said as Data)
      },
      event: (event) => this.spoke(event),
      moved: () => !this.stream?.isLive && this.reset(),
    })
  }

  protected override stop(): void {
    this.stop$?.()
    this.stream = null
    this.reset()
  }

  /** Says it, if the link is up and it was not said just now. */
  send(data?: Data): void {
    const now = this.context.clock.now()
    if (!this.stream?.isLive || now - this.sentAt < EVERY) return
    this.sentAt = now
    this.stream.publish({ type: this.type, ...(data === undefined ? {} : { data }) })
  }

  /** What one writes is no longer being typed. */
  private spoke({ actor }: WireEvent): void {
    if (actor?.id && this.said.has(actor.id)) this.drop(actor.id)
  }

  private heard(user: string, data: Data): void {
    const { clock } = this.context
    clock.clearTimeout(this.said.get(user)?.timer)
    this.said.set(user, { user, data, at: clock.now(), timer: clock.setTimeout(() => this.drop(user), LIFE) })
    this.changed()
  }

  private drop(user: string): void {
    this.context.clock.clearTimeout(this.said.get(user)?.timer)
    this.said.delete(user)
    this.changed()
  }

  reset(): void {
    for (const user of [...this.said.keys()]) this.drop(user)
  }
}
