import type { Context } from './follower.js'
import { Store } from './store.js'
import type { Stream } from './stream.js'
import type { Person } from './transport.js'

export interface Present {
  readonly user: string
  /** How many connections they have here: tabs, phones. */
  readonly connections: number
  readonly info: unknown
}

export interface PresenceState {
  readonly people: readonly Present[]
  /** `unavailable`: the server keeps no presence of this stream. */
  readonly status: 'loading' | 'live' | 'stale' | 'denied' | 'unavailable'
}

/** Who is here: asked once whenever the stream goes live, and kept by joins and leaves. */
export class Presence extends Store<PresenceState> {
  private readonly here = new Map<string, Person>()
  private status: PresenceState['status'] = 'loading'
  private asked = 0
  private stop$: (() => void) | null = null

  constructor(
    private readonly context: Context,
    private readonly channel: string,
  ) {
    super(context.onError)
  }

  protected compute(): PresenceState {
    const people = new Map<string, Present>()
    for (const { user, info } of this.here.values()) {
      people.set(user, { user, info, connections: (people.get(user)?.connections ?? 0) + 1 })
    }
    return { people: [...people.values()].sort((a, b) => (a.user < b.user ? -1 : 1)), status: this.status }
  }

  protected override start(): void {
    const stream = this.context.streamOf(this.channel)
    const mine = (change: () => void) => {
      change()
      this.changed()
    }
    this.stop$ = stream.listen(
      {
        join: (person) => mine(() => this.here.set(person.client, person)),
        leave: (person) => mine(() => this.here.delete(person.client)),
        moved: () => this.moved(stream),
      },
      true,
    )
    this.moved(stream)
  }

  protected override stop(): void {
    this.stop$?.()
    this.reset()
  }

  reset(): void {
    this.asked++
    this.here.clear()
    this.status = 'loading'
    this.changed()
  }

  private moved(stream: Stream): void {
    if (stream.isLive) return void this.ask(stream)
    if (stream.denied) this.here.clear()
    this.status = stream.denied ? 'denied' : this.status === 'loading' ? 'loading' : 'stale'
    this.changed()
  }

  private async ask(stream: Stream): Promise<void> {
    const mine = ++this.asked
    try {
      const people = await stream.people()
      if (mine !== this.asked) return
      this.here.clear()
      for (const person of people) this.here.set(person.client, person)
      this.status = 'live'
    } catch {
      if (mine !== this.asked) return
      this.status = stream.isLive ? 'unavailable' : 'stale'
    }
    this.changed()
  }
}
