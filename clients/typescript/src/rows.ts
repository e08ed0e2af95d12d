/** A row as the server wrote it, seen from here: any object with a version. */
export type AnyRow = object

const at = (row: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], row)

export const keyOf = (row: unknown, path: string): string => String(at(row, path))

const versionOf = (row: unknown): number => (at(row, 'version') as number | undefined) ?? 0

/** Plain comparison: times are RFC 3339 in UTC and ids hexadecimal, so their order is that of their letters. */
export function comparator(order: readonly string[]): (a: unknown, b: unknown) => number {
  const steps = order.map((name) => (name.startsWith('-') ? { name: name.slice(1), sign: -1 } : { name, sign: 1 }))
  return (a, b) => {
    for (const { name, sign } of steps) {
      const [x, y] = [comparable(at(a, name)), comparable(at(b, name))]
      if (x !== y) return x < y ? -sign : sign
    }
    return 0
  }
}

/** `…:05Z` is before `…:05.1Z`, although `.` is before `Z`. */
const comparable = (value: unknown): string | number =>
  typeof value === 'number' ? value : String(value ?? '').replace(/(:\d\d)Z$/, '$1.000000Z')

/**
 * The rows of a list as far as they are known, whatever order things arrive in.
 *
 * Events are told in order and are the truth. A page or an answer over REST shows some moment between: at least as new
 * as the place it names, and perhaps newer. So a row from REST never undoes a removal that was told after its place (if
 * the row was made again since, an event says so too), and of two versions the higher wins.
 */
export class Rows<Row extends AnyRow> {
  private readonly rows = new Map<string, Row>()
  private readonly removedAt = new Map<string, number>()
  /** The last row of the last page: beyond it, there is more that we have not read. Null when we have all. */
  edge: Row | null = null
  private readonly compare: (a: unknown, b: unknown) => number

  constructor(
    private readonly key: string,
    order: readonly string[],
  ) {
    this.compare = comparator(order)
  }

  has = (key: string): boolean => this.rows.has(key)
  read = (key: string): Row | undefined => this.rows.get(key)
  get size(): number {
    return this.rows.size
  }

  sorted(): Row[] {
    return [...this.rows.values()].sort(this.compare)
  }

  /** Rows that a page or an answer showed, which stood at `offset`. */
  merge(rows: readonly Row[], offset: number): void {
    for (const row of rows) {
      if ((this.removedAt.get(keyOf(row, this.key)) ?? 0) <= offset) this.put(row)
    }
  }

  upsert(row: Row): void {
    this.removedAt.delete(keyOf(row, this.key))
    if (this.rows.has(keyOf(row, this.key)) || !this.isBeyondEdge(row)) this.put(row)
  }

  remove(data: unknown, offset: number): void {
    const key = keyOf(data, this.key)
    this.rows.delete(key)
    this.removedAt.set(key, offset)
  }

  clear(): void {
    this.rows.clear()
    this.removedAt.clear()
    this.edge = null
  }

  isBeyondEdge(row: Row): boolean {
    return this.edge !== null && this.compare(row, this.edge) > 0
  }

  /** What only REST says of a row (`me`) outlives the events, which do not say it. */
  private put(row: Row): void {
    const key = keyOf(row, this.key)
    const old = this.rows.get(key)
    if (!old || versionOf(row) >= versionOf(old)) this.rows.set(key, old ? { ...old, ...row } : row)
  }
}
