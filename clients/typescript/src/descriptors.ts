import type { liveItem } from './item.js'
import type { liveList } from './list.js'
import type { Context } from './follower.js'
import type { Kept } from './store.js'
import type { Filter } from './where.js'

/** What a client must know to keep a list or a resource up to date. Generated from the server's declarations. */
interface Live {
  /** The path under which it is read over REST. */
  readonly path: string
  /** The stream with its events. */
  readonly channel: string
  /** Event types whose `data` is a row's full new state. */
  readonly upsert: readonly string[]
  /** Event types whose `data` is the key of a deleted row. */
  readonly remove: readonly string[]
  /** The path of the key in a row: `id`, or `user.id`. */
  readonly key: string
}

export interface ListDescriptor<Row, Create = never, Update = never, Query extends object = object> extends Live {
  /** The code for it: `liveList`. It is named here, so that an app without lists does not contain this code. */
  readonly open: typeof liveList
  /** The fields to sort by; a leading `-` means descending. */
  readonly order: readonly string[]
  /** The fields that the path decides, with their values. */
  readonly where?: readonly (readonly [field: string, value: string])[]
  /** The parameters that choose rows. A list refuses every other, because events would bring what it leaves out. */
  readonly filters?: Readonly<Record<string, Filter>>
  /** The most rows that a page can have. */
  readonly maxLimit?: number
  /** An empty row: an optimistic row shows its values until the server answers. */
  readonly blank: () => Row
  /** Types only, never a value. */
  readonly $types?: (create: Create, update: Update, query?: Query) => void
}

export interface ItemDescriptor<Row, Update = never> extends Live {
  /** The code for it: `liveItem`. */
  readonly open: typeof liveItem
  /** The key of the one row. */
  readonly id: string
  /** Types only, never a value. */
  readonly $types?: (row: Row, update: Update) => void
}

/** A further store of the client, with its code: `presence(messages(room))`. */
export interface Extra<Opened> {
  /** The same key opens the same thing. */
  readonly key: string
  readonly open: (context: Context) => Opened & Partial<Kept<unknown>>
}

/** A position in a stream. */
export interface Position {
  readonly channel: string
  readonly epoch: string
  readonly offset: number
}

/** An event on the wire. The generated `AnyEvent` is the union of all known events. */
export interface WireEvent {
  readonly type: string
  readonly id?: string
  readonly at?: string
  readonly actor?: { readonly type: string; readonly id: string | null }
  readonly data: unknown
}

/** A stream's name, or a descriptor that uses the stream. */
export type StreamName = string | { readonly channel: string }

export const channelOf = (name: StreamName): string => (typeof name === 'string' ? name : name.channel)

/** The name of a list or of a resource among the stores of a client. */
export const storeKey = ({ path, channel }: Pick<Live, 'path' | 'channel'>, query: object = {}): string => `${path} ${channel} ${JSON.stringify(query)}`
