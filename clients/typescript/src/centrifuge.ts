import { Centrifuge, UnauthorizedError } from 'centrifuge'
import type { Channel, ChannelEvents, SubscribeOptions, Transport, TransportEvents } from './transport.js'

const TOKEN_EXPIRED = 109
const CONNECT_CALLED = 0
const UNAUTHORIZED = 1
const INVALID_TOKEN = 3500
/** Below this an unsubscribe is final, unless it is our own. */
const RESUBSCRIBE_FROM = 2500

/** Where the SDK connects to: an address, or several that it tries in turn. The messages of those without a socket have one of their own. */
export interface Addresses {
  readonly url: ConstructorParameters<typeof Centrifuge>[0]
  readonly WebSocket?: unknown
  readonly emulationEndpoint?: string
}

/** The protocol, as the published SDK implements it. No other module of this package uses the SDK. */
export const centrifugeTransport = (options: Addresses, events: TransportEvents): Transport => {
  const network = networkEvents()
  let wantsFresh = false
  const sdk = new Centrifuge(options.url, {
    ...options,
    name: 'tidewire-js',
    websocket: options.WebSocket ?? null,
    networkEventTarget: network.target,
    // The client starts each attempt (`network('online')`), so that it can show its time. These delays are only a fallback.
    minReconnectDelay: 30_000,
    maxReconnectDelay: 30_000,
    getToken: async () => {
      const fresh = wantsFresh
      wantsFresh = false
      const token = await events.token({ fresh })
      if (token === null) throw new UnauthorizedError('signed out')
      return token
    },
  })
  // Each attempt asks for a token, because a stored one may have expired.
  const forgetToken = () => sdk.setToken('')
  sdk.on('connecting', ({ code, reason }) => {
    forgetToken()
    if (code !== CONNECT_CALLED) events.waiting({ code, text: reason })
  })
  sdk.on('connected', ({ client }) => events.online(client))
  sdk.on('disconnected', ({ code, reason }) =>
    events.stopped({ code, text: reason }, code === UNAUTHORIZED || code === INVALID_TOKEN),
  )
  sdk.on('error', ({ error, type }) => {
    wantsFresh ||= error.code === TOKEN_EXPIRED
    forgetToken()
    if (sdk.state === 'connecting') events.waiting({ code: error.code, text: `${type}: ${error.message}` })
    else events.error(Object.assign(new Error(error.message), error))
  })
  return {
    connect: () => sdk.connect(),
    disconnect: () => sdk.disconnect(),
    network: network.report,
    // Any answer proves that the socket works; a server without this call answers with an error at once.
    probe: () =>
      sdk.rpc('ping', null).catch((error: { code: number }) => {
        if (error.code < 100) throw error
      }),
    subscribe: (channel, how, events) => subscribe(sdk, channel, how, events),
  }
}

/** The part of an `EventTarget` that the SDK uses: React Native has none before 0.85. */
function networkEvents() {
  const listeners = new Map<string, () => void>()
  const target = {
    addEventListener: (type: string, listener: () => void) => listeners.set(type, listener),
    removeEventListener: (type: string) => listeners.delete(type),
  }
  return { target: target as unknown as EventTarget, report: (type: 'online' | 'offline') => listeners.get(type)?.() }
}

function subscribe(sdk: Centrifuge, channel: string, how: SubscribeOptions, events: ChannelEvents): Channel {
  const subscription = sdk.newSubscription(channel, {
    since: how.since && { ...how.since },
    joinLeave: how.presence,
    getState: events.reload,
  })
  subscription.on('subscribed', ({ streamPosition }) => events.live(streamPosition?.epoch ?? ''))
  subscription.on('subscribing', events.lost)
  subscription.on('unsubscribed', ({ code, reason }) => {
    if (code && code < RESUBSCRIBE_FROM) events.denied({ code, text: reason })
  })
  subscription.on('publication', events.publication)
  subscription.on('join', ({ info }) => events.join(info))
  subscription.on('leave', ({ info }) => events.leave(info))
  subscription.on('error', events.lost)
  subscription.subscribe()
  return {
    unsubscribe() {
      subscription.removeAllListeners()
      sdk.removeSubscription(subscription)
    },
    publish: (data) => subscription.publish(data),
    presence: async () => Object.values((await subscription.presence()).clients),
  }
}
