import { channelOf, type Extra, type StreamName } from './descriptors.js'
import type { Context } from './follower.js'
import { storeOf, type Kept, type Store } from './store.js'
import type { Stream } from './stream.js'
import type { Person } from './transport.js'

export interface Present {
  readonly user: string
  /** The number of this user's connections to the stream: tabs, phones. */
  readonly connections: number
  readonly info: unknown
}

export interface PresenceState {
  readonly people: readonly Present[]
  /** `unavailable`: this stream has no presence. */
  readonly status: 'loading' | 'live' | 'stale' | 'denied' | 'unavailable'
}

/** The users of a stream: read whenever the stream becomes live, then updated by joins and leaves. */
export type Presence = Store<PresenceState>

function presenceOf(context: Context, channel: string): Kept<PresenceState> {
  const here = new Map<string, Person>()
  let status: PresenceState['status'] = 'loading'
  let asked = 0
  let leave: (() => void) | undefined

  const store = storeOf(context, compute, start, () => {
    leave?.()
    reset()
  })
  const { changed } = store

  function compute(): PresenceState {
    const people = new Map<string, Present>()
    for (const { user, connInfo: info } of here.values()) {
      people.set(user, { user, info, connections: (people.get(user)?.connections ?? 0) + 1 })
    }
    return { people: [...people.values()].sort((a, b) => (a.user < b.user ? -1 : 1)), status }
  }

  function start(): void {
    const stream = context.stream(channel)
    const moved = () => void follow(stream)
    leave = stream.listen({
      presence: true,
      moved,
      join(person) {
        here.set(person.client, person)
        changed()
      },
      leave(person) {
        here.delete(person.client)
        changed()
      },
    })
    moved()
  }

  async function follow(stream: Stream): Promise<void> {
    const mine = ++asked
    if (stream.isLive()) {
      try {
        const people = (await stream.channel()?.presence()) ?? []
        if (mine !== asked) return
        here.clear()
        for (const person of people) here.set(person.client, person)
        status = 'live'
      } catch {
        if (mine !== asked) return
        status = stream.isLive() ? 'unavailable' : 'stale'
      }
    } else if (stream.denied()) {
      here.clear()
      status = 'denied'
    } else if (status !== 'loading') status = 'stale'
    changed()
  }

  function reset(): void {
    asked++
    here.clear()
    status = 'loading'
    changed()
  }

  return { ...store, reset }
}

/** `client.open(presence(messages(room)))` */
export const presence = (name: StreamName): Extra<Presence> => {
  const channel = channelOf(name)
  return { key: `presence ${channel}`, open: (context) => presenceOf(context, channel) }
}
