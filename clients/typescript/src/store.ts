export type OnError = (error: unknown) => void

/** Runs what somebody else wrote. Whatever it throws is reported and goes no further. */
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
        // The reporter itself failed: there is nobody left to tell.
      }
    }
  }

/** A value that changes, and those who want to know. */
export interface Store<State> {
  /** The same object until something changes. */
  get(): State
  /** Calls back after each change, at most once per turn of the loop. Returns how to stop that. */
  subscribe(listener: () => void): () => void
}

/** What the client hands out and shares among those who ask for the same. */
export interface Kept<State> extends Store<State> {
  isUsed(): boolean
  /** Nobody is signed in, or somebody else: nothing of before may stay on the screen. */
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
