import type { ListDescriptor, Position, WireEvent } from './descriptors.js'
import { Following, type Context, type ListStatus } from './follower.js'
import { ApiError, type Problem } from './rest.js'
import { keyOf, Rows, type AnyRow } from './rows.js'
import type { Place } from './stream.js'
import { uuid7 } from './uuid.js'

/** `saving`: on its way to the server. `failed`: it did not get there; `retry` or `discard` it. */
export type RowState = 'saved' | 'saving' | 'failed'
export type Row<T> = T & { readonly $state: RowState }

export interface LiveListState<T> {
  readonly items: readonly Row<T>[]
  readonly status: ListStatus
  readonly error: Problem | undefined
  /** Whether `older()` would bring more. */
  readonly hasOlder: boolean
  readonly isLoadingOlder: boolean
  /** Writes that the server has not answered yet. */
  readonly pending: number
}

interface Page<T> {
  readonly next: string | null
  readonly results: readonly T[]
  readonly stream: Position | null
}

interface Draft<T> {
  readonly row: T
  readonly body: object
  state: RowState
}

/** No more pages than this are read again at once after a long absence. */
const MAX_PAGES = 20

/** The id of a row that is made here; the server keeps it. */
type Input<Create> = [Create] extends [never] ? never : Omit<Create, 'id'>

/** A list that stays true: the pages read so far, every event since, and what is being written from here. */
export class LiveList<T extends AnyRow, Create = never, Update = never> extends Following<LiveListState<T>> {
  private readonly rows: Rows<T>
  private readonly drafts = new Map<string, Draft<T>>()
  private readonly patches = new Map<string, object>()
  private readonly hidden = new Set<string>()
  private next: string | null = null
  private older$: Promise<void> | null = null
  private writes = 0

  constructor(
    context: Context,
    private readonly descriptor: ListDescriptor<T, Create, Update>,
    private readonly query: Record<string, unknown> = {},
  ) {
    super(context, descriptor.channel)
    this.rows = new Rows<T>(descriptor.key, descriptor.order)
  }

  // -- reading --------------------------------------------------------------------------------------------------------

  protected compute(): LiveListState<T> {
    const saved = this.rows
      .sorted()
      .filter((row) => !this.hidden.has(this.key(row)))
      .map((row) => {
        const patch = this.patches.get(this.key(row))
        return { ...row, ...patch, $state: patch ? ('saving' as const) : ('saved' as const) }
      })
    const drafts = [...this.drafts.values()].map(({ row, state }) => ({ ...row, $state: state }))
    // What is not saved yet has no place by the server's clock: it stands at the newest end.
    const isNewestFirst = this.descriptor.order[0]?.startsWith('-')
    return {
      items: isNewestFirst ? [...drafts.reverse(), ...saved] : [...saved, ...drafts],
      status: this.status,
      error: this.problem,
      hasOlder: this.next !== null,
      isLoadingOlder: this.older$ !== null,
      pending: this.writes,
    }
  }

  protected async read(): Promise<{ place: Place | null; keep: () => void }> {
    const wanted = this.rows.size
    const first = await this.page(this.descriptor.path, this.query)
    const rows = [...first.results]
    let { next } = first
    // As much as was on the screen before, so that nobody loses the place they are at.
    for (let i = 1; next && rows.length < wanted && i < MAX_PAGES; i++) {
      const page = await this.page(next)
      rows.push(...page.results)
      next = page.next
    }
    const keep = () => {
      this.rows.clear()
      this.keepPage(rows, next, 0)
    }
    return { place: first.stream, keep }
  }

  /** Reads the next page. Several calls at once read one. */
  older(): Promise<void> {
    const { next } = this
    if (!next) return Promise.resolve()
    this.older$ ??= this.reconcile(async () => {
      const page = await this.page(next)
      // A reload came between, and this cursor is of another reading.
      if (this.next !== next) return null
      const offset = page.stream?.offset ?? 0
      return { offset, keep: () => this.keepPage(page.results, page.next, offset) }
    }).finally(() => {
      this.older$ = null
      this.changed()
    })
    this.changed()
    return quiet(this.older$)
  }

  private keepPage(rows: readonly T[], next: string | null, offset: number): void {
    this.rows.merge(rows, offset)
    for (const row of rows) this.drafts.delete(this.key(row))
    this.next = next
    this.rows.edge = next === null ? null : (rows.at(-1) ?? this.rows.edge)
  }

  private async page(path: string, query?: Record<string, unknown>): Promise<Page<T>> {
    return (await this.context.rest.send<Page<T>>({ method: 'GET', path, query })).data
  }

  protected keepEvent({ type, data }: WireEvent, offset: number): void {
    const { upsert, remove } = this.descriptor
    if (remove.includes(type)) {
      this.rows.remove(data, offset)
    } else if (upsert.includes(type)) {
      this.rows.upsert(data as T)
      this.drafts.delete(this.key(data))
    }
  }

  protected forget(): void {
    this.rows.clear()
    this.next = null
    for (const map of [this.drafts, this.patches, this.hidden]) map.clear()
  }

  // -- writing: over REST, shown at once --------------------------------------------------------------------------------

  /**
   * Shows a new row at once and sends it. Its id is made here and is the request's Idempotency-Key too, so sending it
   * twice makes one, and the event that brings it back replaces what is shown. `preview`: what else the row shows until
   * then. The promise rejects with ApiError when it failed; the row stays, as `failed`.
   */
  create(input: Input<Create>, preview: Partial<T> = {}): Promise<T> {
    if (this.descriptor.key !== 'id') return quiet(this.write(() => this.post(input)))
    const id = uuid7(this.context.clock.now())
    const body = { ...input, id }
    const row = { ...this.descriptor.blank(), ...(input as object), ...preview, id }
    this.drafts.set(id, { row, body, state: 'saving' })
    return this.send(id)
  }

  /** Sends a failed row again. */
  retry(id: string): Promise<T | undefined> {
    return this.drafts.get(id)?.state === 'failed' ? this.send(id) : Promise.resolve(undefined)
  }

  /** Takes a failed row off the list. */
  discard(id: string): void {
    if (this.drafts.get(id)?.state === 'failed') this.drafts.delete(id)
    this.changed()
  }

  /** Changes a row: shown at once, and taken back when the server refuses. */
  update(key: string, patch: [Update] extends [never] ? never : Update): Promise<T> {
    this.patches.set(key, patch as object)
    const done = this.write(() => this.call<T>('PATCH', key, patch as object)).finally(() => {
      if (this.patches.get(key) === patch) this.patches.delete(key)
      this.changed()
    })
    return quiet(done)
  }

  /** Removes a row: gone at once, and back when the server refuses. */
  remove(key: string): Promise<void> {
    this.hidden.add(key)
    const removed = this.write<void>(async () => {
      const { positions } = await this.call<undefined>('DELETE', key)
      this.rows.remove(withKey(this.descriptor.key, key), this.offsetIn(positions) ?? 0)
    })
    return quiet(
      removed.finally(() => {
        this.hidden.delete(key)
        this.changed()
      }),
    )
  }

  private send(id: string): Promise<T> {
    const draft = this.drafts.get(id)!
    draft.state = 'saving'
    const sent = this.write(() => this.post(draft.body, id))
    sent.then(
      () => this.drafts.delete(id),
      () => (draft.state = 'failed'),
    ).finally(() => this.changed())
    return quiet(sent)
  }

  private async post(body: object, id?: string): Promise<Written<T>> {
    const headers = id === undefined ? undefined : { 'Idempotency-Key': id }
    return this.context.rest.send<T>({ method: 'POST', path: this.descriptor.path, body, headers })
  }

  private call<Data>(method: string, key: string, body?: object): Promise<Written<Data>> {
    const path = `${this.descriptor.path}${encodeURIComponent(key)}/`
    return this.context.rest.send<Data>({ method, path, body })
  }

  private async write<Data>(run: () => Promise<Written<Data> | undefined | void>): Promise<Data> {
    this.writes++
    this.changed()
    try {
      const written = await run()
      if (written?.data) this.rows.merge([written.data as unknown as T].filter((row) => this.isShown(row)), this.offsetIn(written.positions) ?? 0)
      return written?.data as Data
    } catch (error) {
      if (!(error instanceof ApiError)) this.onError(error)
      throw error
    } finally {
      this.writes--
      this.changed()
    }
  }

  private isShown(row: T): boolean {
    return this.rows.has(this.key(row)) || !this.rows.isBeyondEdge(row)
  }

  private offsetIn(positions: readonly Position[]): number | undefined {
    return positions.find(({ channel }) => channel === this.channel)?.offset
  }

  private key(row: unknown): string {
    return keyOf(row, this.descriptor.key)
  }
}

interface Written<T> {
  readonly data: T
  readonly positions: readonly Position[]
}

const withKey = (path: string, key: string): object =>
  path.split('.').reduceRight<unknown>((value, name) => ({ [name]: value }), key) as object

/** Whoever awaits it gets the error; whoever does not has it in the list's state, and no unhandled rejection. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
