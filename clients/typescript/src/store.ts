export type OnError = (error: unknown) => void

/** Runs one listener. Whatever it throws is reported and goes no further. */
export function guard(onError: OnError, run: () => void): void {
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

/** A value that changes, and those who want to know. `get()` answers the same object until something changes. */
export abstract class Store<State> {
  private readonly listeners = new Set<() => void>()
  private state: State | undefined
  private isTelling = false

  constructor(protected readonly onError: OnError) {}

  protected abstract compute(): State
  /** The first listener came. */
  protected start(): void {}
  /** The last one left. */
  protected stop(): void {}

  get isUsed(): boolean {
    return this.listeners.size > 0
  }

  get = (): State => (this.state ??= this.compute())

  /** Calls back after each change, at most once per turn of the loop. Returns how to stop that. */
  subscribe = (listener: () => void): (() => void) => {
    const own = () => listener()
    this.listeners.add(own)
    if (this.listeners.size === 1) this.start()
    return () => {
      if (this.listeners.delete(own) && !this.listeners.size) this.stop()
    }
  }

  protected changed(): void {
    this.state = undefined
    if (this.isTelling) return
    this.isTelling = true
    queueMicrotask(() => {
      this.isTelling = false
      for (const listener of [...this.listeners]) if (this.listeners.has(listener)) guard(this.onError, listener)
    })
  }
}
