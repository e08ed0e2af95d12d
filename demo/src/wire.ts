/** A network that can be broken: everything a person's client sends and hears goes through here. */
import type { Lifecycle, LifecycleEvents } from 'tidewire'

export interface Frame {
  readonly n: number
  readonly at: number
  readonly way: 'in' | 'out' | 'note'
  readonly text: string
}

const KEPT = 300

export class Wire {
  frames: readonly Frame[] = []
  private isUp = true
  private count = 0
  private events: LifecycleEvents | null = null
  private readonly open = new Set<WebSocket>()
  private readonly listeners = new Set<() => void>()

  get isOnline(): boolean {
    return this.isUp
  }

  readonly lifecycle: Lifecycle = {
    isOnline: () => this.isUp,
    watch: (events) => {
      this.events = events
      return () => (this.events = null)
    },
  }

  readonly fetch: typeof fetch = (input, init) =>
    this.isUp ? globalThis.fetch(input, init) : Promise.reject(new TypeError('offline (this page says so)'))

  /** What the client gets as WebSocket: the browser's own, watched, and refused while offline. */
  readonly WebSocket: typeof WebSocket = (() => {
    const wire = this
    return class extends globalThis.WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols)
        if (wire.isUp) this.watch()
        else this.close()
      }
      private watch(): void {
        wire.open.add(this)
        this.addEventListener('open', () => wire.note('socket open'))
        this.addEventListener('message', ({ data }) => wire.log('in', String(data)))
        this.addEventListener('close', ({ code, reason }) => {
          wire.open.delete(this)
          wire.note(`socket closed ${code} ${reason}`)
        })
      }
      override send(data: string): void {
        wire.log('out', data)
        super.send(data)
      }
    }
  })()

  /** As a switch that reboots: the socket is gone, nobody said goodbye. */
  cut(): void {
    this.note('the socket is cut')
    for (const socket of this.open) socket.close()
  }

  setOnline(isUp: boolean): void {
    if (this.isUp === isUp) return
    this.isUp = isUp
    this.note(isUp ? 'the network is back' : 'the network is gone')
    if (!isUp) for (const socket of this.open) socket.close()
    this.events?.[isUp ? 'online' : 'offline']()
  }

  get = (): readonly Frame[] => this.frames

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  note(text: string): void {
    this.log('note', text)
  }

  private log(way: Frame['way'], data: string): void {
    const lines = data.split('\n').filter(Boolean)
    const frames = lines.map((text) => ({ n: ++this.count, at: Date.now(), way, text: hidden(text) }))
    this.frames = [...this.frames, ...frames].slice(-KEPT)
    for (const listener of this.listeners) listener()
  }
}

/** Tokens are nobody's business, also on a demo's screen. */
const hidden = (text: string) => text.replace(/"token":"[^"]+"/g, '"token":"…"')
