/** Why something is as it is: a code of the protocol (docs/protocol.md), and words for people. */
export interface Reason {
  readonly code: number
  readonly text: string
}

/** What the socket tells the link. */
export interface TransportEvents {
  /** The connection is lost, or an attempt failed. The next begins with `network('online')`, or when the transport likes. */
  waiting(reason: Reason): void
  /** An attempt begins and wants a token. Null: nobody is signed in. */
  token(options: { fresh: boolean }): Promise<string | null>
  online(clientId: string): void
  /** It will not try again by itself. `isSignedOut`: for want of a token. */
  stopped(reason: Reason, isSignedOut: boolean): void
  error(error: unknown): void
}

export interface Publication {
  /** A signal has no place in the stream. */
  readonly offset?: number
  readonly data: unknown
  /** Who said it: a client, for a signal. */
  readonly info?: Pick<Person, 'user' | 'client'> | undefined
}

export interface Person {
  readonly user: string
  readonly client: string
  readonly connInfo?: unknown
}

/** What one subscription tells its stream. */
export interface ChannelEvents {
  live(epoch: string): void
  lost(): void
  /** Final: the server does not want us here. */
  denied(reason: Reason): void
  publication(publication: Publication): void
  join(person: Person): void
  leave(person: Person): void
  /** The position is worth nothing any more (error 112): read everything anew, and say where that stands. */
  reload(): Promise<{ epoch: string; offset: number }>
}

export interface SubscribeOptions {
  /** Where to go on from; null when `reload` has to say so first. */
  readonly since: { readonly epoch: string; readonly offset: number } | null
  /** Whether joins and leaves are wanted. */
  readonly presence: boolean
}

export interface Channel {
  /** After this, no event of this subscription is told. */
  unsubscribe(): void
  publish(data: unknown): Promise<unknown>
  presence(): Promise<readonly Person[]>
}

/** The seam behind which the protocol's SDK sits. `createTestServer` has another side of it. */
export interface Transport {
  connect(): void
  disconnect(): void
  /** What is known of the network from elsewhere. `online`: try now. */
  network(type: 'online' | 'offline'): void
  /** Resolves when the server answers anything at all. */
  probe(): Promise<unknown>
  subscribe(channel: string, options: SubscribeOptions, events: ChannelEvents): Channel
}

export interface TransportOptions {
  readonly url: string
  readonly WebSocket?: unknown
}

export type TransportFactory = (options: TransportOptions, events: TransportEvents) => Transport
