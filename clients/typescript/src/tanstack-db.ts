import type { CollectionConfig, DeleteMutationFnParams, InsertMutationFnParams, UpdateMutationFnParams } from '@tanstack/db'
import type { Client } from './client.js'
import { storeKey, type ListDescriptor } from './descriptors.js'
import { keyOf, type AnyRow } from './rows.js'
import type { Row } from './unsaved.js'

export interface TidewireCollectionOptions<T extends AnyRow, Create, Update, Query extends object> {
  readonly client: Pick<Client, 'list'>
  readonly descriptor: ListDescriptor<T, Create, Update, Query>
  /** The filters and the order of the list. */
  readonly query?: Query
  /** Reads all older pages, so that live queries see every row. If false, `client.list(…).older()` reads them. */
  readonly isWhole?: boolean
  /** The body that creates a row; the row itself if absent. The server refuses fields that are not its own. */
  readonly toCreate?: (row: T) => object
}

/**
 * `createCollection(tidewireCollection({ client, descriptor: messages(room) }))`: a collection of TanStack DB that a live list
 * keeps true. Rows have our `$state`. Inserts, updates and deletes are writes of the client, so a queue keeps them as well.
 */
export function tidewireCollection<T extends AnyRow, Create, Update, Query extends object>({
  client,
  descriptor,
  query,
  isWhole = true,
  toCreate = (row) => row,
}: TidewireCollectionOptions<T, Create, Update, Query>): CollectionConfig<Row<T>, string> {
  const list = client.list(descriptor, query)
  const getKey = (row: AnyRow) => keyOf(row, descriptor.key)
  let apply = (): void => undefined

  /** TanStack shows the write until this resolves: by then, the rows of the server have arrived. */
  async function settled(writes: Promise<unknown>[]): Promise<void> {
    await Promise.all(writes)
    apply()
  }

  return {
    id: storeKey(descriptor, query),
    getKey,
    sync: {
      rowUpdateMode: 'full',
      sync({ begin, write, commit, markReady, markError }) {
        let known = new Map<string, Row<T>>()
        apply = () => {
          const { items, status, error, hasOlder, isLoadingOlder } = list.get()
          const now = new Map(items.map((row) => [getKey(row), row]))
          const changed = [...now].filter(([key, row]) => known.get(key) !== row)
          const gone = [...known.keys()].filter((key) => !now.has(key))
          if (changed.length || gone.length) {
            begin()
            for (const [key, value] of changed) write({ type: known.has(key) ? 'update' : 'insert', value })
            for (const key of gone) write({ type: 'delete', key })
            commit()
            known = now
          }
          if (isWhole && hasOlder && !isLoadingOlder && status === 'live') void list.older().catch(() => undefined)
          if (status === 'error') markError(error)
          else if (status !== 'loading' && !(isWhole && hasOlder)) markReady()
        }
        const leave = list.subscribe(() => apply())
        apply()
        return () => {
          apply = () => undefined
          leave()
        }
      },
    },
    onInsert: ({ transaction }: InsertMutationFnParams<Row<T>, string>) =>
      settled(transaction.mutations.map(({ modified }) => list.create(toCreate(modified) as Parameters<typeof list.create>[0]))),
    onUpdate: ({ transaction }: UpdateMutationFnParams<Row<T>, string>) =>
      settled(transaction.mutations.map(({ key, changes }) => list.update(key, changes as Parameters<typeof list.update>[1]))),
    onDelete: ({ transaction }: DeleteMutationFnParams<Row<T>, string>) => settled(transaction.mutations.map(({ key }) => list.remove(key))),
  }
}
