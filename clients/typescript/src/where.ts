import type { ListDescriptor } from './descriptors.js'
import { comparable, valueAt } from './rows.js'

/** How a field of a row is compared with the given value. `exact_id`: in lower case. */
export type Lookup = 'exact' | 'exact_id' | 'gt' | 'gte' | 'lt' | 'lte'

/** The field of a row that a parameter is about, `author.id`, and how the two are compared. */
export type Filter = readonly [field: string, lookup: Lookup]

/** Returns a value as rows have it: without spaces around it, ids in lower case, times in UTC. */
function spelled(value: unknown, lookup?: Lookup): string {
  const text = `${value ?? ''}`.trim()
  if (lookup === 'exact_id') return text.toLowerCase()
  return lookup && lookup !== 'exact' && /^\d{4}-.*[^Z]$/.test(text) ? new Date(text).toISOString() : text
}

/** Returns which rows of its stream belong to a list, and in which order. Throws TypeError for a parameter that it does not have. */
export function whereOf({ path, order, where = [], filters = {} }: Pick<ListDescriptor<never>, 'path' | 'order' | 'where' | 'filters'>, asked: object = {}) {
  const conditions = where.map(([field, value]) => [field, 'exact_id', spelled(value, 'exact_id')] as [...Filter, value: string])
  /** The parameters to send, in the spelling with which rows are compared. */
  const query: Record<string, string> = {}
  for (const [name, given] of Object.entries(asked)) {
    const [field, lookup] = filters[name] ?? []
    const value = spelled(given, lookup)
    // The server ignores an empty filter.
    if (!value) continue
    query[name] = value
    if (lookup) conditions.push([field!, lookup, value])
    else if (name === 'ordering') order = order.map((by, i) => (i ? value.replace(/\w.*/, by.replace('-', '')) : value))
    else if (name !== 'limit') throw new TypeError(`tidewire: a live ${path} cannot have the parameter "${name}"`)
  }
  /** Whether the row belongs to the list. `given`: what alone is known of it. */
  const matches = (row: object, given?: object): boolean =>
    conditions.every(([field, lookup, value]) => {
      if (given && !(field.split('.')[0]! in given)) return true
      const own = comparable(valueAt(row, field))
      const asked = typeof own === 'number' ? +value : comparable(value)
      // The name of a lookup has the letters of what it allows: equal, less, greater. A row without a value is none of them.
      return own !== '' && lookup.includes(own === asked ? 'e' : own < asked ? 'l' : 'g')
    })
  return { query, order, matches }
}
