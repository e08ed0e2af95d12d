import { storeKey, type Extra, type ListDescriptor, type Position } from './descriptors.js'
import type { Context, Following } from './follower.js'
import { liveList, type LiveList, type LiveListState } from './list.js'
import type { ApiError, Answered, Request } from './rest.js'
import type { AnyRow } from './rows.js'
import type { Store } from './store.js'
import { whereOf } from './where.js'
import type { PendingWrites, View, Write } from './writes.js'

export interface ListWindowState<T> extends LiveListState<T> {
  /** Whether there may be rows before the first one, for `newer()`. */
  readonly hasNewer: boolean
  readonly isLoadingNewer: boolean
}

/** A live list that can begin at any row: at a search result, or at the message of a link. */
export interface ListWindow<T extends AnyRow, Create = never, Update = never>
  extends Omit<LiveList<T, Create, Update>, keyof Store<unknown>>,
    Store<ListWindowState<T>> {
  /**
   * Shows this row with those around it. The rows shown before are replaced when they are read; if the row is shown already,
   * nothing happens. Rejects with ApiError (400, `not_in_list`) when the list has no such row, and stays where it is.
   */
  around(key: string): Promise<void>
  /** Reads the page before the first row. Simultaneous calls read only one. */
  newer(): Promise<void>
  /** Goes back to the beginning of the list. */
  newest(): Promise<void>
}

interface Page<T> {
  readonly previous: string | null
  readonly next: string | null
  readonly results: readonly T[]
  readonly stream: Position | null
}

type Opened<T extends AnyRow, Create, Update> = LiveList<T, Create, Update> & Following<LiveListState<T>>

/**
 * Away from the beginning, there are rows between the newest and the first one shown that are not known. New rows that events
 * bring are therefore kept, but not shown, until `newer()` has read up to them.
 */
function windowOf<T extends AnyRow, Create, Update, Query extends object>(
  context: Context,
  descriptor: ListDescriptor<T, Create, Update, Query>,
  asked?: Query,
): ListWindow<T, Create, Update> & Opened<T, Create, Update> {
  const { path, key: keyPath } = descriptor
  const { durable, writes: own } = context
  const { query } = whereOf(descriptor, asked)
  const listeners = new Set<() => void>()
  /** The row with which the list was opened, while there may be rows before `start`. */
  let anchor: string | null = null
  /** The first row; null at the beginning of the list. */
  let start: T | null = null
  let previous: string | null = null
  let loading: Promise<void> | null = null
  let jumps = 0
  let view: View<T> | undefined
  let from: LiveListState<T> | undefined
  let state: ListWindowState<T> | undefined

  const changed = () => context.soon(() => [...listeners].forEach((listener) => context.guard(listener)))
  const read = async (request: Partial<Request>) => (await context.send<Page<T>>({ method: 'GET', path, ...request })).data

  function begin(link: string | null, first: T | undefined, at = anchor): void {
    previous = link
    start = (link && first) || null
    anchor = link ? at : null
    changed()
  }

  /** Reads the first page, and the pages before it up to where the list began so far. */
  async function first(request: Request): Promise<Answered<Page<T>>> {
    let answer: Answered<Page<T>>
    const at = anchor
    try {
      answer = await context.send<Page<T>>(at === null ? request : { ...request, query: { ...request.query, around: at } })
    } catch (error) {
      // The row has gone: the list begins at its beginning.
      if (at === null || (error as ApiError).status !== 400) throw error
      answer = await context.send<Page<T>>(request)
    }
    let { results, previous: link } = answer.data
    while (link && results[0] && start && view && view.compare(results[0], start) > 0) {
      const more = await read({ path: link })
      results = [...more.results, ...results]
      link = more.previous
    }
    return { ...answer, data: { ...answer.data, results, kept: () => begin(link, results[0], at) } as Page<T> }
  }

  const writes: PendingWrites = {
    ...own,
    over<Row extends object>(asked: View<Row>) {
      view = asked as unknown as View<T>
      const { rows, compare, show } = asked
      const all = own.over?.(asked) ?? [...rows.values()].sort(compare).map(show)
      const edge = start as object as Row | null
      return edge ? all.filter((row) => row.$state === 'failed' || compare(row, edge) >= 0) : all
    },
  }
  const list = liveList<T, Create, Update, Query>(
    {
      ...context,
      writes,
      send: (<Data>(request: Request) => (request.path === path ? first(request) : context.send<Data>(request))) as Context['send'],
      // What is kept is shown at the beginning of the next visit, which is that of the list.
      durable: durable && { load: (key) => durable.load(key), changed: (key, dump) => durable.changed(key, () => (start ? undefined : dump())) },
    },
    descriptor,
    asked,
  ) as Opened<T, Create, Update>

  const keysOf = () => list.get().items.map((row) => keyPath.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], row))

  async function jump(key: string | null): Promise<void> {
    const mine = ++jumps
    await list.reconcile(async () => {
      const { results, next, previous: link, stream } = await read({ query: key === null ? query : { ...query, around: key } })
      return () => {
        if (mine !== jumps) return false
        // Before the stream hears of the new position: it may begin another read at once, which goes on, around this row.
        list.reset()
        begin(link, results[0], key)
        const keep = () => list.restore!({ place: stream ?? { epoch: '', offset: 0 }, data: { results, next, to: results.at(-1) } })
        return { place: stream, keep }
      }
    })
  }

  return {
    ...list,
    get() {
      const now = list.get()
      if (!state || from !== now || state.hasNewer !== !!previous || state.isLoadingNewer !== !!loading) {
        state = { ...(from = now), hasNewer: !!previous, isLoadingNewer: !!loading }
      }
      return state
    },
    subscribe(listener) {
      const heard = () => listener()
      listeners.add(heard)
      const leave = list.subscribe(heard)
      return () => {
        listeners.delete(heard)
        leave()
      }
    },
    saved: () => (start ? list.saved().filter((row) => view!.compare(row, start!) >= 0) : list.saved()),
    around: (key) => (keysOf().includes(key) ? Promise.resolve() : jump(key)),
    newest: () => (previous ? jump(null) : Promise.resolve()),
    newer() {
      const link = previous
      if (!link) return Promise.resolve()
      if (loading) return loading
      loading = list
        .reconcile(async () => {
          const { results, previous: before, stream } = await read({ path: link })
          // If the list was read again in between, this page belongs to an earlier read.
          return () =>
            previous === link && {
              place: stream,
              keep() {
                for (const data of results) list.written!({ list: path } as Write, { data, positions: stream ? [stream] : [] })
                begin(before, results[0])
              },
            }
        })
        .finally(() => {
          loading = null
          changed()
        })
      changed()
      loading.catch(() => {})
      return loading
    },
    reset() {
      jumps++
      begin(null, undefined)
      list.reset()
    },
  }
}

/** `client.open(listWindow(messages(room)))`: a live list with `around(id)` and `newer()`. */
export const listWindow = <T extends AnyRow, Create, Update, Query extends object>(
  descriptor: ListDescriptor<T, Create, Update, Query>,
  query?: Query,
): Extra<ListWindow<T, Create, Update>> => ({
  key: `window ${storeKey(descriptor, query)}`,
  open: (context) => windowOf(context, descriptor, query),
})
