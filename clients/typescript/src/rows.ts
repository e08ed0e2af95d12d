import type { ListDescriptor, WireEvent } from './descriptors.js'

/** A row from the server: any object with a version. */
export type AnyRow = object

const at = (row: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], row)

export const keyOf = (row: unknown, path: string): string => String(at(row, path))

const versionOf = (row: unknown): number => (at(row, 'version') as number | undefined) ?? 0

/** Compares strings: times are RFC 3339 in UTC and ids hexadecimal, so their order is that of their characters. */
export const comparator =
  (order: readonly string[]) =>
  (a: unknown, b: unknown): number => {
    for (const name of order) {
      const path = name.replace('-', '')
      const [x, y] = [comparable(at(a, path)), comparable(at(b, path))]
      if (x !== y) return x < y === (path === name) ? -1 : 1
    }
    return 0
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
  /** The latest place at which each row was shown or removed. */
  const saidAt = new Map<string, number>()
  const compare = comparator(order)
  /** The last row of the last page: there are more rows beyond it. Null when all rows are known. */
  let edge: Row | null = null
  const keyIn = (row: unknown) => keyOf(row, path)
  const isOld = (key: string, offset: number) => offset < (saidAt.get(key) ?? 0)
  const drop = (key: string, offset: number) => {
    if (isOld(key, offset)) return
    rows.delete(key)
    saidAt.set(key, offset)
  }
  const take = (shown: readonly Row[], offset: number, isPage?: boolean) => {
    for (const row of shown) {
      const key = keyIn(row)
      const old = rows.get(key)
      if (old ? versionOf(row) < versionOf(old) : isOld(key, offset) || !(isPage || !edge || compare(row, edge) <= 0)) continue
      // Fields that only REST sends (`me`) stay when an event without them arrives.
      rows.set(key, { ...old, ...row })
      if (!isOld(key, offset)) saidAt.set(key, offset)
    }
  }
  return {
    rows,
    keyIn,
    /** Whether the row existed and was removed. */
    isGone: (key: string) => !rows.has(key) && saidAt.has(key),
    sorted: (): Row[] => [...rows.values()].sort(compare),
    /** Applies rows of a page, an answer or an event at `offset`. Only a page adds rows beyond the edge. */
    take,
    drop,
    event({ type, data }: WireEvent, offset: number): void {
      if (remove.includes(type)) drop(keyIn(data), offset)
      else if (upsert.includes(type)) take([data as Row], offset)
    },
    /** Sets the end of the pages read so far. */
    end(row: Row | null | undefined): void {
      if (row !== undefined) edge = row
    },
    clear(): void {
      rows.clear()
      saidAt.clear()
      edge = null
    },
  }
}
