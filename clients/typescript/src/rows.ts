import type { ListDescriptor, WireEvent } from './descriptors.js'

/** A row as the server wrote it, seen from here: any object with a version. */
export type AnyRow = object

const at = (row: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], row)

export const keyOf = (row: unknown, path: string): string => String(at(row, path))

const versionOf = (row: unknown): number => (at(row, 'version') as number | undefined) ?? 0

/** Plain comparison: times are RFC 3339 in UTC and ids hexadecimal, so their order is that of their letters. */
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

/** What must be known of rows to keep them: a single resource has no order. */
type Known = Pick<ListDescriptor<unknown>, 'key' | 'upsert' | 'remove'> & Partial<Pick<ListDescriptor<unknown>, 'order'>>

/**
 * The rows of a list as far as they are known, whatever order things arrive in.
 *
 * Everything that is said of a row has a place in its stream: an event its own, an answer that of its write, a page the
 * one it was read at or after. Whether a row is there is what was said last, by place; how it looks is its highest version.
 */
export function rowsBy<Row extends AnyRow>({ key: path, order = [], upsert, remove }: Known) {
  const rows = new Map<string, Row>()
  /** The latest place at which a row was shown or removed. */
  const saidAt = new Map<string, number>()
  const compare = comparator(order)
  /** The last row of the last page: beyond it, there is more that we have not read. Null when we have all. */
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
      // What only REST says of a row (`me`) outlives the events, which do not say it.
      rows.set(key, { ...old, ...row })
      if (!isOld(key, offset)) saidAt.set(key, offset)
    }
  }
  return {
    rows,
    keyIn,
    /** It was there, and was removed. */
    isGone: (key: string) => !rows.has(key) && saidAt.has(key),
    sorted: (): Row[] => [...rows.values()].sort(compare),
    /** Rows that a page, an answer or an event showed, which stood at `offset`. Only a page brings what lies beyond the edge. */
    take,
    drop,
    event({ type, data }: WireEvent, offset: number): void {
      if (remove.includes(type)) drop(keyIn(data), offset)
      else if (upsert.includes(type)) take([data as Row], offset)
    },
    /** Where the pages read so far end. */
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
