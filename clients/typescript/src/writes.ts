import type { Auth } from './auth.js'
import type { ConnectionStatus } from './client.js'
import type { Clock } from './clock.js'
import type { ListDescriptor } from './descriptors.js'
import type { ItemWrites } from './item.js'
import type { Lifecycle } from './lifecycle.js'
import type { ListWrites } from './list.js'
import type { Answered, Problem, Rest } from './rest.js'
import type { Guard, OnError, Soon, Store } from './store.js'
import type { Row } from './unsaved.js'

/** One write that the server has not confirmed. It is plain data, so that it can be stored. */
export interface Write {
  /** Also its Idempotency-Key. */
  readonly id: string
  /** When it was made, in milliseconds since 1970. A later write has a later time. */
  readonly at: number
  /** The path of the row's list. */
  readonly list: string
  readonly key: string
  readonly method: string
  readonly path: string
  readonly body?: object | undefined
  /** The fields to show until the answer comes; null for a row that is removed. */
  readonly shown?: object | null | undefined
  /** The changed fields before the change: it is a conflict when another user has changed one of them, too. */
  readonly base?: object | undefined
  readonly version?: number | undefined
  /** `waiting`: for the link, or for an earlier write. `saving`: sent. `failed`: refused; retry or discard it. */
  readonly state: 'waiting' | 'saving' | 'failed'
  readonly error?: Problem | undefined
  /** After a conflict (412): the server's row. */
  readonly theirs?: object | undefined
}

/** The writes of one row, or one of them. */
export type Which = Pick<Write, 'list' | 'key'> & { readonly id?: string }

/** The writes that the server has not confirmed, the earliest first. Those of one row are sent one after another. */
export interface Writes extends Store<readonly Write[]> {
  /** Sends failed writes again. */
  retry(which: Which): Promise<unknown>
  /** Takes back writes that are not on their way; that of a new row together with the later writes of that row. */
  discard(which: Which): void
}

/** A list, for what is not saved yet. */
export interface View<T extends object> {
  readonly descriptor: ListDescriptor<T, never, never>
  /** The rows as the server has them. */
  readonly rows: ReadonlyMap<string, T>
  compare(a: T, b: T): number
  /** Whether the row belongs to the list. `given`: what alone is known of it. */
  matches(row: T, given?: object): boolean
  show(row: T): Row<T>
}

/** A resource, for the same. */
export interface ItemView<T> extends Which {
  readonly path: string
  saved(): T | undefined
}

/** What lists and resources need of them. */
export interface PendingWrites extends Writes {
  ofList<T extends object, Create, Update>(view: View<T>): ListWrites<T, Create, Update>
  ofItem<T extends object, Update>(view: ItemView<T>): ItemWrites<T, Update>
  /** The number of writes of a list that have not failed. */
  pending?(list: string): number
  /** Returns the row as unsaved writes leave it: null when one of them removes it, undefined when there are none. */
  with?<T extends object>(saved: T | undefined, which: Which): Row<T> | null | undefined
  /** Returns the rows of a list as they are shown: with unsaved writes in them, each the same object while it is the same row. */
  over?<T extends object>(view: View<T>): Row<T>[] | undefined
  /** This row has come by an event. */
  seen?(which: Which): void
  /** The user signed out. */
  reset(): void
}

/** Code that sends writes: `optimistic` of `tidewire/optimistic`, or `queued()` of `tidewire/queued`. */
export type WritesFactory = (context: WritesContext) => PendingWrites

export interface WritesContext extends Rest, Store<ConnectionStatus> {
  readonly clock: Clock
  readonly guard: Guard
  readonly soon: Soon
  readonly onError: OnError
  readonly auth: Auth
  readonly lifecycle: Lifecycle
  /** Connects, if there is no connection and the client was not closed. */
  opened(): void
  /** A write was made or changed, or (with `answer`) confirmed. */
  told(write: Write, answer?: Partial<Answered<unknown>>): void
}

const NONE: readonly Write[] = []

const refuse = (): never => {
  throw new TypeError('tidewire: give createClient({ writes })')
}
const refusing = Object.fromEntries(['create', 'update', 'remove', 'write', 'retry', 'discard'].map((name) => [name, refuse]))

/** A client that only reads. */
export const readOnly: WritesFactory = () => ({
  get: () => NONE,
  subscribe: () => () => undefined,
  reset: () => undefined,
  ofList: () => refusing as never,
  ofItem: () => refusing as never,
  retry: refuse,
  discard: refuse,
})
