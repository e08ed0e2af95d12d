import { backoff, realClock, timerOf, type Clock, type Timer } from './clock.js'
import { ApiError, problem, restOf, type Rest } from './rest.js'

/** What the client gives to its auth in `createClient`. */
export interface AuthContext {
  readonly url: string
  readonly fetch: typeof fetch
  readonly clock: Clock
}

/** The source of tokens, for REST and the socket. */
export interface Auth {
  /** Returns the token to use now, null when no user is signed in. `fresh`: the server refused the last one. */
  getToken(options: { fresh: boolean }): Promise<string | null>
  /** There is a connection (or there is none any more): renews the token ahead of time, so that the connection need not wait for it. */
  keepFresh?(isConnected: boolean): void
  /** Calls back after a user signed in or out, in this tab or another. When the user changes: with false, then with true. */
  onChange(listener: (isSignedIn: boolean) => void): () => void
  attach(context: AuthContext): void
  /** The id of the signed-in user, null for none: data that are kept between visits belong to it. */
  userId?(): Promise<string | null>
}

/** The part of `localStorage` that is used. Results may be promises, as those of AsyncStorage are. */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>
  setItem(key: string, value: string): unknown
  removeItem(key: string): unknown
}

export interface JwtOptions {
  /** Where to store the tokens between visits; in memory if absent. */
  readonly storage?: TokenStorage | undefined
  readonly storageKey?: string
}

export interface JwtAuth extends Auth {
  signIn(email: string, password: string): Promise<void>
  signOut(): Promise<void>
  /** The id of the signed-in user; null for none. */
  userId(): Promise<string | null>
}

interface Pair {
  access: string
  refresh: string
}

/** The part of a token's lifetime after which it is renewed. It varies, so that clients do not renew all at once. */
const REFRESH_AT = 0.8
const SPREAD = 0.1

/** Signs in with e-mail and password once, and renews tokens from then on. */
export const jwt = (options: JwtOptions = {}): JwtAuth => new Jwt(options)

class Jwt implements JwtAuth {
  private pair: Pair | null = null
  private bounds: { refreshAt: number; expiresAt: number } | null = null
  private loading: Promise<unknown> | null = null
  private refreshing: Promise<string | null> | null = null
  private rest: Rest | null = null
  private clock: Clock = realClock
  private renewal: Timer | undefined
  private isConnected = false
  private readonly listeners = new Set<(isSignedIn: boolean) => void>()
  private readonly storage: TokenStorage | undefined
  private readonly key: string
  private readonly tabs: BroadcastChannel | undefined

  constructor({ storage, storageKey = 'tidewire.tokens' }: JwtOptions) {
    this.storage = storage
    this.key = storageKey
    if (!storage) return
    // `storage` comes from localStorage in other tabs, `pageshow` after a freeze; other storages have only the channel.
    const changed = ({ key }: { key?: string | null }) => (key ?? this.key) === this.key && void this.compare()
    for (const type of ['storage', 'pageshow']) globalThis.addEventListener?.(type, changed as (event: object) => void)
    if (!globalThis.BroadcastChannel) return
    const tabs: BroadcastChannel & { unref?(): void } = new BroadcastChannel(storageKey)
    tabs.onmessage = this.compare
    // Otherwise Node would not end.
    tabs.unref?.()
    this.tabs = tabs
  }

  attach({ url, fetch, clock }: AuthContext): void {
    this.clock = clock
    this.rest = restOf({ url, fetch, clock, token: async () => null })
  }

  keepFresh(isConnected: boolean): void {
    this.isConnected = isConnected
    this.renew(0)
  }

  private renew(attempt: number): void {
    const { clock, bounds } = this
    const at = bounds?.refreshAt ?? Infinity
    this.renewal ??= timerOf(clock)
    if (!this.isConnected || at === Infinity) return this.renewal()
    const again = () => this.renew((this.bounds?.refreshAt ?? 0) > clock.now() ? 0 : attempt + 1)
    this.renewal(() => this.getToken({ fresh: false }).then(again, again), attempt ? backoff(clock, attempt, 1000) : Math.max(0, at - clock.now()))
  }

  onChange(listener: (isSignedIn: boolean) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  async signIn(email: string, password: string): Promise<void> {
    const pair = await this.post<Pair>('', { email, password })
    if (!this.turn(pair, true)) this.tell(true)
    await this.keep(pair)
  }

  async signOut(): Promise<void> {
    await this.load()
    const refresh = this.pair?.refresh
    if (!this.turn(null)) this.tell(false)
    await this.keep(null)
    if (refresh) await this.post('blacklist/', { refresh })
  }

  async userId(): Promise<string | null> {
    await this.load()
    return userOf(this.pair) || null
  }

  async getToken({ fresh }: { fresh: boolean }): Promise<string | null> {
    await this.load()
    if (!this.pair || !this.bounds) return null
    if (!fresh && this.clock.now() < this.bounds.refreshAt) return this.pair.access
    const old = this.pair.access
    const isAlive = !fresh && this.clock.now() < this.bounds.expiresAt
    const mine = (this.refreshing ??= this.refresh())
    try {
      return await mine
    } catch (error) {
      // The server cannot be reached, and the old token is still valid: use it, and try again with the next call.
      if (isAlive && error instanceof ApiError && error.isTemporary) return old
      throw error
    } finally {
      if (this.refreshing === mine) this.refreshing = null
    }
  }

  /** Renews once at a time, also among tabs that share a storage: a refresh token works only once. */
  private refresh(): Promise<string | null> {
    const locks = this.storage && globalThis.navigator?.locks
    return locks ? locks.request(this.key, () => this.exchange()).then((token) => token) : this.exchange()
  }

  /** Returns a new token of the user for whom it was called; null when that user has signed out meanwhile, in any tab. */
  private async exchange(): Promise<string | null> {
    const mine = this.pair
    const token = () => (userOf(this.pair) === userOf(mine) ? this.pair!.access : null)
    await this.compare()
    if (!mine || this.pair !== mine) return token()
    try {
      const next = await this.post<Pair>('refresh/', { refresh: mine.refresh })
      // Another tab may have signed out, or in as another user: its tokens must not be overwritten.
      await this.compare()
      if (this.pair === mine) {
        this.use(next, true)
        await this.keep(next)
      }
    } catch (error) {
      const isOver = error instanceof ApiError && (error.status === 401 || error.status === 403)
      if (!isOver || this.pair !== mine) throw error
      await this.compare()
      if (this.pair === mine) {
        this.turn(null)
        await this.keep(null)
      }
    }
    return token()
  }

  /**
   * Reads the storage again. Tokens that another tab renewed are taken over. When it signed out, or in as another user,
   * the same happens here.
   */
  private compare = async (): Promise<void> => {
    if (!this.storage) return
    await this.load()
    const mine = this.pair
    const stored = await this.stored().catch(() => mine)
    if (this.pair === mine && stored?.refresh !== mine?.refresh) this.turn(stored)
  }

  /** Uses these tokens, and reports a change of user in the same step, so that no request of one user gets a token of another. */
  private turn(pair: Pair | null, isNew = false): boolean {
    const [was, now] = [userOf(this.pair), userOf(pair)]
    this.use(pair, isNew)
    if (was === now) return false
    this.refreshing = null
    if (was !== null) this.tell(false)
    if (now !== null) this.tell(true)
    return true
  }

  private load(): Promise<unknown> {
    return (this.loading ??= this.stored().then((pair) => this.pair || this.use(pair), () => undefined))
  }

  private async stored(): Promise<Pair | null> {
    const text = await this.storage?.getItem(this.key)
    try {
      const pair = JSON.parse(text ?? 'null') as Partial<Pair> | null
      return pair?.access && pair.refresh ? (pair as Pair) : null
    } catch {
      return null
    }
  }

  /** Stores the tokens. Until that is done, the storage is not read. */
  private async keep(pair: Pair | null): Promise<void> {
    const write = async () => {
      if (pair) await this.storage?.setItem(this.key, JSON.stringify(pair))
      else await this.storage?.removeItem(this.key)
      this.tabs?.postMessage(null)
    }
    const written = write()
    this.loading = written.catch(() => undefined)
    await written
  }

  private use(pair: Pair | null, isNew = false): void {
    this.pair = pair
    const { exp = 0, iat = 0 } = pair ? claims(pair.access) : {}
    // The lifetime of a new token begins now, even when our clock differs from the server's. For a token from the storage,
    // only its claims and our clock say how old it is.
    const life = (exp - iat) * 1000
    const now = this.clock.now()
    const born = isNew ? now : Math.min(now, Math.max(iat * 1000, now - life))
    const at = born + life * (REFRESH_AT + SPREAD * this.clock.random())
    this.bounds = pair && { refreshAt: life ? at : Infinity, expiresAt: life ? born + life : Infinity }
  }

  private async post<Data>(path: string, body: object): Promise<Data> {
    if (!this.rest) throw new ApiError(problem(0, 'detached', 'Give this auth to createClient first.'))
    return (await this.rest.send<Data>({ method: 'POST', path: `/api/v1/token/${path}`, body, isAnonymous: true })).data
  }

  private tell(isSignedIn: boolean): void {
    for (const listener of [...this.listeners]) listener(isSignedIn)
  }
}

interface Claims {
  exp?: number
  iat?: number
  user_id?: string
}

/** Returns the claims of a token, without checking its signature: the server does that. */
function claims(token: string): Claims {
  try {
    const part = token.split('.')[1] ?? ''
    return JSON.parse(atob(part.replace(/-/g, '+').replace(/_/g, '/'))) as Claims
  } catch {
    return {}
  }
}

/** Returns the id of the user whose tokens these are; null for no tokens. */
const userOf = (pair: Pair | null): string | null => pair && (claims(pair.access).user_id ?? '')

/** An API key, for scripts and servers. */
export const apiKey = (key: string): Auth => ({
  getToken: async () => key,
  onChange: () => () => undefined,
  attach: () => undefined,
})
