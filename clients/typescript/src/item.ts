import type { ItemDescriptor } from './descriptors.js'
import { following, type Context, type Following, type ListStatus, type Live } from './follower.js'
import type { Problem } from './rest.js'
import { rowsBy, type AnyRow } from './rows.js'
import type { Kept } from './store.js'

export interface LiveItemState<T> {
  /** Undefined while loading, and when it does not exist (any more) or may not be read. */
  readonly data: T | undefined
  readonly status: ListStatus
  /** It was deleted. */
  readonly isGone: boolean
  readonly error: Problem | undefined
}

/** One live resource. */
export interface LiveItem<T extends AnyRow, Update = never> extends Live<LiveItemState<T>> {
  /** Changes it, and shows the server's answer at once. */
  update(patch: [Update] extends [never] ? never : Update): Promise<T>
}

export function liveItem<T extends AnyRow, Update>(
  context: Context,
  descriptor: ItemDescriptor<T, Update>,
): LiveItem<T, Update> & Kept<LiveItemState<T>> {
  const { path, channel, id } = descriptor
  const { rows, take, event, isGone, keyIn, clear } = rowsBy<T>(descriptor)
  const followed: Following<LiveItemState<T>> = following(context, channel, {
    forget: clear,
    compute: (status, error) => ({ data: rows.get(id), status, isGone: isGone(id), error }),
    async read() {
      const { data, place } = await followed.call<T>('GET', path)
      const keep = () => {
        clear(true)
        take([data], place?.offset ?? 0)
      }
      return { place, keep }
    },
    event: (received, offset) => keyIn(received.data) === id && event(received, offset),
  })
  return {
    ...followed,
    async update(patch) {
      const { data, offset } = await followed.call<T>('PATCH', path, { body: patch })
      take([data], offset)
      followed.changed()
      return data
    },
  }
}
