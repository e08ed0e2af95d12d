import type { ListDescriptor, WireEvent } from './descriptors.js'

/** A row from the server: any object with a version. */
export type AnyRow = object

const at = (row: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], row)

export const keyOf = (row: unknown, path: string): string => String(at(row, path))

const versionOf = (row: unknown): number => (at(row, 'version') as number | undefined) ?? 0

/** Compares strings: times are RFC 3339 in UTC and ids hexadecimal, so their order is that of their characters. */
export function comparator(order: readonly string[]) {
  const paths = order.map((name) => name.replace('-', ''))
  /** The values to sort by, read once per row, because thousands of rows are compared in every frame of a burst. */
  const values = new WeakMap<object, (string | number)[]>()
  function valuesOf(row: AnyRow): (string | number)[] {
    let known = values.get(row)
    if (!known) values.set(row, (known = paths.map((path) => comparable(at(row, path)))))
    return known
  }
  return (a: AnyRow, b: AnyRow): number => {
    const [x, y] = [valuesOf(a), valuesOf(b)]
    const i = x.findIndex((value, i) => value !== y[i])
    return i < 0 ? 0 : x[i]! < y[i]! === (paths[i] === order[i]) ? -1 : 1
  }
}

/** `…:05Z` is before `…:05.1Z`, although `.` is before `Z`. */
const comparable = (value: unknown): string | number =>
  typeof value === 'number' ? value : String(value ?? '').replace(/(:\d\d)Z$/, '$1.000000Z')

/** How rows are identified and sorted; a single resource has no order. */
type Known = Pick<ListDescriptor<unknown>, 'key' | 'upsert' | 'remove'> & Partial<Pick<ListDescriptor<unknown>, 'order'>>

/**
 * The known rows of a list. The order in which their states arrive does not matter.
 *
 * Every state of a row has a place in its stream: an event its own, an answer that of its write, a page the one at or after
 * which it was read. The state with the latest place decides whether the row exists; its highest version decides its content.
 */
export function rowsBy<Row extends AnyRow>({ key: path, order = [], upsert, remove }: Known) {
  const rows = new Map<string, Row>()
  /** During a new read, the rows of the one before. */
  let before = new Map<string, Row>()
  /** The latest place at which each row was shown or removed. */
  const saidAt = new Map<string, number>()
  const compare = comparator(order)
  /** The last row of the last page: there are more rows beyond it. Null when all rows are known. */
  let edge: Row | null = null
  const keyIn = (row: unknown) => keyOf(row, path)
  const isOld = (key: string, offset: number) => offset < (saidAt.get(key) ?? 0)
  const drop = (key: string, offset: number): boolean => {
    if (isOld(key, offset)) return false
    rows.delete(key)
    saidAt.set(key, offset)
    return true
  }
  const take = (shown: readonly Row[], offset: number, isPage?: boolean): boolean => {
    let isChanged = false
    for (const row of shown) {
      const key = keyIn(row)
      const old = rows.get(key)
      if (old ? versionOf(row) < versionOf(old) : isOld(key, offset) || !(isPage || !edge || compare(row, edge) <= 0)) continue
      if (!isOld(key, offset)) saidAt.set(key, offset)
      // Fields that only REST sends (`me`) stay when an event without them arrives.
      const next = { ...old, ...row }
      const was = old ?? before.get(key)
      // A row that did not change stays the same object, so that its component does not render again.
      const kept = was && versionOf(was) === versionOf(next) && JSON.stringify(was) === JSON.stringify(next) ? was : next
      if (kept === old) continue
      rows.set(key, kept)
      isChanged = true
    }
    before.clear()
    return isChanged
  }
  return {
    rows,
    keyIn,
    /** Whether the row existed and was removed. */
    isGone: (key: string) => !rows.has(key) && saidAt.has(key),
    sorted: (): Row[] => [...rows.values()].sort(compare),
    /** Applies rows of a page, an answer or an event at `offset`. Only a page adds rows beyond the edge. Returns whether a row changed. */
    take,
    drop,
    event: ({ type, data }: WireEvent, offset: number): boolean =>
      remove.includes(type) ? drop(keyIn(data), offset) : upsert.includes(type) && take([data as Row], offset),
    /** Sets the end of the pages read so far. */
    end(row: Row | null | undefined): void {
      if (row !== undefined) edge = row
    },
    /** Forgets all rows. `isReread`: the next `take` brings them again. */
    clear(isReread = false): void {
      before = new Map(isReread ? rows : [])
      rows.clear()
      saidAt.clear()
      edge = null
    },
  }
}
