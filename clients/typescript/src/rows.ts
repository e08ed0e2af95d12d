import type { ListDescriptor, WireEvent } from './descriptors.js'

/** A row from the server: any object with a version. */
export type AnyRow = object

export const valueAt = (row: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], row)

export const keyOf = (row: unknown, path: string): string => String(valueAt(row, path))

export const versionOf = (row: unknown): number => (valueAt(row, 'version') as number | undefined) ?? 0

/** Compares strings: times are RFC 3339 in UTC and ids hexadecimal, so their order is that of their characters. */
export function comparator(order: readonly string[]) {
  const paths = order.map((name) => name.replace('-', ''))
  /** The values to sort by, read once per row, because thousands of rows are compared in every frame of a burst. */
  const values = new WeakMap<object, (string | number)[]>()
  function valuesOf(row: AnyRow): (string | number)[] {
    let known = values.get(row)
    if (!known) values.set(row, (known = paths.map((path) => comparable(valueAt(row, path)))))
    return known
  }
  return (a: AnyRow, b: AnyRow): number => {
    const [x, y] = [valuesOf(a), valuesOf(b)]
    const i = x.findIndex((value, i) => value !== y[i])
    return i < 0 ? 0 : x[i]! < y[i]! === (paths[i] === order[i]) ? -1 : 1
  }
}

/** `…:05Z` is before `…:05.1Z`, and that before `…:05.15Z`, although `.` and digits are before `Z`. */
export const comparable = (value: unknown): string | number =>
  typeof value === 'number' ? value : String(value ?? '').replace(/(:\d\d(\.\d+)?)Z$/, '$1')

/** How rows are identified and sorted; a single resource has no order. */
type Known = Pick<ListDescriptor<unknown>, 'key' | 'upsert' | 'remove'> & Partial<Pick<ListDescriptor<unknown>, 'order'>>

/**
 * The known rows of a list. The order in which their states arrive does not matter.
 *
 * Every state of a row has a place in its stream: an event its own, an answer that of its write, a page the one at or after
 * which it was read. The state with the latest place decides whether the row is in the list; its highest version decides its
 * content. `isOutside`: the row does not belong to the list, or lies beyond its pages.
 */
export function rowsBy<Row extends AnyRow>({ key: path, order = [], upsert, remove }: Known, isOutside?: (row: Row) => boolean) {
  const rows = new Map<string, Row>()
  /** During a new read, the rows of the one before. */
  let before = new Map<string, Row>()
  /** The latest place at which each row was shown or removed. */
  const saidAt = new Map<string, number>()
  const compare = comparator(order)
  const keyIn = (row: unknown) => keyOf(row, path)
  const isOld = (key: string, offset: number) => offset < (saidAt.get(key) ?? 0)
  const drop = (key: string, offset: number): boolean => {
    if (isOld(key, offset)) return false
    saidAt.set(key, offset)
    return rows.delete(key)
  }
  const take = (shown: readonly Row[], offset: number): boolean => {
    let isChanged = false
    for (const row of shown) {
      const key = keyIn(row)
      const old = rows.get(key)
      if (old ? versionOf(row) < versionOf(old) : isOld(key, offset)) continue
      if (!isOld(key, offset)) saidAt.set(key, offset)
      // Fields that only REST sends (`me`) stay when an event without them arrives.
      const next = { ...old, ...row }
      const was = old ?? before.get(key)
      // A row that did not change stays the same object, so that its component does not render again.
      const kept = was && versionOf(was) === versionOf(next) && JSON.stringify(was) === JSON.stringify(next) ? was : next
      if (isOutside?.(kept)) isChanged = rows.delete(key) || isChanged
      else if (kept !== old) {
        rows.set(key, kept)
        isChanged = true
      }
    }
    before.clear()
    return isChanged
  }
  return {
    rows,
    compare,
    keyIn,
    /** Whether the row existed and was removed. */
    isGone: (key: string) => !rows.has(key) && saidAt.has(key),
    /** Applies rows of a page, an answer or an event at `offset`. Returns whether a row changed. */
    take,
    drop,
    event: ({ type, data }: WireEvent, offset: number): boolean =>
      remove.includes(type) ? drop(keyIn(data), offset) : upsert.includes(type) && take([data as Row], offset),
    /** Forgets all rows. `isReread`: the next `take` brings them again. */
    clear(isReread = false): void {
      before = new Map(isReread ? rows : [])
      rows.clear()
      saidAt.clear()
    },
  }
}
