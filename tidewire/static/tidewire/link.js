// One connection to the socket, in the JSON encoding. It reports every frame, connects again after a loss, and then
// recovers each stream from its position. It is made for the console: an application should use an SDK.
//
// Events: "state" {state, text}, "frame" {isOut, text, message, ms}, "publication" {stream, publication, how},
//         "expires" {seconds}, "streams", "lost" {stream, code, reason}, "remark" {text}

const FIRST_WAIT = 500
const LONGEST_WAIT = 15000

const connectsAgain = (code) => code < 3500 || (code >= 4000 && code < 4500)

export class Link extends EventTarget {
  constructor(url) {
    super()
    this.url = url
    this.token = ''
    this.streams = new Map() // name → {epoch, offset, join_leave}
    this.socket = null
    this.isWanted = false
    this.lastId = 0
    this.waiting = new Map() // command id → {method, at, resolve, reject}
    this.attempt = 0
    this.timer = 0
    this.reasons = new Map() // close code → reason, for servers that send the code alone
  }

  connect(token) {
    this.token = token
    this.isWanted = true
    this.attempt = 0
    this.open()
  }

  /** Ends the connection, until connect() is called again. */
  disconnect() {
    this.isWanted = false
    clearTimeout(this.timer)
    this.streams.clear()
    this.emit('streams')
    this.socket?.close(1000)
    this.setState('idle', 'not connected')
  }

  /** Closes the socket as a tunnel would: the connection is opened again. */
  drop() {
    this.emit('remark', { text: 'connection dropped by hand' })
    this.socket?.close(4000)
  }

  get isOnline() {
    return this.state === 'online'
  }

  // -- commands ------------------------------------------------------------------------------------------------------

  /** Sends one command. Resolves to its result, or rejects with {code, message}. */
  ask(method, params) {
    const id = ++this.lastId
    const result = new Promise((resolve, reject) => this.waiting.set(id, { method, at: performance.now(), resolve, reject }))
    this.send(JSON.stringify({ id, [method]: params }))
    return result
  }

  /** Sends any text. A reply whose id is not one of ask() is only reported. */
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
      this.emit('remark', { text: `${stream}: not recovered. Read the list again, because some events are no longer in the log` })
    this.emit('streams')
    return reply
  }

  async unsubscribe(stream) {
    this.streams.delete(stream)
    this.emit('streams')
    await this.ask('unsubscribe', { channel: stream })
  }

  /** Subscribes again from this offset, as a client that returns would. */
  async replay(stream, offset) {
    const { epoch, join_leave } = this.streams.get(stream)
    await this.ask('unsubscribe', { channel: stream })
    return this.subscribe(stream, { recover: true, epoch, offset, join_leave })
  }

  // -- the socket ----------------------------------------------------------------------------------------------------

  open() {
    this.setState('connecting', this.attempt ? `connecting, attempt ${this.attempt + 1}` : 'connecting')
    const socket = new WebSocket(this.url)
    this.socket = socket
    socket.onopen = () => this.sendConnect()
    socket.onmessage = ({ data }) => this.receive(data)
    socket.onclose = ({ code, reason }) => this.socket === socket && this.closed(code, reason)
  }

  async sendConnect() {
    try {
      const reply = await this.ask('connect', { token: this.token, name: 'console' })
      this.attempt = 0
      this.setState('online', 'online')
      if (reply.ttl) this.emit('expires', { seconds: reply.ttl })
      for (const [name, position] of this.streams) this.resume(name, position)
    } catch (error) {
      if (error.code === undefined) return // the socket was closed meanwhile
      this.setState('stopped', `${error.code} ${error.message}`)
      this.socket.close(1000)
    }
  }

  /** Sends a newer token on the live connection. */
  async renew(token) {
    this.token = token
    const { ttl } = this.isOnline ? await this.ask('refresh', { token }) : {}
    if (ttl) this.emit('expires', { seconds: ttl })
  }

  async resume(stream, position) {
    try {
      await this.subscribe(stream, { recover: true, ...position })
    } catch (error) {
      if (error.code === undefined) return
      this.streams.delete(stream)
      this.emit('lost', { stream, code: error.code, reason: error.message })
      this.emit('streams')
    }
  }

  closed(code, reason) {
    for (const { reject } of this.waiting.values()) reject(new Error('the connection was lost'))
    this.waiting.clear()
    if (this.state === 'idle' || this.state === 'stopped') return
    const why = `${code} ${reason || (this.reasons.get(code) ?? '')}`.trim()
    this.emit('remark', { text: `closed: ${why}` })
    if (!this.isWanted || !connectsAgain(code)) return this.setState('stopped', `stopped: ${why}`)
    const wait = Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.attempt++) + FIRST_WAIT
    this.setState('waiting', `closed: ${why}, back in ${(wait / 1000).toFixed(1)} s`)
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
    this.emit('lost', { stream: channel, ...unsubscribe })
    this.emit('streams')
  }

  arrive(stream, publication, how) {
    const known = this.streams.get(stream)
    if (known && publication.offset) known.offset = publication.offset
    this.emit('publication', { stream, publication, how })
  }

  // -- reporting ------------------------------------------------------------------------------------------------------

  show(isOut, text, message) {
    let parsed = message
    try {
      parsed ??= JSON.parse(text)
    } catch {
      parsed = undefined // a raw frame need not be JSON
    }
    const waiting = isOut ? undefined : this.waiting.get(parsed?.id)
    this.emit('frame', { isOut, text, message: parsed, ms: waiting && performance.now() - waiting.at })
  }

  setState(state, text) {
    this.state = state
    this.emit('state', { state, text })
  }

  emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
