import type { Client } from './client.js'
import { storeKey, type ItemDescriptor, type ListDescriptor, type Position } from './descriptors.js'
import type { Dehydrated, Snapshot } from './follower.js'
import { ApiError, problem } from './rest.js'
import type { AnyRow } from './rows.js'
import type { Kept } from './store.js'
import { whereOf } from './where.js'

type Reader = Pick<Client, 'list' | 'item' | 'rest'>

/** What was read for each client, to be given to the browser. */
const read = new WeakMap<object, Map<string, Snapshot>>()

/**
 * Reads a list or a resource, so that the next rendering shows it: on a server, where there is no socket. The client of a
 * server belongs to one request, because it holds what one user may see. Rejects with ApiError.
 */
export function prefetch<T extends AnyRow, Create, Update, Query extends object>(client: Reader, descriptor: ListDescriptor<T, Create, Update, Query>, query?: Query): Promise<void>
export function prefetch<T extends AnyRow, Update>(client: Reader, descriptor: ItemDescriptor<T, Update>): Promise<void>
export async function prefetch(client: Reader, descriptor: ListDescriptor<AnyRow, never, never> | ItemDescriptor<AnyRow, never>, query?: object): Promise<void> {
  const [key, store, snapshot] = 'id' in descriptor ? await ofItem(client, descriptor) : await ofList(client, descriptor, query)
  ;(store as object as Kept<unknown>).restore?.(snapshot)
  const found = read.get(client) ?? new Map<string, Snapshot>()
  read.set(client, found.set(key, snapshot))
}

/** Returns what was prefetched, as plain data for the page: `createClient({ hydrated })` begins with it, and does not read it again. */
export const dehydrate = (client: object): Dehydrated => Object.fromEntries(read.get(client) ?? [])

async function ofList(client: Reader, descriptor: ListDescriptor<AnyRow, never, never>, query?: object) {
  const { path } = descriptor
  const { data } = await client.rest.send<{ results: AnyRow[]; next: string | null; stream: Position | null }>({
    method: 'GET',
    path,
    query: whereOf(descriptor, query).query,
  })
  const { results, next, stream } = data
  return [storeKey(descriptor, query), client.list(descriptor, query), { place: placeOf(stream, path), data: { results, next, to: results.at(-1) ?? null } }] as const
}

async function ofItem(client: Reader, descriptor: ItemDescriptor<AnyRow, never>) {
  const { path, channel } = descriptor
  const { data, positions } = await client.rest.send({ method: 'GET', path })
  const position = positions.find((position) => position.channel === channel)
  return [storeKey(descriptor), client.item(descriptor), { place: placeOf(position, path), data }] as const
}

/** Without a position, the browser could not go on from here. */
function placeOf(position: Position | null | undefined, path: string): Snapshot['place'] {
  if (!position) throw new ApiError(problem(0, 'no_stream', `${path} has no stream, so it cannot be continued in the browser.`))
  return { epoch: position.epoch, offset: position.offset }
}
