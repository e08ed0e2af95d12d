// The public JavaScript SDK as a child process: one JSON object per line, commands in, events out.
//
// commands  {do: "connect", url, token?, asks_token?}   {do: "disconnect"}   {do: "reconnect"}
//           {do: "subscribe", channel, since?, asks_state?}   {do: "unsubscribe", channel}
//           {do: "call", call: <number>, name: "publish" | "history" | "presence" | "presenceStats" | "rpc", channel?, args}
//           {answer: <ask>, value | error}
// events    {kind, channel?, ...}: connecting, connected, disconnected, subscribing, subscribed, unsubscribed, publication, error
// questions {ask: <number>, what: "token" | "state", channel?}: the SDK's callback waits for the answer
//
// answers   {call: <number>, value | error}
//
// `node agent.mjs protobuf` uses the SDK's Protobuf build. `node agent.mjs json http_stream` (or sse) blocks WebSockets, so
// that the SDK falls back to that transport; connect then takes {emulation}, the server that its messages are posted to.
// Nothing of the SDK is patched, and its only listeners are those below.

import { createInterface } from 'node:readline'
import { Centrifuge as JsonCentrifuge } from 'centrifuge'
import { Centrifuge as ProtobufCentrifuge } from 'centrifuge/build/protobuf'
import WebSocket from 'ws'
import { BlockedWebSocket, FetchedEventSource } from './fallbacks.mjs'

// The Protobuf build carries data as bytes, and offsets as 64-bit objects; what they hold is the same.
const isProtobuf = process.argv[2] === 'protobuf'
const Centrifuge = isProtobuf ? ProtobufCentrifuge : JsonCentrifuge
const fallback = process.argv[3]
const encode = (data) => (isProtobuf ? new TextEncoder().encode(JSON.stringify(data)) : data)
const decode = (data) => (isProtobuf && data?.length ? JSON.parse(new TextDecoder().decode(data)) : data)

const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')
const waiting = new Map()
let asked = 0
let client = null

function ask(what, channel) {
  const number = ++asked
  const answer = new Promise((resolve, reject) => waiting.set(number, { resolve, reject }))
  say({ ask: number, what, channel })
  return answer
}

function settle({ answer, value, error }) {
  const { resolve, reject } = waiting.get(answer)
  waiting.delete(answer)
  if (error === undefined) resolve(value)
  else reject(new Error(error))
}

const kinds = ['connecting', 'connected', 'disconnected', 'error']
const subscriptionKinds = ['subscribing', 'subscribed', 'unsubscribed', 'publication', 'join', 'leave', 'error']

function plain(context) {
  const shown = { ...context }
  if (context.error) Object.assign(shown, pickError(context.error))
  if ('data' in context) shown.data = decode(context.data)
  if (context.offset !== undefined) shown.offset = Number(context.offset)
  return shown
}
const pickError = (error) => ({ error: { code: error.code, message: String(error.message ?? error) } })

function listen(emitter, names, extra) {
  for (const kind of names) emitter.on(kind, (context) => say({ kind, ...extra, ...plain(context) }))
}

const calls = {
  publish: (target, { data }) => target.publish(encode(data)),
  presence: (target) => target.presence(),
  presenceStats: (target) => target.presenceStats(),
  rpc: async (target, { method, data }) => plain(await target.rpc(method, encode(data))),
  history: async (target, options) => {
    const result = await target.history(options)
    return { ...result, offset: Number(result.offset), publications: result.publications.map(plain) }
  },
}

const commands = {
  connect({ url, token, asks_token: asksToken, emulation }) {
    const base = url.replace(/^ws/, 'http').replace('/connection/websocket', '')
    const transports = [
      { transport: 'websocket', endpoint: url },
      { transport: fallback, endpoint: `${base}/connection/${fallback}` },
    ]
    client = new Centrifuge(fallback ? transports : url, {
      websocket: fallback ? BlockedWebSocket : WebSocket,
      eventsource: FetchedEventSource,
      emulationEndpoint: `${emulation || base}/emulation`,
      ...(token ? { token } : {}),
      ...(asksToken ? { getToken: () => ask('token') } : {}),
      minReconnectDelay: 100,
      maxReconnectDelay: 1000,
    })
    listen(client, kinds, {})
    client.connect()
  },

  subscribe({ channel, since, asks_state: asksState, joins }) {
    const subscription = client.newSubscription(channel, {
      joinLeave: joins,
      ...(since ? { since } : {}),
      ...(asksState ? { getState: () => ask('state', channel) } : {}),
      minResubscribeDelay: 100,
      maxResubscribeDelay: 1000,
    })
    listen(subscription, subscriptionKinds, { channel })
    subscription.subscribe()
  },

  unsubscribe({ channel }) {
    const subscription = client.getSubscription(channel)
    subscription.unsubscribe()
    client.removeSubscription(subscription)
  },

  disconnect() {
    client?.disconnect()
  },

  reconnect() {
    client.connect()
  },

  async call({ call, name, channel, args }) {
    try {
      say({ call, value: await calls[name](channel ? client.getSubscription(channel) : client, args) })
    } catch (error) {
      say({ call, ...pickError(error) })
    }
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line)
  if (message.answer) settle(message)
  else commands[message.do](message)
}
process.exit(0)
