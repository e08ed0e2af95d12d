/** Time and random numbers, so that a test can control both. */
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

/** One delayed call: `later(run, ms)` replaces the earlier one, `later()` cancels it. */
export type Timer = (run?: false | (() => unknown), ms?: number) => void

export const timerOf = (clock: Clock): Timer => {
  let timer: unknown
  return (run, ms = 0) => {
    clock.clearTimeout(timer)
    if (run) timer = clock.setTimeout(run, ms)
  }
}

/** Full jitter: a random time between 0 and `base · 2ⁿ`, so that clients do not return all at once. */
export const backoff = (clock: Clock, attempt: number, base = 500): number =>
  clock.random() * Math.min(20_000, base * 2 ** attempt)
