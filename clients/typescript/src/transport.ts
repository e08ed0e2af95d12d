/** A reason: a code of the protocol (docs/protocol.md), and a text for users. */
export interface Reason {
  readonly code: number
  readonly text: string
}

/** Events of the socket, for the client. */
export interface TransportEvents {
  /** The connection is lost, or an attempt failed. The next begins with `network('online')`, or by the transport's timer. */
  waiting(reason: Reason): void
  /** An attempt begins and needs a token. Null: no user is signed in. */
  token(options: { fresh: boolean }): Promise<string | null>
  online(clientId: string): void
  /** The transport does not try again by itself. `isSignedOut`: because there is no token. */
  stopped(reason: Reason, isSignedOut: boolean): void
  error(error: unknown): void
}

export interface Publication {
  /** Absent in ephemeral messages. */
  readonly offset?: number
  readonly data: unknown
  /** The sender of an ephemeral message. */
  readonly info?: Pick<Person, 'user' | 'client'> | undefined
}

export interface Person {
  readonly user: string
  readonly client: string
  readonly connInfo?: unknown
}

/** Events of one subscription, for its stream. */
export interface ChannelEvents {
  live(epoch: string): void
  lost(): void
  /** The server refused the subscription, or ended it for good. */
  denied(reason: Reason): void
  publication(publication: Publication): void
  join(person: Person): void
  leave(person: Person): void
  /** The position can no longer be continued (error 112): reads everything again, and returns the new position. */
  reload(): Promise<{ epoch: string; offset: number }>
}

export interface SubscribeOptions {
  /** The position to continue from; null when `reload` has to return it first. */
  readonly since: { readonly epoch: string; readonly offset: number } | null
  /** Whether to receive joins and leaves. */
  readonly presence: boolean
}

export interface Channel {
  /** Ends the subscription. After this, it delivers no event. */
  unsubscribe(): void
  publish(data: unknown): Promise<unknown>
  presence(): Promise<readonly Person[]>
}

/** The interface to the protocol's SDK. `createTestServer` has another implementation. */
export interface Transport {
  connect(): void
  disconnect(): void
  /** Reports the state of the network. `online`: try now. */
  network(type: 'online' | 'offline'): void
  /** Resolves when the server sends any answer. */
  probe(): Promise<unknown>
  subscribe(channel: string, options: SubscribeOptions, events: ChannelEvents): Channel
}

export interface TransportOptions {
  readonly url: string
  readonly WebSocket?: unknown
}

export type TransportFactory = (options: TransportOptions, events: TransportEvents) => Transport
