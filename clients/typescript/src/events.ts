import { channelOf, type Extra, type Position, type StreamName, type WireEvent } from './descriptors.js'
import type { Context } from './follower.js'
import type { AnyEvent } from './generated/api.js'
import type { Listener, Stream } from './stream.js'

/** How many events may wait for a slow `for await`. Above this it gets an error. */
const MAX_WAITING = 10_000

type OfType<Event extends WireEvent, Type extends string> = Extract<Event, { type: Type }>
type Handler<Event> = (event: Event, offset: number) => void

/** The events of a stream: typed, in order, each once. For uses other than a list. */
export interface EventStream<Event extends WireEvent> extends AsyncIterable<Event> {
  /** The position up to which every event was delivered; null while there is no subscription. */
  readonly position: Position | null
  /** Calls back for each event of this type. Returns a function that stops this. */
  on<Type extends Event['type']>(type: Type, handler: Handler<OfType<Event, Type>>): () => void
  /** Calls back for each event, also of types that this version does not know. */
  onAny(handler: Handler<Event>): () => void
  /** Calls back when events may be missing, because the server no longer has them. Read your data again then. */
  onReset(handler: () => void): () => void
}

function eventStream<Event extends WireEvent>(context: Context, channel: string): EventStream<Event> {
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

/** `client.open(events(messages(room)))`: the events of a stream. `events<MyEvent>(…)`: those of your own server. */
export const events = <Event extends WireEvent = AnyEvent>(name: StreamName): Extra<EventStream<Event>> => ({
  key: `events ${channelOf(name)}`,
  open: (context) => eventStream(context, channelOf(name)),
})
