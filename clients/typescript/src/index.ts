/**
 * The client, its lists and resources, and their types.
 *
 * @module tidewire
 */
export { createClient, type Client, type ClientOptions, type ConnectionStatus, type LinkState } from './client.js'
export { apiKey, jwt, type Auth, type AuthContext, type JwtAuth, type JwtOptions, type TokenStorage } from './auth.js'
export { ApiError, type Answered, type Api, type Problem, type Request, type Rest } from './rest.js'
export type { Extra, ItemDescriptor, ListDescriptor, Position, StreamName, WireEvent } from './descriptors.js'
export type { Dehydrated, Durable, ListStatus, Live, Snapshot } from './follower.js'
export { liveList, type LiveList, type LiveListState, type ListWrites } from './list.js'
export type { Row, RowState } from './unsaved.js'
export type { Filter, Lookup } from './where.js'
export type { Write, Writes, WritesFactory } from './writes.js'
export type { OnError, Store } from './store.js'
export { liveItem, type ItemWrites, type LiveItem, type LiveItemState } from './item.js'
export { presence, type Presence, type PresenceState, type Present } from './people.js'
export { signal, type Signal, type Signalled } from './signal.js'
export { events, type EventStream } from './events.js'
export { browser, type Lifecycle, type LifecycleEvents } from './lifecycle.js'
export { ready } from './ready.js'
export type { Metrics } from './stream.js'
export type { Clock } from './clock.js'
export type { Reason, Transport, TransportFactory } from './transport.js'
export type { AnyEvent, components, paths, Schemas } from './generated/api.js'
export * from './generated/live.js'
export { uuid7 } from './uuid.js'
