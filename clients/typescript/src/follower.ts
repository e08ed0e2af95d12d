import { timerOf, type Clock } from './clock.js'
import type { WireEvent } from './descriptors.js'
import { wait, type ApiError, type Problem, type Request, type Rest } from './rest.js'
import { storeOf, type Guard, type Kept, type OnError, type Soon, type Store } from './store.js'
import { LINGER, type Place, type Stream } from './stream.js'

/**
 * `loading`: no data yet. `live`: up to date. `stale`: as it was when the connection was lost. `denied`: the user may
 * not read this (any more). `error`: it cannot be read now; the client tries again.
 */
export type ListStatus = 'loading' | 'live' | 'stale' | 'denied' | 'error'

/** The part of the client that stores need. */
export interface Context extends Rest {
  readonly clock: Clock
  readonly guard: Guard
  readonly soon: Soon
  readonly onError: OnError
  stream(channel: string): Stream
  isSignedIn(): boolean
  clientId(): string | null
}

/** The common interface of a list and a single resource. */
export interface Live<State> extends Store<State> {
  /** Reads everything again, also after `denied`. */
  refresh(): void
  /** Resolves when the data has been read or was refused: for scripts without a screen. */
  ready(): Promise<State>
}

interface Followed<State> {
  /** Reads the data. Returns its position (null for data without a stream), and a function that keeps it. */
  read(): Promise<Reading>
  /** Applies an event. Returns whether it changed anything that is shown. */
  event(event: WireEvent, offset: number): boolean
  forget(): void
  compute(status: ListStatus, error: Problem | undefined): State
}

interface Reading {
  readonly place: Place | null
  keep(): void
}

export interface Following<State> extends Live<State>, Kept<State> {
  changed(): void
  /** Makes one request. Returns its answer, our stream's position in it, and that offset: 0 if it cannot be compared. */
  call<Data>(method: string, path: string, more?: Partial<Request>): Promise<{ data: Data; place: Place | null; offset: number }>
  /** Runs a read, and then applies the events that arrived in the meantime, so that none is lost. */
  reconcile(run: () => Promise<Reading | null>): Promise<void>
}

/** The common part of lists and single resources: reads over REST, applies a stream's events, reports the status. */
export function following<State>(context: Context, channel: string, { read, event: keepEvent, forget, compute }: Followed<State>): Following<State> {
  const { clock } = context
  const again = timerOf(clock)
  const idle = timerOf(clock)
  let stream: Stream | null = null
  let leave: (() => void) | null = null
  let problem: Problem | undefined
  let isLoaded = false
  let isDenied = false
  /** Whether it was read since the last start or reload. */
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
  const store = storeOf(context, () => compute(status(), problem), start, () =>
    // Not at once: a component that unmounts and mounts again should not read twice.
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
        if (keepEvent(event, offset)) changed()
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
