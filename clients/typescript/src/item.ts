import type { ItemDescriptor } from './descriptors.js'
import { following, type Context, type Following, type ListStatus, type Live } from './follower.js'
import type { Problem } from './rest.js'
import { rowsBy, type AnyRow } from './rows.js'
import { isSame, type Kept } from './store.js'
import type { Row } from './unsaved.js'

export interface LiveItemState<T> {
  /** Undefined while loading, and when it does not exist (any more) or may not be read. */
  readonly data: Row<T> | undefined
  readonly status: ListStatus
  /** It was deleted. */
  readonly isGone: boolean
  readonly error: Problem | undefined
}

/** How a resource is written. Without `createClient({ writes })` each of these throws. */
export interface ItemWrites<T extends AnyRow, Update = never> {
  /** Changes it: shown at once. Rejects with ApiError when the server refuses; the change stays, as `failed`. */
  update(patch: [Update] extends [never] ? never : Update): Promise<T>
  /** Sends its failed change again. */
  retry(): Promise<unknown>
  /** Takes back its failed or waiting changes. */
  discard(): void
}

/** One live resource. */
export interface LiveItem<T extends AnyRow, Update = never> extends Live<LiveItemState<T>>, ItemWrites<T, Update> {}

export function liveItem<T extends AnyRow, Update>(
  context: Context,
  descriptor: ItemDescriptor<T, Update>,
): LiveItem<T, Update> & Kept<LiveItemState<T>> {
  const { path, channel, id } = descriptor
  const list = path.replace(/[^/]+\/$/, '')
  const { writes } = context
  const { rows, take, event, isGone, keyIn, clear } = rowsBy<T>(descriptor)
  const which = { list, key: id }
  let shown: Row<T> | undefined

  const followed: Following<LiveItemState<T>> = following(context, channel, {
    forget: clear,
    compute(status, error) {
      const saved = rows.get(id)
      const row = writes.with?.(saved, which)
      const data = row === undefined ? saved && { ...saved, $state: 'saved' as const } : (row ?? undefined)
      if (!data || !shown || !isSame(shown, data)) shown = data
      return { data: shown, status, isGone: isGone(id), error }
    },
    async read() {
      const { data, positions } = await context.send<T>({ method: 'GET', path })
      const place = followed.placeIn(positions)
      const keep = (offset: number) => {
        clear(true)
        take([data], offset)
      }
      return { place, keep }
    },
    event: (received, offset) => keyIn(received.data) === id && event(received, offset),
    dump: () => rows.get(id),
    restore: (row: T, offset) => void take([row], offset),
    written(write, answer, offset) {
      if (write.list !== list || write.key !== id) return false
      if (answer?.data && keyIn(answer.data) === id) take([answer.data as T], offset)
      return true
    },
  })
  return {
    ...followed,
    ...writes.ofItem({ ...which, path, saved: () => rows.get(id) }),
  }
}
