import type { ListDescriptor, Position } from './descriptors.js'
import { following, type Context, type Following, type ListStatus, type Live } from './follower.js'
import type { Problem } from './rest.js'
import { rowsBy, versionOf, type AnyRow } from './rows.js'
import type { Kept } from './store.js'
import { whereOf } from './where.js'
import type { Row } from './unsaved.js'
import type { View } from './writes.js'

export interface LiveListState<T> {
  readonly items: readonly Row<T>[]
  readonly status: ListStatus
  readonly error: Problem | undefined
  /** Whether there may be more rows for `older()`: those that were there at the last read may have gone since. */
  readonly hasOlder: boolean
  readonly isLoadingOlder: boolean
  /** Writes that the server has not answered yet. */
  readonly pending: number
}

interface Page<T> {
  readonly next: string | null
  readonly results: readonly T[]
  readonly stream: Position | null
  /** Called when its rows replace those before: for `tidewire/window`. */
  kept?(): void
}

/** What is kept of a list: on disk, or from the rendering on a server. */
interface Dump<T> {
  readonly results: readonly T[]
  readonly next: string | null
  /** The last row of the last page. */
  readonly to: object | null | undefined
}

/** The id of a new row, chosen by the client; the server keeps it. */
type Input<Create> = [Create] extends [never] ? never : Omit<Create, 'id'>

/** How the rows of a list are written. Without `createClient({ writes })` each of these throws. */
export interface ListWrites<T extends AnyRow, Create = never, Update = never> {
  /**
   * Shows a new row at once and sends it. The client chooses its id, which is also the request's Idempotency-Key. So
   * sending it twice creates one row, and the row's event replaces the shown values. `preview`: further values to show
   * until then. The promise rejects with ApiError when sending failed; the row stays, as `failed`.
   */
  create(input: Input<Create>, preview?: Partial<T>): Promise<T>
  /**
   * Changes a row: shown at once, in its new place. When another user has changed the same field in the meantime, the change
   * fails with 412, and the row has both versions. The promise rejects with ApiError; the row stays as changed, `failed`.
   */
  update(key: string, patch: [Update] extends [never] ? never : Update): Promise<T>
  /** Removes a row at once. When the server refuses, the row is shown again, as `failed`. */
  remove(key: string): Promise<void>
  /** Any other write about a row, at a path below its own: `reactions/👍/`. `shown`: the fields to show at once. */
  write(key: string, request: { method: string; path: string; body?: object }, shown?: Partial<T>): Promise<unknown>
  /** Sends the failed write of a row again. */
  retry(key: string): Promise<unknown>
  /** Takes back the failed or waiting writes of a row. */
  discard(key: string): void
}

/** A live list: the pages read so far, every later event, and the client's own unsaved writes. */
export interface LiveList<T extends AnyRow, Create = never, Update = never> extends Live<LiveListState<T>>, ListWrites<T, Create, Update> {
  /** Reads the next page. Simultaneous calls read only one. */
  older(): Promise<void>
  /** The rows as the server has them, without unsaved writes. */
  saved(): readonly T[]
}

export function liveList<T extends AnyRow, Create, Update, Query extends object>(
  context: Context,
  descriptor: ListDescriptor<T, Create, Update, Query>,
  asked?: Query,
): LiveList<T, Create, Update> & Kept<LiveListState<T>> {
  const { path, maxLimit } = descriptor
  const { query, order, matches } = whereOf(descriptor, asked)
  /** The last row of the pages read so far. Rows beyond it are not shown, as those in between are not known. None: there are none. */
  let edge: object | null | undefined = null
  const isOutside = (row: T): boolean => !matches(row) || (!!edge && compare(row, edge) > 0)
  const { rows, compare, keyIn, take, drop, event, clear } = rowsBy<T>({ ...descriptor, order }, isOutside)
  const { writes } = context
  /** How each row is shown: the same object while it stays the same row, so that its component need not render again. */
  const shown = new WeakMap<T, Row<T>>()
  let items: readonly Row<T>[] = []
  let next: string | null = null
  let loading: Promise<void> | null = null
  const all = () => [...rows.values()].sort(compare)

  // -- reading --------------------------------------------------------------------------------------------------------

  const page = async (path: string, query?: object) => (await context.send<Page<T>>({ method: 'GET', path, query })).data

  function keep(results: readonly T[], after: string | null, to: object | null | undefined, offset: number): void {
    // The rows of a page are in the list, wherever it ended before.
    edge = null
    take(results, offset)
    next = after
    edge = after ? to : null
  }

  function show(row: T): Row<T> {
    let made = shown.get(row)
    if (!made) shown.set(row, (made = { ...row, $state: 'saved' }))
    return made
  }

  const view: View<T> = { descriptor: descriptor as never, rows, compare, matches, show }

  const followed: Following<LiveListState<T>> = following(context, descriptor.channel, {
    compute(status, error) {
      const now = writes.over?.<T>(view) ?? all().map(show)
      if (now.length !== items.length || now.some((row, i) => row !== items[i])) items = now
      return { items, status, error, hasOlder: !!next, isLoadingOlder: !!loading, pending: writes.pending?.(path) ?? 0 }
    },
    async read() {
      const wanted = rows.size
      const first = await page(path, wanted && maxLimit ? { ...query, limit: maxLimit } : query)
      const read = [...first.results]
      let after = first.next
      // As many rows as were shown before, so that the scroll position stays valid.
      while (after && read.length < wanted) {
        const { results, next } = await page(after)
        read.push(...results)
        after = next
      }
      return {
        place: first.stream,
        keep(offset) {
          clear(true)
          first.kept?.()
          keep(read, after, read.at(-1), offset)
        },
      }
    },
    event(received, offset) {
      const key = keyIn(received.data)
      const isChanged = event(received, offset)
      // The answer was lost, the row was not.
      if (rows.has(key)) writes.seen?.({ list: path, key })
      return isChanged
    },
    forget() {
      clear()
      next = edge = null
    },
    dump: (): Dump<T> => ({ results: [...rows.values()], next, to: edge }),
    restore: ({ results, next, to }: Dump<T>, offset) => keep(results, next, to, offset),
    written({ list, key, shown }, answer, offset) {
      if (list !== path) return false
      // An answer that is no row (of a reaction, perhaps) is followed by an event that has it.
      if (answer && shown === null) drop(key, offset)
      else if (answer?.data && versionOf(answer.data)) take([answer.data as T], offset)
      return true
    },
  })

  return {
    ...followed,
    older() {
      const from = next
      if (!from) return Promise.resolve()
      loading ??= followed
        .reconcile(async () => {
          const { results, stream, next: after } = await page(from)
          // The list was reloaded in between, so this cursor belongs to an earlier read.
          return () => next === from && { place: stream, keep: (offset) => keep(results, after, results.at(-1), offset) }
        })
        .finally(() => {
          loading = null
          followed.changed()
        })
      followed.changed()
      loading.catch(() => {})
      return loading
    },
    ...writes.ofList(view),
    saved: all,
  }
}
