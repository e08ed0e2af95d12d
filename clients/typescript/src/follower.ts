import { timerOf, type Clock } from './clock.js'
import type { Position, WireEvent } from './descriptors.js'
import { wait, type Answered, type ApiError, type Problem, type Rest } from './rest.js'
import { storeOf, type Guard, type Kept, type OnError, type Soon, type Store } from './store.js'
import { LINGER, type Place, type Stream } from './stream.js'
import type { PendingWrites, Write } from './writes.js'

/**
 * `loading`: no data yet. `live`: up to date. `stale`: as it was when the connection was lost. `denied`: the user may
 * not read this (any more). `error`: it cannot be read now; the client tries again.
 */
export type ListStatus = 'loading' | 'live' | 'stale' | 'denied' | 'error'

/** The part of the client that stores need. */
export interface Context extends Rest {
  /** Names the store among all of the client. */
  readonly key: string
  readonly clock: Clock
  readonly guard: Guard
  readonly soon: Soon
  readonly onError: OnError
  stream(channel: string): Stream
  isSignedIn(): boolean
  readonly writes: PendingWrites
  /** Data that was kept from an earlier visit; see `tidewire/durable`. */
  readonly durable?: Durable | undefined
  clientId(): string | null
}

/** The data of a list or a resource, and the position that it has. */
export interface Snapshot {
  readonly place: Place
  readonly data: unknown
}

/** Snapshots by the key of their list or resource, as plain data. */
export type Dehydrated = Readonly<Record<string, Snapshot>>

/** Keeps data between visits. `key` names the list or resource. */
export interface Durable {
  load(key: string): Promise<Snapshot | undefined>
  /** Something changed: keeps `dump()` soon. */
  changed(key: string, dump: () => Snapshot | null | false | undefined): void
}

/** The common interface of a list and a single resource. */
export interface Live<State> extends Store<State> {
  /** Reads everything again, also after `denied`. */
  refresh(): void
}

interface Followed<State> {
  /** Reads the data. Returns its position (null for data without a stream), and a function that keeps it, at that offset. */
  read(): Promise<Reading>
  /** Applies an event. Returns whether it changed anything that is shown. */
  event(event: WireEvent, offset: number): boolean
  forget(): void
  /** Returns the data to keep, as plain data. */
  dump(): unknown
  restore(data: never, offset: number): void
  /** A write was made or changed, or (with `answer`) confirmed at `offset`. Returns whether it is about this data. */
  written(write: Write, answer: Partial<Answered<unknown>> | undefined, offset: number): boolean
  compute(status: ListStatus, error: Problem | undefined): State
}

interface Reading {
  readonly place: Place | null
  keep(offset: number): void
}

export interface Following<State> extends Live<State>, Kept<State> {
  changed(): void
  /** The position of our stream among those of an answer. */
  placeIn(positions: readonly Position[]): Place | null
  /**
   * Runs a read, and then applies the events that arrived in the meantime, so that none is lost. The function that `run` comes
   * to says, in the same turn in which the rows are kept, whether they are still wanted: another read may have ended before.
   */
  reconcile(run: () => Promise<() => Reading | false>): Promise<void>
}

/** The common part of lists and single resources: reads over REST, applies a stream's events, reports the status. */
export function following<State>(context: Context, channel: string, hooks: Followed<State>): Following<State> {
  const { clock, durable, key } = context
  const again = timerOf(clock)
  const idle = timerOf(clock)
  let stream: Stream | null = null
  let leave: (() => void) | null = null
  let problem: Problem | undefined
  let isLoaded = false
  let isDenied = false
  /** Whether it was read, or restored, since the last start or reload. */
  let isFresh = false
  /** The place that the data have. */
  let place: Place | null = null
  let reading = 0
  /** For each read in progress, the events since it began: its result may be older than they are. */
  const buffers = new Set<[WireEvent, number][]>()

  const status = (): ListStatus => {
    if (isDenied) return 'denied'
    if (!isLoaded) return problem ? 'error' : 'loading'
    return isFresh && stream?.isLive() ? 'live' : 'stale'
  }
  const store = storeOf(context, () => hooks.compute(status(), problem), start, () =>
    // Not at once: a component that unmounts and mounts again should not read twice.
    idle(() => {
      halt()
      leave?.()
      leave = stream = null
      store.changed()
    }, LINGER),
  )
  const dump = () => isLoaded && place && { place, data: hooks.dump() }
  function changed(): void {
    store.changed()
    durable?.changed(key, dump)
  }

  function start(): void {
    idle()
    if (leave) return
    stream = context.stream(channel)
    leave = stream.listen({
      reads: true,
      reset: reload,
      moved() {
        if (stream?.denied() && !isDenied) deny()
        store.changed()
      },
      event(event, offset) {
        for (const buffer of buffers) buffer.push([event, offset])
        if (!isLoaded || (place && offset <= place.offset)) return
        place &&= { ...place, offset }
        if (hooks.event(event, offset)) changed()
      },
    })
    isDenied ||= !!stream.denied()
    if (context.isSignedIn()) void begin()
  }

  /** Begins with the data of an earlier visit, if there are any, and reads otherwise. */
  async function begin(): Promise<void> {
    if (durable && !isLoaded) {
      const mine = ++reading
      const found = await durable.load(key).catch(context.onError)
      if (mine !== reading) return
      if (found) restore(found)
    }
    if (!isFresh) return reload()
    // It begins at the position of the restored data, and not with a read.
    if (place) stream?.landed(place, stream.place()?.offset)
  }

  function restore(found: Snapshot): void {
    isLoaded = isFresh = true
    place = found.place
    hooks.restore(found.data as never, place.offset)
    store.changed()
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

  function forget(): void {
    isLoaded = isFresh = false
    place = null
    hooks.forget()
  }

  function deny(): void {
    isDenied = true
    forget()
    changed()
  }

  async function reconcile(run: () => Promise<() => Reading | false>): Promise<void> {
    const buffer: [WireEvent, number][] = []
    buffers.add(buffer)
    const floor = stream?.place()?.offset
    try {
      const result = (await run())()
      if (!result) return
      const { place: read, keep } = result
      const at = read?.offset ?? 0
      if (read) stream?.landed(read, floor)
      // A replica that is behind has answered: the events since then come again.
      if (place && at < place.offset) place = read
      keep(at)
      for (const [event, offset] of buffer) if (offset > at) hooks.event(event, offset)
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
    try {
      await reconcile(async () => {
        const { place: read, keep } = await hooks.read()
        return () =>
          mine === reading && {
            place: read,
            keep(offset) {
              isLoaded = isFresh = true
              problem = undefined
              keep(offset)
              // The buffered events come next. They are all events up to the stream's current position.
              const now = from.place()
              place = read && now?.epoch === read.epoch && now.offset > read.offset ? now : read
            },
          }
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

  const placeIn = (positions: readonly Position[]) => positions.find((position) => position.channel === channel) ?? null

  return {
    ...store,
    changed,
    reconcile,
    placeIn,
    written(write, answer) {
      const at = placeIn(answer?.positions ?? [])
      // Offsets of two epochs cannot be compared.
      if (hooks.written(write, answer, at?.epoch === stream?.place()?.epoch ? (at?.offset ?? 0) : 0)) changed()
    },
    dump,
    restore,
    refresh() {
      isDenied = false
      // Events keep it true meanwhile.
      if (stream?.denied()) stream.restart()
      else void load(0)
    },
    reset() {
      halt()
      isDenied = false
      problem = undefined
      forget()
      store.changed()
    },
  }
}
