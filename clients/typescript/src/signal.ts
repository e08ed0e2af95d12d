import { timerOf, type Timer } from './clock.js'
import type { Context } from './follower.js'
import { storeOf, type Kept, type Store } from './store.js'
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
export interface Signal<Data = unknown> extends Store<readonly Signalled<Data>[]> {
  /** Says it, if the link is up and it was not said just now. */
  send(data?: Data): void
}

export function signalOf<Data>(context: Context, channel: string, type: string): Signal<Data> & Kept<readonly Signalled<Data>[]> {
  const { clock } = context
  const said = new Map<string, { shown: Signalled<Data>; expire: Timer }>()
  let stream: Stream | undefined
  let leave: (() => void) | undefined
  let sentAt = -Infinity

  const store = storeOf(context.guard, () => [...said.values()].map(({ shown }) => shown), start, () => {
    leave?.()
    stream = undefined
    reset()
  })
  const { changed } = store

  function start(): void {
    stream = context.stream(channel)
    leave = stream.listen({
      signal({ data: sent, info }) {
        const { type: kind, data } = sent as { type?: string; data: Data }
        if (kind !== type || !info || info.client === context.clientId()) return
        const { user } = info
        drop(user)
        const expire = timerOf(clock)
        expire(() => drop(user), LIFE)
        said.set(user, { expire, shown: { user, data, at: clock.now() } })
        changed()
      },
      // What one writes is no longer being typed.
      event: ({ actor }) => drop(actor?.id),
      moved() {
        if (!stream?.isLive()) reset()
      },
    })
  }

  function drop(user?: string | null): void {
    const old = said.get(user!)
    if (!old) return
    old.expire()
    said.delete(user!)
    changed()
  }

  function reset(): void {
    for (const user of said.keys()) drop(user)
  }

  return {
    ...store,
    reset,
    send(data) {
      const now = clock.now()
      if (!stream?.isLive() || now - sentAt < EVERY) return
      sentAt = now
      stream.publish({ type, ...(data === undefined ? null : { data }) })
    },
  }
}
