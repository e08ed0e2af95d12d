import type { Position, WireEvent } from './descriptors.js'
import type { Context } from './follower.js'
import type { Stream } from './stream.js'

/** How many events may wait for a slow `for await` before it is told that it fell behind. */
const MAX_WAITING = 10_000

type OfType<Event extends WireEvent, Type extends string> = Extract<Event, { type: Type }>
type Handler<Event> = (event: Event, offset: number) => void

/** A stream's events as they come: typed, in order, each once. For what is no list. */
export class EventStream<Event extends WireEvent> implements AsyncIterable<Event> {
  private stream: Stream | null = null

  constructor(
    private readonly context: Context,
    private readonly channel: string,
  ) {}

  /** Up to where everything was told; null while there is no subscription. */
  get position(): Position | null {
    const place = this.stream?.place
    return place ? { channel: this.channel, ...place } : null
  }

  /** Calls back for each event of this type. Returns how to stop that. */
  on<Type extends Event['type']>(type: Type, handler: Handler<OfType<Event, Type>>): () => void {
    return this.onAny((event, offset) => event.type === type && handler(event as OfType<Event, Type>, offset))
  }

  /** Calls back for each event, also of types that this version does not know. */
  onAny(handler: Handler<Event>): () => void {
    return this.listen({ event: (event, offset) => handler(event as Event, offset) })
  }

  /** Calls back when events may have been missed, because the server has them no more. Read anew what you keep. */
  onReset(handler: () => void): () => void {
    return this.listen({ reset: handler })
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Event> {
    const waiting: Event[] = []
    let wake: () => void = () => undefined
    let hasFallenBehind = false
    const stop = this.onAny((event) => {
      if (waiting.length < MAX_WAITING) waiting.push(event)
      else hasFallenBehind = true
      wake()
    })
    try {
      for (;;) {
        while (waiting.length) yield waiting.shift()!
        if (hasFallenBehind) throw new Error(`too slow: more than ${MAX_WAITING} events of ${this.channel} were waiting`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      stop()
    }
  }

  private listen(listener: Parameters<Stream['listen']>[0]): () => void {
    const stream = (this.stream = this.context.streamOf(this.channel))
    return stream.listen(listener)
  }
}
