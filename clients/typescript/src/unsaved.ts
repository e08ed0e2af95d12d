import type { Problem } from './rest.js'
import { valueAt } from './rows.js'
import { isSame } from './store.js'
import type { View, Write } from './writes.js'

/** `waiting`: for the link. `saving`: sent to the server. `failed`: not saved; `retry` or `discard` it. */
export type RowState = 'saved' | Write['state']
export type Row<T> = T & {
  readonly $state: RowState
  /** Why it was not saved, when `$state` is `failed`. */
  readonly $error?: Problem
  /** After a conflict (412), the row that another user has saved; the row itself shows your version. */
  readonly $theirs?: T
}

/** Returns the row as these writes leave it: null when one of them removes it, undefined when there is no row. */
export function rowWith<T extends object>(saved: T | undefined, writes: readonly Write[]): Row<T> | null | undefined {
  let row: Row<T> | null | undefined
  for (const { method, shown, state, error, theirs } of writes) {
    const was = row ?? saved
    const hasFailed = state === 'failed'
    // A new row that is here already was saved, and the answer is on its way.
    if (shown === undefined || row === null || (method === 'POST' ? was : !was)) continue
    if (shown === null && !hasFailed) row = null
    else {
      const $state = row?.$state === 'failed' ? 'failed' : state
      row = { ...(was as Row<T>), ...(shown as Partial<T>), $state, ...(error && { $error: error }), ...(theirs && { $theirs: theirs as T }) }
    }
  }
  return row
}

/** Returns what a change needs to notice a conflict: the values of its fields, and the version that has them. */
export const baseOf = (row: object | null | undefined, patch: object) => ({
  base: Object.fromEntries(Object.keys(patch).map((name) => [name, valueAt(row, name)])),
  version: valueAt(row, 'version') as number | undefined,
})

/** Returns the rows of a list with these writes in them. `before`: the rows with unsaved writes as they were shown last. */
export function overlaid<T extends object>({ rows, descriptor, compare, matches, show }: View<T>, writes: readonly Write[], before: Map<string, Row<T>>): Row<T>[] {
  const unsaved = new Map<string, Row<T>>()
  const hidden = new Set<string>()
  for (const [key, own] of byKey(writes)) {
    const saved = rows.get(key)
    const row = rowWith(saved, own)
    const was = before.get(key)
    // A failed write is shown, whatever the list shows otherwise.
    if (row && (row.$state === 'failed' || matches(row, saved ? undefined : own[0]!.body))) unsaved.set(key, was && isSame(was, row) ? was : row)
    else if (row !== undefined) hidden.add(key)
  }
  before.clear()
  for (const [key, row] of unsaved) before.set(key, row)
  const kept = [...rows].flatMap(([key, row]) => (hidden.has(key) ? [] : (unsaved.get(key) ?? show(row)))).sort(compare)
  // A new row has no time of the server yet: it is shown at the newest end.
  const made = [...unsaved].flatMap(([key, row]) => (rows.has(key) ? [] : row))
  return descriptor.order[0]?.startsWith('-') ? [...made.reverse(), ...kept] : [...kept, ...made]
}

function byKey(writes: readonly Write[]): Map<string, Write[]> {
  const found = new Map<string, Write[]>()
  for (const write of writes) {
    const own = found.get(write.key)
    if (own) own.push(write)
    else found.set(write.key, [write])
  }
  return found
}
