import type { ListDescriptor, Position } from './descriptors.js'
import { following, type Context, type Following, type ListStatus, type Live } from './follower.js'
import { ApiError, type Problem } from './rest.js'
import { rowsBy, type AnyRow } from './rows.js'
import type { Kept } from './store.js'
import { uuid7 } from './uuid.js'

/** `saving`: sent to the server. `failed`: not saved; `retry` or `discard` it. */
export type RowState = 'saved' | 'saving' | 'failed'
export type Row<T> = T & { readonly $state: RowState }

export interface LiveListState<T> {
  readonly items: readonly Row<T>[]
  readonly status: ListStatus
  readonly error: Problem | undefined
  /** Whether there are more rows for `older()`. */
  readonly hasOlder: boolean
  readonly isLoadingOlder: boolean
  /** Writes that the server has not answered yet. */
  readonly pending: number
}

interface Page<T> {
  readonly next: string | null
  readonly results: readonly T[]
  readonly stream: Position | null
}

interface Draft<T> {
  readonly row: T
  readonly body: object
  state: RowState
}

/** After a long absence, at most this many pages are read again at once. */
const MAX_PAGES = 20

/** The id of a new row, chosen by the client; the server keeps it. */
type Input<Create> = [Create] extends [never] ? never : Omit<Create, 'id'>

/** A live list: the pages read so far, every later event, and the client's own unsaved writes. */
export interface LiveList<T extends AnyRow, Create = never, Update = never> extends Live<LiveListState<T>> {
  /** Reads the next page. Simultaneous calls read only one. */
  older(): Promise<void>
  /**
   * Shows a new row at once and sends it. The client chooses its id, which is also the request's Idempotency-Key. So
   * sending it twice creates one row, and the row's event replaces the shown values. `preview`: further values to show
   * until then. The promise rejects with ApiError when sending failed; the row stays, as `failed`.
   */
  create(input: Input<Create>, preview?: Partial<T>): Promise<T>
  /** Sends a failed row again. */
  retry(id: string): Promise<T | undefined>
  /** Removes a failed row from the list. */
  discard(id: string): void
  /** Changes a row: shown at once, and undone when the server refuses. */
  update(key: string, patch: [Update] extends [never] ? never : Update): Promise<T>
  /** Removes a row: at once, and undone when the server refuses. */
  remove(key: string): Promise<void>
}

export function liveList<T extends AnyRow, Create, Update>(
  context: Context,
  descriptor: ListDescriptor<T, Create, Update>,
  query?: Record<string, unknown>,
): LiveList<T, Create, Update> & Kept<LiveListState<T>> {
  const { path, order } = descriptor
  const { rows, keyIn, sorted, take, drop, event, end, clear } = rowsBy<T>(descriptor)
  const drafts = new Map<string, Draft<T>>()
  const patches = new Map<string, object>()
  const hidden = new Set<string>()
  /** How each row is shown: the same object while it stays the same row, so that its component need not render again. */
  const shown = new WeakMap<T, Row<T>>()
  let items: readonly Row<T>[] = []
  let next: string | null = null
  let loading: Promise<void> | null = null
  let pending = 0

  // -- reading --------------------------------------------------------------------------------------------------------

  const page = async (path: string, query?: Record<string, unknown>) =>
    (await followed.call<Page<T>>('GET', path, { query })).data

  function keepPage(page: readonly T[], after: string | null, offset: number): void {
    take(page, offset, true)
    for (const row of page) drafts.delete(keyIn(row))
    next = after
    end(next === null ? null : page.at(-1))
  }

  function show(row: T, $state: RowState): Row<T> {
    let made = shown.get(row)
    if (made?.$state !== $state) shown.set(row, (made = { ...row, $state }))
    return made
  }

  const followed: Following<LiveListState<T>> = following(context, descriptor.channel, {
    compute(status, error) {
      const saved = sorted().flatMap((row) => {
        const key = keyIn(row)
        const patch = patches.get(key)
        return hidden.has(key) ? [] : [patch ? { ...row, ...patch, $state: 'saving' as const } : show(row, 'saved')]
      })
      const unsaved = [...drafts.values()].map(({ row, state }) => show(row, state))
      // An unsaved row has no time of the server yet: it is shown at the newest end.
      const rows = order[0]?.startsWith('-') ? [...unsaved.reverse(), ...saved] : [...saved, ...unsaved]
      if (rows.length !== items.length || rows.some((row, i) => row !== items[i])) items = rows
      return { items, status, error, hasOlder: next !== null, isLoadingOlder: loading !== null, pending }
    },
    async read() {
      const wanted = rows.size
      const { results, stream, next: second } = await page(path, query)
      const read = [...results]
      let after = second
      // As many rows as were shown before, so that the scroll position stays valid.
      for (let i = 1; after && read.length < wanted && i < MAX_PAGES; i++) {
        const { results, next } = await page(after)
        read.push(...results)
        after = next
      }
      const keep = () => {
        clear(true)
        keepPage(read, after, stream?.offset ?? 0)
      }
      return { place: stream, keep }
    },
    event(received, offset) {
      const key = keyIn(received.data)
      const isChanged = event(received, offset)
      return (rows.has(key) && drafts.delete(key)) || isChanged
    },
    forget() {
      clear()
      items = []
      next = null
      for (const kept of [drafts, patches, hidden]) kept.clear()
    },
  })
  const { changed } = followed

  // -- writing: over REST, shown at once --------------------------------------------------------------------------------

  async function send<Data>(method: string, key: string, body?: object, id = '', after?: () => unknown): Promise<Data> {
    const draft = drafts.get(id)
    if (draft) draft.state = 'saving'
    pending++
    changed()
    try {
      const to = key && `${encodeURIComponent(key)}/`
      const { data, offset } = await followed.call<Data>(method, path + to, { body, headers: id ? { 'Idempotency-Key': id } : undefined })
      if (data) take([data as unknown as T], offset)
      else drop(key, offset)
      drafts.delete(id)
      return data
    } catch (error) {
      if (draft) draft.state = 'failed'
      if (!(error instanceof ApiError)) context.onError(error)
      throw error
    } finally {
      pending--
      after?.()
      changed()
    }
  }

  /** A caller that awaits the promise gets the error. Without await, it is in the list's state, not an unhandled rejection. */
  const quiet = <P extends Promise<unknown>>(promise: P): P => {
    promise.catch(() => {})
    return promise
  }

  return {
    ...followed,
    older() {
      const from = next
      if (!from) return Promise.resolve()
      loading ??= followed
        .reconcile(async () => {
          const { results, stream, next: after } = await page(from)
          // The list was reloaded in between, so this cursor belongs to an earlier read.
          return next === from ? { place: stream, keep: () => keepPage(results, after, stream?.offset ?? 0) } : null
        })
        .finally(() => {
          loading = null
          changed()
        })
      changed()
      return quiet(loading!)
    },
    create(input, preview) {
      if (descriptor.key !== 'id') return quiet(send<T>('POST', '', input))
      const id = uuid7(context.clock.now())
      const body: object = { ...(input as object), id }
      drafts.set(id, { row: { ...descriptor.blank(), ...(input as object), ...preview, id }, body, state: 'saving' })
      return quiet(send<T>('POST', '', body, id))
    },
    retry(id) {
      const draft = drafts.get(id)
      return draft?.state === 'failed' ? quiet(send<T>('POST', '', draft.body, id)) : Promise.resolve(undefined)
    },
    discard(id) {
      if (drafts.get(id)?.state === 'failed') drafts.delete(id)
      changed()
    },
    update(key, patch) {
      patches.set(key, patch as object)
      return quiet(send<T>('PATCH', key, patch as object, '', () => patches.get(key) === patch && patches.delete(key)))
    },
    remove(key) {
      hidden.add(key)
      return quiet(send<void>('DELETE', key, undefined, '', () => hidden.delete(key)))
    },
  }
}
