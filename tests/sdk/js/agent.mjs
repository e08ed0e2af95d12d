// The public JavaScript SDK as a child process: one JSON object per line, commands in, events out.
//
// commands  {do: "connect", url, token?, asks_token?}   {do: "disconnect"}
//           {do: "subscribe", channel, since?, asks_state?}   {do: "unsubscribe", channel}
//           {answer: <ask>, value | error}
// events    {kind, channel?, ...}: connecting, connected, disconnected, subscribing, subscribed, unsubscribed, publication, error
// questions {ask: <number>, what: "token" | "state", channel?}: the SDK's callback waits for the answer
//
// Nothing of the SDK is patched, and its only listeners are those below.

import { createInterface } from 'node:readline'
import { Centrifuge } from 'centrifuge'
import WebSocket from 'ws'

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
const subscriptionKinds = ['subscribing', 'subscribed', 'unsubscribed', 'publication', 'error']

const plain = (context) => (context.error ? { ...context, ...pickError(context.error) } : context)
const pickError = (error) => ({ error: { code: error.code, message: String(error.message ?? error) } })

function listen(emitter, names, extra) {
  for (const kind of names) emitter.on(kind, (context) => say({ kind, ...extra, ...plain(context) }))
}

const commands = {
  connect({ url, token, asks_token: asksToken }) {
    client = new Centrifuge(url, {
      websocket: WebSocket,
      ...(token ? { token } : {}),
      ...(asksToken ? { getToken: () => ask('token') } : {}),
      minReconnectDelay: 100,
      maxReconnectDelay: 1000,
    })
    listen(client, kinds, {})
    client.connect()
  },

  subscribe({ channel, since, asks_state: asksState }) {
    const subscription = client.newSubscription(channel, {
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
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line)
  if (message.answer) settle(message)
  else commands[message.do](message)
}
process.exit(0)
