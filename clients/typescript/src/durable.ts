import type { Auth } from './auth.js'
import { realClock, timerOf, type Clock } from './clock.js'
import type { Durable, Snapshot } from './follower.js'
import type { KeptStorage } from './storage.js'

export interface DurableOptions {
  /** Where rows are kept: `indexedDb()` or `keyValue(AsyncStorage)` of `tidewire/storage`. */
  readonly storage: KeptStorage
  /** The auth of the client: rows belong to its user, and are erased with the sign-out. */
  readonly auth: Auth
  /** Rows that another version has kept are not used: change it when the shape of your rows changes. */
  readonly version?: string
  /** How many lists and resources are kept: those that were used last. */
  readonly limit?: number
  readonly clock?: Clock
  readonly onError?: (error: unknown) => void
}

interface Kept extends Snapshot {
  readonly version: string
  readonly keptAt: number
}

/** Changes are stored together, this long after the first of them; what was not stored comes again as events. */
const DELAY = 500

/** `createClient({ url, auth, durable: durable({ storage: indexedDb(), auth }) })`: lists come up from disk, with their position. */
export function durable({ storage, auth, version = '', limit = 100, clock = realClock, onError = () => undefined }: DurableOptions): Durable {
  const changed = new Map<string, () => Snapshot | null | false | undefined>()
  const later = timerOf(clock)
  let isPlanned = false
  const prefix = async () => `${(await auth.userId?.()) ?? ''} rows `

  async function flush(): Promise<void> {
    later()
    isPlanned = false
    const all = [...changed].map(([key, dump]) => [key, dump()] as const)
    changed.clear()
    const own = await prefix()
    for (const [key, found] of all) {
      if (found) await storage.set(own + key, { ...found, version, keptAt: clock.now() } satisfies Kept)
      else await storage.delete(own + key)
    }
    await prune(own)
  }

  async function prune(own: string): Promise<void> {
    const keys = await storage.keys(own)
    if (keys.length <= limit) return
    const kept = await Promise.all(keys.map(async (key) => [key, ((await storage.get(key)) as Kept | undefined)?.keptAt ?? 0] as const))
    for (const [key] of kept.sort((a, b) => a[1] - b[1]).slice(0, keys.length - limit)) await storage.delete(key)
  }

  async function erase(): Promise<void> {
    later()
    isPlanned = false
    changed.clear()
    for (const key of await storage.keys('')) if (/^\S* rows /.test(key)) await storage.delete(key)
  }

  auth.onChange((isSignedIn) => void (isSignedIn || erase().catch(onError)))
  // A page that is hidden may never run again.
  globalThis.document?.addEventListener('visibilitychange', () => document.hidden && void flush().catch(onError))

  return {
    async load(key) {
      const found = (await storage.get((await prefix()) + key)) as Kept | undefined
      return found?.version === version ? found : undefined
    },
    changed(key, dump) {
      changed.set(key, dump)
      if (isPlanned) return
      isPlanned = true
      later(() => flush().catch(onError), DELAY)
    },
  }
}
