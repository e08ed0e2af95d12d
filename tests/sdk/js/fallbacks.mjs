// What the SDK is given in place of a browser's WebSocket and EventSource.

// A WebSocket that a proxy blocks: it never opens.
export class BlockedWebSocket {
  constructor() {
    setTimeout(() => {
      this.onerror?.({ message: 'blocked' })
      this.onclose?.({ code: 1006, reason: '' })
    })
  }

  send() {}

  close() {}
}

// EventSource as far as the SDK uses it; Node 20 has none.
export class FetchedEventSource {
  constructor(url) {
    this._leaving = new AbortController()
    this._read(url).catch(() => {
      if (!this._leaving.signal.aborted) this.onerror({})
    })
  }

  async _read(url) {
    const headers = { accept: 'text/event-stream' }
    const response = await fetch(url, { headers, signal: this._leaving.signal })
    if (!response.ok) throw new Error(`status ${response.status}`)
    this.onopen({})
    const decoder = new TextDecoder()
    let received = ''
    for await (const part of response.body) {
      received += decoder.decode(part, { stream: true })
      const blocks = received.split('\n\n')
      received = blocks.pop()
      blocks.forEach((block) => this._dispatch(block))
    }
    throw new Error('the response has ended')
  }

  _dispatch(block) {
    const lines = block.split('\n').filter((line) => line.startsWith('data:'))
    const data = lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n')
    if (data) this.onmessage({ data })
  }

  close() {
    this._leaving.abort()
  }
}
