import { timerOf, type Clock } from './clock.js'
import type { WireEvent } from './descriptors.js'
import { wait, type ApiError, type Problem, type Request, type Rest } from './rest.js'
import { storeOf, type Guard, type Kept, type OnError, type Store } from './store.js'
import { LINGER, type Place, type Stream } from './stream.js'

/**
 * `loading`: nothing to show yet. `live`: true now, and it stays so. `stale`: what was true when the link was lost.
 * `denied`: one may not read this (any more). `error`: it cannot be read just now; it is tried again.
 */
export type ListStatus = 'loading' | 'live' | 'stale' | 'denied' | 'error'

/** The part of the client that stores need. */
export interface Context extends Rest {
  readonly clock: Clock
  readonly guard: Guard
  readonly onError: OnError
  stream(channel: string): Stream
  isSignedIn(): boolean
  clientId(): string | null
}

/** What a list and a single resource have in common, for those who use them. */
export interface Live<State> extends Store<State> {
  /** Reads everything anew, also after having been denied. */
  refresh(): void
  /** Resolves when there is something to show (or a no), for scripts that have no screen. */
  ready(): Promise<State>
}

interface Followed<State> {
  /** Reads, and says where that stood (null for what no stream promises) and how to keep it. */
  read(): Promise<Reading>
  event(event: WireEvent, offset: number): void
  forget(): void
  compute(status: ListStatus, error: Problem | undefined): State
}

interface Reading {
  readonly place: Place | null
  keep(): void
}

export interface Following<State> extends Live<State>, Kept<State> {
  changed(): void
  /** One request, where our stream stood with its answer, and the offset of that: 0 where it compares with nothing. */
  call<Data>(method: string, path: string, more?: Partial<Request>): Promise<{ data: Data; place: Place | null; offset: number }>
  /** Runs a reading, and then applies the events that arrived in the meantime, so that none is lost. */
  reconcile(run: () => Promise<Reading | null>): Promise<void>
}

/** What a list and a single resource share: read over REST, keep true by a stream, say how things stand. */
export function following<State>(context: Context, channel: string, { read, event: keepEvent, forget, compute }: Followed<State>): Following<State> {
  const { clock } = context
  const again = timerOf(clock)
  const idle = timerOf(clock)
  let stream: Stream | null = null
  let leave: (() => void) | null = null
  let problem: Problem | undefined
  let isLoaded = false
  let isDenied = false
  /** Whether it was read since it was last started or called back. */
  let isFresh = false
  let seen = 0
  let reading = 0
  /** For each read in progress, the events since it began: its result may be older than they are. */
  const buffers = new Set<[WireEvent, number][]>()

  const status = (): ListStatus => {
    if (isDenied) return 'denied'
    if (!isLoaded) return problem ? 'error' : 'loading'
    return isFresh && stream?.isLive() ? 'live' : 'stale'
  }
  const store = storeOf(context.guard, () => compute(status(), problem), start, () =>
    // Not at once: a component that unmounts and mounts again reads nothing twice.
    idle(() => {
      halt()
      leave?.()
      leave = stream = null
      changed()
    }, LINGER),
  )
  const { get, subscribe, changed } = store

  function start(): void {
    idle()
    if (leave) return
    stream = context.stream(channel)
    leave = stream.listen({
      reads: true,
      reset: reload,
      moved() {
        if (stream?.denied() && !isDenied) deny()
        changed()
      },
      event(event, offset) {
        for (const buffer of buffers) buffer.push([event, offset])
        if (!isLoaded || offset <= seen) return
        seen = offset
        keepEvent(event, offset)
        changed()
      },
    })
    isDenied ||= !!stream.denied()
    if (context.isSignedIn()) reload()
  }

  function halt(): void {
    reading++
    isFresh = false
    again()
  }

  function reload(): void {
    isDenied = isFresh = false
    void load(0)
  }

  function deny(): void {
    isDenied = true
    isLoaded = false
    forget()
  }

  async function reconcile(run: () => Promise<Reading | null>): Promise<void> {
    const buffer: [WireEvent, number][] = []
    buffers.add(buffer)
    try {
      const result = await run()
      if (!result) return
      result.keep()
      for (const [event, offset] of buffer) if (offset > (result.place?.offset ?? 0)) keepEvent(event, offset)
      changed()
    } finally {
      buffers.delete(buffer)
    }
  }

  async function load(attempt: number): Promise<void> {
    const mine = ++reading
    again()
    const from = stream
    if (!from) return
    const floor = from.place()?.offset
    try {
      await reconcile(async () => {
        const { place, keep } = await read()
        return mine === reading
          ? {
              place,
              keep() {
                isLoaded = isFresh = true
                problem = undefined
                keep()
                if (place) from.landed(place, floor)
                // The buffered events come next. They are all events up to the stream's current position.
                seen = Math.max(place?.offset ?? 0, from.place()?.offset ?? 0)
              },
            }
          : null
      })
    } catch (error) {
      if (mine !== reading) return
      const { status, problem: reported } = error as Partial<ApiError>
      if (status === 403 || status === 404) deny()
      else if (status !== 401) {
        problem = reported
        context.onError(error)
        again(() => load(attempt + 1), wait(clock, attempt + 1, error as ApiError))
      }
      changed()
    }
  }

  return {
    ...store,
    reconcile,
    async call<Data>(method: string, path: string, more?: Partial<Request>) {
      const { data, positions } = await context.send<Data>({ ...more, method, path })
      const place = positions.find((position) => position.channel === channel) ?? null
      return { data, place, offset: place && place.epoch === stream?.place()?.epoch ? place.offset : 0 }
    },
    refresh: () => (stream?.denied() ? stream.restart() : reload()),
    ready: () =>
      new Promise((resolve) => {
        const check = () => {
          if (status() === 'loading') return
          queueMicrotask(() => leave())
          resolve(get())
        }
        const leave = subscribe(check)
        check()
      }),
    reset() {
      halt()
      isLoaded = isDenied = false
      problem = undefined
      forget()
      changed()
    },
  }
}
