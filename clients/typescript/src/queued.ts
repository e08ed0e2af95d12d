import { backoff, timerOf, type Timer } from './clock.js'
import { leadership, type Leadership } from './leadership.js'
import { writesOf, type QueueHost, type WriteQueue } from './optimistic.js'
import { wait, type Answered, type ApiError } from './rest.js'
import { inMemory, type KeptStorage } from './storage.js'
import type { Write, WritesContext, WritesFactory } from './writes.js'

export interface QueuedOptions {
  /** Where writes wait: `indexedDb()` or `keyValue(AsyncStorage)` of `tidewire/storage`. In memory if absent. */
  readonly storage?: KeptStorage
  /** Names the queue among those of one origin. The tabs of one user share it. */
  readonly name?: string
}

/**
 * `createClient({ writes: queued({ storage: indexedDb() }) })`: writes are shown at once, wait for the link, survive a reload,
 * and go out once and in their order. Of several tabs, one sends. They are erased with the sign-out.
 */
export const queued =
  ({ storage = inMemory(), name = 'tidewire' }: QueuedOptions = {}): WritesFactory =>
  (context) =>
    writesOf(context, new StoredQueue(storage, name, context))

/** What one tab says to the others: a write as it is now, or the answer to one (null: it was discarded). */
type Message = { readonly put: Write } | { readonly id: string; readonly answer: Partial<Answered<unknown>> | null }

/** A write that is on its way is stored as waiting: the page may be closed before the answer. Sent twice, it is done once. */
const asStored = (write: Write): Write => (write.state === 'saving' ? { ...write, state: 'waiting' } : write)

const inOrder = (writes: readonly Write[]) => [...writes].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))

class StoredQueue implements WriteQueue {
  private host: QueueHost | undefined
  /** Whose writes these are; undefined until the storage was read. */
  private user: string | undefined
  private leader: Leadership | undefined
  private tabs: (BroadcastChannel & { unref?(): void }) | undefined
  private readonly retry: Timer
  private attempt = 0
  /** Nothing is sent before this time, because the last attempt failed. */
  private notBefore = 0
  /** Whether the present change comes from the storage or from another tab. */
  private isHearing = false

  constructor(
    private readonly storage: KeptStorage,
    private readonly name: string,
    private readonly context: WritesContext,
  ) {
    this.retry = timerOf(context.clock)
  }

  attach(host: QueueHost): void {
    this.host = host
    const { auth, get, subscribe } = this.context
    subscribe(() => {
      if (get().state === 'online') this.notBefore = this.attempt = 0
      host.pump()
    })
    auth.onChange((isSignedIn) => {
      if (!isSignedIn) this.leave()
      else this.stored(this.load())
    })
    this.stored(this.load())
  }

  isOpen(): boolean {
    const { clock, get, lifecycle } = this.context
    // A device may say that it is offline while the connection lives.
    return !!this.leader?.isLeading() && (get().state === 'online' || lifecycle.isOnline()) && clock.now() >= this.notBefore
  }

  later(error: ApiError): void {
    const { clock } = this.context
    const delay = error.retryAfter === null ? backoff(clock, ++this.attempt) : wait(clock, 0, error)
    this.notBefore = clock.now() + delay
    this.retry(() => this.host!.pump(), delay)
  }

  keep(write: Write, change: Write | null, answer?: Partial<Answered<unknown>>): void {
    if (answer) this.attempt = 0
    if (this.isHearing || this.user === undefined) return
    this.context.opened()
    const { storage, tabs } = this
    const told: Message = change ? { put: change } : { id: write.id, answer: answer ? { data: answer.data, positions: answer.positions ?? [] } : null }
    const done = change ? change.state !== 'saving' && storage.set(this.keyOf(change), change) : storage.delete(this.keyOf(write))
    this.stored(Promise.resolve(done).then(() => tabs?.postMessage(told)))
  }

  /** Takes in what an earlier visit of this user has left, and erases what another user has. */
  private async load(): Promise<void> {
    const { storage, context } = this
    const user = (await context.auth.userId?.()) ?? ''
    const keys = (await storage.keys('')).filter((key) => /^\S* write /.test(key))
    const own = keys.filter((key) => key.startsWith(`${user} write `))
    for (const key of keys) if (!own.includes(key)) await storage.delete(key)
    const found = (await Promise.all(own.map((key) => storage.get(key)))) as Write[]
    if (!this.host) return
    this.leave()
    this.user = user
    const made = this.host.all()
    // What was made before the storage was read.
    for (const write of made) await storage.set(this.keyOf(write), asStored(write))
    this.hear(() => this.merge(found))
    const shared = `${this.name} ${user} writes`
    if (globalThis.document && globalThis.BroadcastChannel) {
      this.tabs = new BroadcastChannel(shared)
      this.tabs.onmessage = ({ data }: MessageEvent<Message>) => this.hear(() => this.apply(data))
      // Otherwise Node would not end.
      this.tabs.unref?.()
    }
    this.leader = leadership(shared, () => {
      // The tab that led before may have closed in the middle of a write.
      this.hear(() => this.host!.load(this.host!.all().map(asStored)))
    })
  }

  private merge(writes: readonly Write[]): void {
    const others = this.host!.all().filter(({ id }) => !writes.some((write) => write.id === id))
    this.host!.load(inOrder([...others, ...writes]))
  }

  private apply(message: Message): void {
    const host = this.host!
    if ('put' in message) this.merge([message.put])
    else if (message.answer) host.confirm(message.id, message.answer)
    else host.load(host.all().filter(({ id }) => id !== message.id))
  }

  private hear(run: () => void): void {
    this.isHearing = true
    run()
    this.isHearing = false
    this.host!.pump()
  }

  private leave(): void {
    this.leader?.resign()
    this.tabs?.close()
    this.leader = this.tabs = undefined
    this.retry()
  }

  private stored(run: Promise<unknown>): void {
    run.catch((error: unknown) => this.context.onError(error))
  }

  private keyOf({ id }: Write): string {
    return `${this.user} write ${id}`
  }
}
