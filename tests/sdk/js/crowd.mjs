// Many clients of the public JavaScript SDK in one process, as an app uses it: nothing patched, the SDK's own delays.
//
// node crowd.mjs <url> <token> <channel> <count>     asked with a line on stdin, it answers with one:
//
// {subscribed, offsets: [<last of each client>], gaps, unrecovered, codes: {<code>: <how often>}, connected: [<ms since 1970>]}

import { createInterface } from 'node:readline'
import { Centrifuge } from 'centrifuge'
import WebSocket from 'ws'

const [url, token, channel, count] = process.argv.slice(2)
const OPENED_EACH_MS = 10
const codes = {}
const connected = []
let gaps = 0
let unrecovered = 0

function open() {
  const client = new Centrifuge(url, { token, websocket: WebSocket })
  const subscription = client.newSubscription(channel)
  const member = { subscription, offset: null }
  client.on('connected', () => connected.push(Date.now()))
  client.on('connecting', ({ code }) => code && (codes[code] = (codes[code] ?? 0) + 1))
  subscription.on('subscribed', ({ wasRecovering, recovered, streamPosition }) => {
    if (member.offset === null) member.offset = streamPosition.offset
    else if (!wasRecovering || !recovered) unrecovered++
  })
  subscription.on('publication', ({ offset }) => {
    gaps += offset !== member.offset + 1
    member.offset = offset
  })
  subscription.subscribe()
  client.connect()
  return member
}

const members = []
const opening = setInterval(() => {
  members.push(open())
  if (members.length === Number(count)) clearInterval(opening)
}, OPENED_EACH_MS)

for await (const _ of createInterface({ input: process.stdin })) {
  const subscribed = members.filter(({ subscription }) => subscription.state === 'subscribed').length
  const offsets = members.map(({ offset }) => offset)
  process.stdout.write(JSON.stringify({ subscribed, offsets, gaps, unrecovered, codes, connected }) + '\n')
}
process.exit(0)
