import type { Clock } from './clock.js'
import type { Snapshot } from './follower.js'
import type { Answered } from './rest.js'
import type { Write } from './writes.js'

export type OnError = (error: unknown) => void

/** Runs code of the app. Its exceptions are reported, and not passed on. */
export type Guard = (run: () => unknown) => void

export const guardWith =
  (onError: OnError): Guard =>
  (run) => {
    try {
      run()
    } catch (error) {
      try {
        onError(error)
      } catch {
        // The reporter itself failed: there is no other place to report to.
      }
    }
  }

/** A value that changes, and its listeners. */
export interface Store<State> {
  /** The same object until something changes. In a new object, the parts that did not change are the same. */
  get(): State
  /** Calls back after changes: at once after the first, and once per frame in a burst. Returns a function that stops this. */
  subscribe(listener: () => void): () => void
}

/** A store that the client shares among all callers with the same descriptor. */
export interface Kept<State> extends Store<State> {
  isUsed(): boolean
  /** A write was made or changed, or (with `answer`) confirmed. */
  written?(write: Write, answer?: Partial<Answered<unknown>>): void
  dump?(): Snapshot | null | false | undefined
  /** Shows data of an earlier visit, and begins at their position. */
  restore?(found: Snapshot): void
  /** Forgets all data: no user is signed in, or another one, who may not see it. */
  reset(): void
}

/** Runs these functions soon, together with the others of this turn. */
export type Soon = (run: () => void) => void

/** At once when nothing ran in the last `every` milliseconds, and otherwise when they are over: a burst runs once per frame. */
export function soonOf(clock: Clock, every: number): Soon {
  let waiting: (() => void)[] = []
  let isPlanned = false
  function flush(): void {
    const due = waiting
    waiting = []
    isPlanned = every > 0 && due.length > 0
    for (const run of due) run()
    // The time begins after React has rendered, which it does in a microtask of its own: rendering may take longer than a frame.
    if (isPlanned) queueMicrotask(() => clock.setTimeout(flush, every))
  }
  return (run) => {
    waiting.push(run)
    if (isPlanned) return
    isPlanned = true
    queueMicrotask(flush)
  }
}

/** Whether two states have the same fields with the same values; rows are compared by identity. */
export const isSame = <State>(a: State | undefined, b: State): boolean =>
  a === b || (!!a && !!b && [a, b].every((fields) => Object.keys(fields).every((name) => a[name as keyof State] === b[name as keyof State])))

/** `start`: the first listener came. `stop`: the last one left. */
export function storeOf<State>(
  { guard, soon }: { guard: Guard; soon: Soon },
  compute: () => State,
  start?: () => void,
  stop?: () => void,
) {
  const listeners = new Set<() => void>()
  let state: State | undefined
  let isKnown = false
  /** The state at the last call of the listeners. */
  let notified: State | undefined
  let isNotifying = false
  function get(): State {
    if (!isKnown) {
      const next = compute()
      if (!isSame(state, next)) state = next
      isKnown = true
    }
    return state as State
  }
  return {
    get,
    subscribe(listener: () => void) {
      const own = () => listener()
      listeners.add(own)
      if (listeners.size === 1) start?.()
      return () => {
        if (listeners.delete(own) && !listeners.size) stop?.()
      }
    },
    isUsed: () => listeners.size > 0,
    changed() {
      isKnown = false
      if (isNotifying) return
      isNotifying = true
      soon(() => {
        isNotifying = false
        if (!listeners.size || get() === notified) return
        notified = state
        for (const own of [...listeners]) if (listeners.has(own)) guard(own)
      })
    },
  }
}
