/** Time and chance, so that a test can hold both. */
export interface Clock {
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
  random(): number
}

export const realClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
  random: () => Math.random(),
}

/** Full jitter: anywhere between nothing and `base · 2ⁿ`, so that a crowd does not come back in step. */
export const backoff = (clock: Clock, attempt: number, base = 500, cap = 20_000): number =>
  clock.random() * Math.min(cap, base * 2 ** attempt)

export const sleep = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms))
