import type { ItemDescriptor, WireEvent } from './descriptors.js'
import { Following, type Context, type ListStatus } from './follower.js'
import type { Problem } from './rest.js'
import { Rows, keyOf, type AnyRow } from './rows.js'
import type { Place } from './stream.js'

export interface LiveItemState<T> {
  /** Undefined while loading, and when it is not there (any more) or not for us. */
  readonly data: T | undefined
  readonly status: ListStatus
  /** It was deleted. */
  readonly isGone: boolean
  readonly error: Problem | undefined
}

/** One resource that stays true. */
export class LiveItem<T extends AnyRow, Update = never> extends Following<LiveItemState<T>> {
  private readonly rows: Rows<T>
  private isGone = false

  constructor(
    context: Context,
    private readonly descriptor: ItemDescriptor<T, Update>,
  ) {
    super(context, descriptor.channel)
    this.rows = new Rows<T>(descriptor.key, [])
  }

  protected compute(): LiveItemState<T> {
    const data = this.rows.read(this.descriptor.id)
    return { data, status: this.status, isGone: this.isGone, error: this.problem }
  }

  protected async read(): Promise<{ place: Place | null; keep: () => void }> {
    const { data, positions } = await this.context.rest.send<T>({ method: 'GET', path: this.descriptor.path })
    const keep = () => {
      this.forget()
      this.rows.merge([data], 0)
    }
    return { place: positions.find(({ channel }) => channel === this.channel) ?? null, keep }
  }

  protected keepEvent({ type, data }: WireEvent, offset: number): void {
    const { upsert, remove, key, id } = this.descriptor
    if (keyOf(data, key) !== id) return
    if (remove.includes(type)) {
      this.rows.remove(data, offset)
      this.isGone = true
    } else if (upsert.includes(type)) {
      this.rows.upsert(data as T)
      this.isGone = false
    }
  }

  protected forget(): void {
    this.rows.clear()
    this.isGone = false
  }

  /** Changes it. What the server answers is shown at once. */
  async update(patch: [Update] extends [never] ? never : Update): Promise<T> {
    const { data, positions } = await this.context.rest.send<T>({ method: 'PATCH', path: this.descriptor.path, body: patch })
    this.rows.merge([data], positions.find(({ channel }) => channel === this.channel)?.offset ?? 0)
    this.changed()
    return data
  }
}
