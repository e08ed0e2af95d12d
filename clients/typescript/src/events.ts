import type { Position, WireEvent } from './descriptors.js'
import type { Context } from './follower.js'
import type { Listener, Stream } from './stream.js'

/** How many events may wait for a slow `for await` before it is told that it fell behind. */
const MAX_WAITING = 10_000

type OfType<Event extends WireEvent, Type extends string> = Extract<Event, { type: Type }>
type Handler<Event> = (event: Event, offset: number) => void

/** A stream's events as they come: typed, in order, each once. For what is no list. */
export interface EventStream<Event extends WireEvent> extends AsyncIterable<Event> {
  /** Up to where everything was told; null while there is no subscription. */
  readonly position: Position | null
  /** Calls back for each event of this type. Returns how to stop that. */
  on<Type extends Event['type']>(type: Type, handler: Handler<OfType<Event, Type>>): () => void
  /** Calls back for each event, also of types that this version does not know. */
  onAny(handler: Handler<Event>): () => void
  /** Calls back when events may have been missed, because the server has them no more. Read anew what you keep. */
  onReset(handler: () => void): () => void
}

export function eventStream<Event extends WireEvent>(context: Context, channel: string): EventStream<Event> {
  let stream: Stream | undefined
  const listen = (listener: Listener) => (stream = context.stream(channel)).listen(listener)
  const onAny = (handler: Handler<Event>) => listen({ event: handler as Handler<WireEvent> })
  return {
    get position() {
      const place = stream?.place()
      return place ? { channel, ...place } : null
    },
    onAny,
    on: (type, handler) => onAny((event, offset) => event.type === type && handler(event as OfType<Event, typeof type>, offset)),
    onReset: (reset) => listen({ reset }),
    async *[Symbol.asyncIterator]() {
      const waiting: Event[] = []
      let wake = () => {}
      let hasFallenBehind = false
      const stop = onAny((event) => {
        if (waiting.length < MAX_WAITING) waiting.push(event)
        else hasFallenBehind = true
        wake()
      })
      try {
        for (;;) {
          while (waiting.length) yield waiting.shift()!
          if (hasFallenBehind) throw new Error(`too slow: more than ${MAX_WAITING} events of ${channel} were waiting`)
          await new Promise<void>((resolve) => (wake = resolve))
        }
      } finally {
        stop()
      }
    },
  }
}
