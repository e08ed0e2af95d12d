import { timerOf, type Timer } from './clock.js'
import { channelOf, type Extra, type StreamName } from './descriptors.js'
import type { Context } from './follower.js'
import { storeOf, type Kept, type Store } from './store.js'
import type { Stream } from './stream.js'

/** How long an ephemeral message is shown, and how often one may be sent. */
const LIFE = 5_000
const EVERY = 2_000

export interface Signalled<Data> {
  readonly user: string
  readonly data: Data
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number
}

/**
 * Ephemeral messages of one type, such as "is typing". They are never stored, not delivered without a connection, expire by
 * themselves, and are sent at most once in two seconds.
 */
export interface Signal<Data = unknown> extends Store<readonly Signalled<Data>[]> {
  /** Sends one, if there is a connection and none was sent in the last two seconds. */
  send(data?: Data): void
}

function signalOf<Data>(context: Context, channel: string, type: string): Signal<Data> & Kept<readonly Signalled<Data>[]> {
  const { clock } = context
  const received = new Map<string, { shown: Signalled<Data>; expire: Timer }>()
  let stream: Stream | undefined
  let leave: (() => void) | undefined
  let sentAt = -Infinity

  const store = storeOf(context, () => [...received.values()].map(({ shown }) => shown), start, () => {
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
        received.set(user, { expire, shown: { user, data, at: clock.now() } })
        changed()
      },
      // A user whose event arrives is no longer typing.
      event: ({ actor }) => drop(actor?.id),
      moved() {
        if (!stream?.isLive()) reset()
      },
    })
  }

  function drop(user?: string | null): void {
    const old = received.get(user!)
    if (!old) return
    old.expire()
    received.delete(user!)
    changed()
  }

  function reset(): void {
    for (const user of received.keys()) drop(user)
  }

  return {
    ...store,
    reset,
    send(data) {
      const now = clock.now()
      if (!stream?.isLive() || now - sentAt < EVERY) return
      sentAt = now
      stream.channel()?.publish({ type, ...(data === undefined ? null : { data }) }).catch(context.onError)
    },
  }
}

/** `client.open(signal(messages(room), 'typing')).send()` */
export const signal = <Data = unknown>(name: StreamName, type: string): Extra<Signal<Data>> => {
  const channel = channelOf(name)
  return { key: `signal ${channel} ${type}`, open: (context) => signalOf<Data>(context, channel, type) }
}
