// One connection to the socket, in the JSON encoding. It shows every frame, comes back after a loss, and then recovers
// each stream from its position. An application should use an SDK: this one is made to be looked at.
//
// Events: "state" {state, text}, "frame" {isOut, text, message, ms}, "publication" {stream, publication, how},
//         "expires" {seconds}, "streams", "lost" {stream, code, reason}, "word" {text}

const FIRST_WAIT = 500
const LONGEST_WAIT = 15000

const comesBack = (code) => code < 3500 || (code >= 4000 && code < 4500)

export class Link extends EventTarget {
  constructor(url) {
    super()
    this.url = url
    this.token = ''
    this.streams = new Map() // name → {epoch, offset, join_leave}
    this.socket = null
    this.isWanted = false
    this.asked = 0
    this.waiting = new Map() // command id → {method, at, resolve, reject}
    this.attempt = 0
    this.timer = 0
    this.reasons = new Map() // close code → words, for servers that send the code alone
  }

  connect(token) {
    this.token = token
    this.isWanted = true
    this.attempt = 0
    this.open()
  }

  /** The end, until connect() is called again. */
  disconnect() {
    this.isWanted = false
    clearTimeout(this.timer)
    this.streams.clear()
    this.tell('streams')
    this.socket?.close(1000)
    this.say('idle', 'not connected')
  }

  /** As a tunnel would: the socket goes, the wish to be connected stays. */
  drop() {
    this.tell('word', { text: 'connection dropped by hand' })
    this.socket?.close(4000)
  }

  get isOnline() {
    return this.state === 'online'
  }

  // -- commands ------------------------------------------------------------------------------------------------------

  /** One command; its reply's content. Rejects with {code, message}. */
  ask(method, params) {
    const id = ++this.asked
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { method, at: performance.now(), resolve, reject }))
    this.send(JSON.stringify({ id, [method]: params }))
    return answer
  }

  /** Any text at all. Its ids may be ours: then the reply settles nothing of ours but is shown. */
  send(text) {
    if (this.socket?.readyState !== WebSocket.OPEN) throw new Error('not connected')
    this.socket.send(text)
    for (const line of text.split('\n')) this.show(true, line)
  }

  async subscribe(stream, options = {}) {
    const reply = await this.ask('subscribe', { channel: stream, ...options })
    this.streams.set(stream, { epoch: reply.epoch, offset: reply.offset ?? 0, join_leave: !!options.join_leave })
    for (const publication of reply.publications ?? []) this.arrive(stream, publication, 'replayed')
    if (reply.was_recovering && !reply.recovered)
      this.tell('word', { text: `${stream}: not recovered, what was missed is no longer known: read the list again` })
    this.tell('streams')
    return reply
  }

  async unsubscribe(stream) {
    this.streams.delete(stream)
    this.tell('streams')
    await this.ask('unsubscribe', { channel: stream })
  }

  /** Everything after this offset again, as a client that comes back would get it. */
  async replay(stream, offset) {
    const { epoch, join_leave } = this.streams.get(stream)
    await this.ask('unsubscribe', { channel: stream })
    return this.subscribe(stream, { recover: true, epoch, offset, join_leave })
  }

  // -- the socket ----------------------------------------------------------------------------------------------------

  open() {
    this.say('connecting', this.attempt ? `connecting, attempt ${this.attempt + 1}` : 'connecting')
    const socket = new WebSocket(this.url)
    this.socket = socket
    socket.onopen = () => this.greet()
    socket.onmessage = ({ data }) => this.receive(data)
    socket.onclose = ({ code, reason }) => this.socket === socket && this.closed(code, reason)
  }

  async greet() {
    try {
      const reply = await this.ask('connect', { token: this.token, name: 'console' })
      this.attempt = 0
      this.say('online', 'online')
      if (reply.ttl) this.tell('expires', { seconds: reply.ttl })
      for (const [name, position] of this.streams) this.resume(name, position)
    } catch (error) {
      if (error.code === undefined) return // the socket went meanwhile
      this.say('stopped', `${error.code} ${error.message}`)
      this.socket.close(1000)
    }
  }

  /** A newer token, on the live connection. */
  async renew(token) {
    this.token = token
    const { ttl } = this.isOnline ? await this.ask('refresh', { token }) : {}
    if (ttl) this.tell('expires', { seconds: ttl })
  }

  async resume(stream, position) {
    try {
      await this.subscribe(stream, { recover: true, ...position })
    } catch (error) {
      if (error.code === undefined) return
      this.streams.delete(stream)
      this.tell('lost', { stream, code: error.code, reason: error.message })
      this.tell('streams')
    }
  }

  closed(code, reason) {
    for (const { reject } of this.waiting.values()) reject(new Error('the connection was lost'))
    this.waiting.clear()
    if (this.state === 'idle' || this.state === 'stopped') return
    const why = `${code} ${reason || (this.reasons.get(code) ?? '')}`.trim()
    this.tell('word', { text: `closed: ${why}` })
    if (!this.isWanted || !comesBack(code)) return this.say('stopped', `stopped: ${why}`)
    const wait = Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.attempt++) + FIRST_WAIT
    this.say('waiting', `closed: ${why}, back in ${(wait / 1000).toFixed(1)} s`)
    this.timer = setTimeout(() => this.open(), wait)
  }

  receive(data) {
    for (const line of data.split('\n')) {
      const message = JSON.parse(line)
      this.show(false, line, message)
      if (message.id) this.settle(message)
      else if (message.push) this.push(message.push)
      else this.send('{}')
    }
  }

  settle(reply) {
    const waiting = this.waiting.get(reply.id)
    this.waiting.delete(reply.id)
    if (reply.error) waiting?.reject(Object.assign(new Error(reply.error.message), reply.error))
    else waiting?.resolve(reply[waiting.method] ?? {})
  }

  push({ channel, pub, unsubscribe }) {
    if (pub) this.arrive(channel, pub, 'live')
    if (!unsubscribe) return
    this.streams.delete(channel)
    this.tell('lost', { stream: channel, ...unsubscribe })
    this.tell('streams')
  }

  arrive(stream, publication, how) {
    const known = this.streams.get(stream)
    if (known && publication.offset) known.offset = publication.offset
    this.tell('publication', { stream, publication, how })
  }

  // -- telling -------------------------------------------------------------------------------------------------------

  show(isOut, text, message) {
    let parsed = message
    try {
      parsed ??= JSON.parse(text)
    } catch {
      parsed = undefined // sent on purpose
    }
    const waiting = isOut ? undefined : this.waiting.get(parsed?.id)
    this.tell('frame', { isOut, text, message: parsed, ms: waiting && performance.now() - waiting.at })
  }

  say(state, text) {
    this.state = state
    this.tell('state', { state, text })
  }

  tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
