import { createContext, createElement, useCallback, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from 'react'
import type { Client, ConnectionStatus } from './client.js'
import { channelOf, type ItemDescriptor, type ListDescriptor, type StreamName, type WireEvent } from './descriptors.js'
import { events } from './events.js'
import type { AnyEvent } from './generated/api.js'
import type { LiveItem, LiveItemState } from './item.js'
import type { LiveList, LiveListState } from './list.js'
import { presence, type PresenceState } from './people.js'
import type { AnyRow } from './rows.js'
import { signal, type Signalled } from './signal.js'
import { listWindow, type ListWindow, type ListWindowState } from './window.js'
import type { Write, Writes } from './writes.js'

/** The descriptor of a hook. `null`: not known yet. */
type Maybe<T> = T | null | undefined | false | ''

// The part of a client that hooks need, for any types of paths and events.
type AnyClient = Pick<Client, 'list' | 'item' | 'open' | 'writes' | 'get' | 'subscribe'>

const ClientContext = createContext<AnyClient | null>(null)

export function TidewireProvider({ client, children }: { client: AnyClient; children?: ReactNode }): ReactNode {
  return createElement(ClientContext.Provider, { value: client }, children)
}

export function useClient<C extends AnyClient = Client>(): C {
  const client = useContext(ClientContext)
  if (!client) throw new Error('tidewire: put a <TidewireProvider client={…}> around this component')
  return client as C
}

interface Readable<State> {
  get(): State
  subscribe(listener: () => void): () => void
}

const nothing = () => () => undefined

/** What a page of a server shows of each store. The first render in the browser must show the same, whenever it comes. */
const rendered = new WeakMap<object, unknown>()

function useStore<State>(store: Readable<State> | null, empty: State): State {
  const get = () => (store ? store.get() : empty)
  const first = () => {
    if (!store) return empty
    if (!rendered.has(store)) rendered.set(store, store.get())
    return rendered.get(store) as State
  }
  return useSyncExternalStore(store?.subscribe ?? nothing, get, first)
}

/** The state of the connection: for a message such as "Reconnecting…". */
export function useConnection(): ConnectionStatus {
  const client = useClient()
  return useSyncExternalStore(client.subscribe, client.get, client.get)
}

const LIST: LiveListState<never> = { items: [], status: 'loading', error: undefined, hasOlder: false, isLoadingOlder: false, pending: 0 }
const ITEM: LiveItemState<never> = { data: undefined, status: 'loading', isGone: false, error: undefined }
const NO_PRESENCE: PresenceState = { people: [], status: 'loading' }
const NO_MESSAGES: readonly Signalled<never>[] = []

export type UseLiveList<T extends AnyRow, Create, Update> = LiveListState<T> &
  Pick<LiveList<T, Create, Update>, 'create' | 'update' | 'remove' | 'write' | 'older' | 'retry' | 'discard' | 'refresh'>

/** `useLiveList(roomId && messages(roomId))`: the rows of a live list, and its methods. */
export function useLiveList<T extends AnyRow, Create, Update, Query extends object>(
  descriptor: Maybe<ListDescriptor<T, Create, Update, Query>>,
  query?: Query,
): UseLiveList<T, Create, Update> {
  const client = useClient()
  const list = descriptor ? client.list(descriptor, query) : null
  const state = useStore<LiveListState<T>>(list, LIST)
  const todo = useMemo(() => actions(list), [list])
  return useMemo(() => ({ ...state, ...todo }), [state, todo])
}

function actions<T extends AnyRow, Create, Update>(list: Omit<LiveList<T, Create, Update>, 'get' | 'subscribe'> | null) {
  const need = () => {
    if (!list) throw new Error('tidewire: this list is not there yet')
    return list
  }
  return {
    create: (...args: Parameters<LiveList<T, Create, Update>['create']>) => need().create(...args),
    update: (...args: Parameters<LiveList<T, Create, Update>['update']>) => need().update(...args),
    remove: (key: string) => need().remove(key),
    write: (...args: Parameters<LiveList<T, Create, Update>['write']>) => need().write(...args),
    older: () => need().older(),
    retry: (id: string) => need().retry(id),
    discard: (id: string) => need().discard(id),
    refresh: () => need().refresh(),
  }
}

const WINDOW: ListWindowState<never> = { ...LIST, hasNewer: false, isLoadingNewer: false }

export type UseListWindow<T extends AnyRow, Create, Update> = UseLiveList<T, Create, Update> &
  ListWindowState<T> &
  Pick<ListWindow<T, Create, Update>, 'around' | 'newer' | 'newest'>

/** `useListWindow(roomId && messages(roomId))`: a live list that can begin at any row, with `around(id)` and `newer()`. */
export function useListWindow<T extends AnyRow, Create, Update, Query extends object>(
  descriptor: Maybe<ListDescriptor<T, Create, Update, Query>>,
  query?: Query,
): UseListWindow<T, Create, Update> {
  const client = useClient()
  const list = descriptor ? client.open(listWindow(descriptor, query)) : null
  const state = useStore<ListWindowState<T>>(list, WINDOW)
  const todo = useMemo(
    () => ({
      ...actions<T, Create, Update>(list),
      around: (key: string) => list?.around(key) ?? Promise.resolve(),
      newer: () => list?.newer() ?? Promise.resolve(),
      newest: () => list?.newest() ?? Promise.resolve(),
    }),
    [list],
  )
  return useMemo(() => ({ ...state, ...todo }), [state, todo])
}

export type UseLiveItem<T extends AnyRow, Update> = LiveItemState<T> & Pick<LiveItem<T, Update>, 'refresh' | 'update' | 'retry' | 'discard'>

/** `useLiveItem(roomId && room(roomId))`: one live resource. */
export function useLiveItem<T extends AnyRow, Update>(descriptor: Maybe<ItemDescriptor<T, Update>>): UseLiveItem<T, Update> {
  const client = useClient()
  const item = descriptor ? client.item(descriptor) : null
  const state = useStore<LiveItemState<T>>(item, ITEM)
  return useMemo(
    () => ({
      ...state,
      refresh: () => item?.refresh(),
      retry: () => item?.retry() ?? Promise.resolve(),
      discard: () => item?.discard(),
      update: (patch: Parameters<LiveItem<T, Update>['update']>[0]) =>
        item ? item.update(patch) : Promise.reject(new Error('tidewire: this item is not there yet')),
    }),
    [state, item],
  )
}

/**
 * Calls back for every event of a stream while the component is mounted. The newest handler is called. `onReset`: events may
 * be missing, because the server no longer has them; read your data again.
 */
export function useStream<Event extends WireEvent = AnyEvent>(
  name: Maybe<StreamName>,
  handler: (event: Event, offset: number) => void,
  onReset?: () => void,
): void {
  const client = useClient<AnyClient>()
  const newest = useRef({ handler, onReset })
  useEffect(() => void (newest.current = { handler, onReset }))
  const channel = name ? channelOf(name) : null
  useEffect(() => {
    if (!channel) return undefined
    const stream = client.open(events<Event>(channel))
    const stops = [stream.onAny((event, offset) => newest.current.handler(event, offset)), stream.onReset(() => newest.current.onReset?.())]
    return () => stops.forEach((stop) => stop())
  }, [client, channel])
}

/** `usePresence(roomId && messages(roomId))`: the users that are subscribed. */
export function usePresence(name: Maybe<StreamName>): PresenceState {
  const client = useClient()
  return useStore(name ? client.open(presence(name)) : null, NO_PRESENCE)
}

/** Ephemeral messages: `const [typing, send] = useSignal(roomId && messages(roomId), 'typing')` */
export function useSignal<Data = unknown>(
  name: Maybe<StreamName>,
  type: string,
): readonly [received: readonly Signalled<Data>[], send: (data?: Data) => void] {
  const client = useClient()
  const found = name ? client.open(signal<Data>(name, type)) : null
  const received = useStore<readonly Signalled<Data>[]>(found, NO_MESSAGES)
  const send = useCallback((data?: Data) => found?.send(data), [found])
  return [received, send]
}

/** The writes that the server has not confirmed, with `retry` and `discard`: for a list of what waits. */
export function useWrites(): { readonly writes: readonly Write[] } & Pick<Writes, 'retry' | 'discard'> {
  const { writes } = useClient<AnyClient>()
  const found = useSyncExternalStore(writes.subscribe, writes.get, () => NO_WRITES)
  return useMemo(() => ({ writes: found, retry: writes.retry, discard: writes.discard }), [writes, found])
}

const NO_WRITES: readonly Write[] = []

/** Whether a user is signed in, and which: `unknown` until the storage of tokens was read. */
export interface Session {
  readonly state: 'unknown' | 'signed-in' | 'signed-out'
  readonly userId: string | null
}

/** `useSession(auth)`: for the choice between the app and its sign-in page. It follows the other tabs, too. */
export function useSession(auth: UserSource): Session {
  const [session, setSession] = useState<Session>({ state: 'unknown', userId: null })
  useEffect(() => {
    let isHere = true
    const ask = () => void auth.userId().then((userId) => isHere && setSession({ userId, state: userId === null ? 'signed-out' : 'signed-in' }))
    ask()
    const stop = auth.onChange(ask)
    return () => {
      isHere = false
      stop()
    }
  }, [auth])
  return session
}

interface UserSource {
  userId(): Promise<string | null>
  onChange(listener: () => void): () => void
}

/** The user's id once it is known, for descriptors that need it: `rooms(userId)`. */
export const useUserId = (auth: UserSource): string | null => useSession(auth).userId
