import type { liveItem } from './item.js'
import type { liveList } from './list.js'

/** What a client must know to keep a list or a resource true. Generated from the server's declarations. */
interface Live {
  /** Where it is read over REST. */
  readonly path: string
  /** The stream that promises it. */
  readonly channel: string
  /** Event types whose `data` is a row's full new state. */
  readonly upsert: readonly string[]
  /** Event types whose `data` is the key of a row that is gone. */
  readonly remove: readonly string[]
  /** Where a row holds its key: `id`, or `user.id`. */
  readonly key: string
}

export interface ListDescriptor<Row, Create = never, Update = never> extends Live {
  /** What keeps it: `liveList`. Named here, so that an app which has no list does not carry the code for one. */
  readonly open: typeof liveList
  /** Fields to sort by; a leading `-` turns one round. */
  readonly order: readonly string[]
  /** A row of which nothing is known yet: what an optimistic row shows until the server answers. */
  readonly blank: () => Row
  /** Types only, never a value. */
  readonly $types?: (create: Create, update: Update) => void
}

export interface ItemDescriptor<Row, Update = never> extends Live {
  /** What keeps it: `liveItem`. */
  readonly open: typeof liveItem
  /** The key of the one row. */
  readonly id: string
  /** Types only, never a value. */
  readonly $types?: (row: Row, update: Update) => void
}

/** A place in a stream. */
export interface Position {
  readonly channel: string
  readonly epoch: string
  readonly offset: number
}

/** An event as it is on the wire. The generated `AnyEvent` is the closed union of those that are known. */
export interface WireEvent {
  readonly type: string
  readonly id?: string
  readonly at?: string
  readonly actor?: { readonly type: string; readonly id: string | null }
  readonly data: unknown
}

/** A stream by its name, or by anything that lives on it. */
export type StreamName = string | { readonly channel: string }

export const channelOf = (name: StreamName): string => (typeof name === 'string' ? name : name.channel)
