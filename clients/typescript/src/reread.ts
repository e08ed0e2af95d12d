import { realClock, timerOf, type Clock } from './clock.js'
import type { Client } from './client.js'
import { channelOf, type ListDescriptor } from './descriptors.js'
import { events } from './events.js'
import type { AnyRow } from './rows.js'

export interface RereadOptions {
  /** How often it is read at most, and at least while the page is visible, in milliseconds. 15 s if absent. */
  readonly every?: number
  readonly clock?: Clock
}

/** An event of the list's own stream is followed by a read after this time, together with those that come meanwhile. */
const SOON = 1_000

/**
 * Keeps what no event of a list's stream brings: the names, roles and unread counts of the user's rooms, which change with
 * every message of each of them. Reads the list again at most once in `every`, and soon after an event of its own stream. The
 * cost does not grow with the messages or the members: one request per user and interval. Returns a function that stops this.
 *
 *     const stop = reread(client, rooms(userId))
 */
export function reread<T extends AnyRow, Create, Update, Query extends object>(
  client: Pick<Client, 'list' | 'open' | 'status'>,
  descriptor: ListDescriptor<T, Create, Update, Query>,
  { every = 15_000, clock = realClock }: RereadOptions = {},
): () => void {
  const list = client.list(descriptor)
  const timer = timerOf(clock)
  let readAt = clock.now()
  let isPlannedSoon = false
  function read(): void {
    isPlannedSoon = false
    // A hidden page, and a list that is not live, wait for the next time.
    if (!globalThis.document?.hidden && client.status.state === 'online' && list.get().status === 'live') {
      readAt = clock.now()
      list.refresh()
    }
    // Spread, so that the pages that were opened together do not ask together.
    timer(read, every * (1 + clock.random() / 4))
  }
  const soon = () => {
    if (isPlannedSoon) return
    isPlannedSoon = true
    timer(read, Math.max(SOON, Math.min(every, readAt + SOON * 3 - clock.now())))
  }
  const shown = () => !globalThis.document?.hidden && clock.now() - readAt >= every && soon()
  const leave = client.open(events(channelOf(descriptor))).onAny(soon)
  globalThis.document?.addEventListener('visibilitychange', shown)
  timer(read, every * (1 + clock.random() / 4))
  return () => {
    timer()
    leave()
    globalThis.document?.removeEventListener('visibilitychange', shown)
  }
}
