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
  /** The same object until something changes. */
  get(): State
  /** Calls back after each change, at most once per turn of the loop. Returns a function that stops this. */
  subscribe(listener: () => void): () => void
}

/** A store that the client shares among all callers with the same descriptor. */
export interface Kept<State> extends Store<State> {
  isUsed(): boolean
  /** Forgets all data: no user is signed in, or another one, who may not see it. */
  reset(): void
}

/** `start`: the first listener came. `stop`: the last one left. */
export function storeOf<State>(guard: Guard, compute: () => State, start?: () => void, stop?: () => void) {
  const listeners = new Set<() => void>()
  let state: State | undefined
  let isTelling = false
  return {
    get: (): State => (state ??= compute()),
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
      state = undefined
      if (isTelling) return
      isTelling = true
      queueMicrotask(() => {
        isTelling = false
        for (const own of [...listeners]) if (listeners.has(own)) guard(own)
      })
    },
  }
}
