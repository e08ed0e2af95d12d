import { centrifugeTransport } from './centrifuge.js'
import type { TransportFactory } from './transport.js'

/**
 * For networks that block WebSockets: `createClient({ …, transport: withFallback })`. Where the socket does not open, the
 * connection is one response over HTTP, or server-sent events, and a request for each message. Nothing else changes.
 */
export const withFallback: TransportFactory = (options, events) => {
  const base = options.url.replace(/^ws/, 'http').replace(/\/connection\/websocket$/, '')
  const url = [
    { transport: 'websocket' as const, endpoint: options.url },
    { transport: 'http_stream' as const, endpoint: `${base}/connection/http_stream` },
    { transport: 'sse' as const, endpoint: `${base}/connection/sse` },
  ]
  return centrifugeTransport({ ...options, url, emulationEndpoint: `${base}/emulation` }, events)
}
