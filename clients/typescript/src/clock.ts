/** Time and chance, so that a test can hold both. */
export interface Clock {
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
  random(): number
}

export const realClock: Clock = {
  now: Date.now,
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
  random: Math.random,
}

/** One thing to be done later: `later(run, ms)` replaces what was to be done before, `later()` only forgets that. */
export type Timer = (run?: false | (() => unknown), ms?: number) => void

export const timerOf = (clock: Clock): Timer => {
  let timer: unknown
  return (run, ms = 0) => {
    clock.clearTimeout(timer)
    if (run) timer = clock.setTimeout(run, ms)
  }
}

/** Full jitter: anywhere between nothing and `base · 2ⁿ`, so that a crowd does not come back in step. */
export const backoff = (clock: Clock, attempt: number, base = 500): number =>
  clock.random() * Math.min(20_000, base * 2 ** attempt)
