import type { ItemWrites } from './item.js'
import type { ListWrites } from './list.js'
import { ApiError, problem, type Answered } from './rest.js'
import { valueAt } from './rows.js'
import { storeOf } from './store.js'
import { baseOf, overlaid, rowWith, type Row } from './unsaved.js'
import { uuid7 } from './uuid.js'
import type { ItemView, PendingWrites, View, Which, Write, WritesContext } from './writes.js'

/** Keeps writes until there is a link: see `tidewire/queued`. */
export interface WriteQueue {
  attach(host: QueueHost): void
  /** Whether writes may be sent now. They are sent one at a time. */
  isOpen(): boolean
  /** A write was made or changed, or (with `null`) confirmed or discarded. */
  keep(write: Write, change: Write | null, answer?: Partial<Answered<unknown>>): void
  /** A write failed for the moment: calls `pump` when it is time for another try. */
  later(error: ApiError): void
}

export interface QueueHost {
  all(): readonly Write[]
  /** Sends what can be sent. */
  pump(): void
  /** Replaces all writes by those that are stored. */
  load(writes: readonly Write[]): void
  /** Another tab has sent this write. */
  confirm(id: string, answer: Partial<Answered<unknown>>): void
}

const discarded = () => new ApiError(problem(0, 'discarded', 'This write was taken back.'))
const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
const isOfRow = (a: Which) => (b: Which) => a.list === b.list && a.key === b.key

/** Shows each write at once and sends it. `queue`: keeps writes that cannot be sent yet. */
export function writesOf(context: WritesContext, queue?: WriteQueue): PendingWrites {
  const { clock, told, onError, send } = context
  const waiting = new Map<string, { resolve(data: unknown): void; reject(error: unknown): void }>()
  const shown = new WeakMap<object, Map<string, unknown>>()
  let all: readonly Write[] = []
  let last = 0
  const { changed, ...store } = storeOf(context, () => all)
  const find = (id: string) => all.find((write) => write.id === id)

  /** Changes a write, or removes it (null). */
  function put(write: Write, change: Partial<Write> | null, answer?: Partial<Answered<unknown>>): void {
    const next = change && { ...write, ...change }
    all = all.flatMap((other) => (other.id !== write.id ? other : (next ?? [])))
    queue?.keep(write, next, answer)
    changed()
    told(write, answer)
  }

  function settled(id: string, how: 'resolve' | 'reject', value: unknown): void {
    waiting.get(id)?.[how](value)
    waiting.delete(id)
  }

  function pump(): void {
    for (const write of all) {
      if (queue && (!queue.isOpen() || all.some(({ state }) => state === 'saving'))) return
      if (write.state === 'waiting' && all.find(isOfRow(write))!.id === write.id) void attempt(write)
    }
  }

  async function attempt(write: Write): Promise<void> {
    const { id, method, path, body, version, base } = write
    put(write, { state: 'saving' })
    try {
      confirm(id, await send({ method, path, body, headers: { 'Idempotency-Key': id, ...(version && { 'If-Match': `"${version}"` }) } }))
    } catch (caught) {
      const error = caught as ApiError
      const { status, isTemporary, retryAfter } = error
      const isConflict = status === 412
      const theirs = isConflict ? (await send<object>({ method: 'GET', path }).catch(() => null))?.data : undefined
      if (!find(id)) settled(id, 'reject', error)
      else if (method === 'DELETE' && status === 404) confirm(id, {})
      else if (queue && (isTemporary || retryAfter !== null || (isConflict && !theirs))) {
        put(write, { state: 'waiting' })
        return queue.later(error)
      } else if (theirs && Object.entries(base ?? {}).every(([name, was]) => [was, valueAt(body, name)].some((ours) => isEqual(ours, valueAt(theirs, name))))) {
        // Others have changed other fields only.
        put(write, { state: 'waiting', version: valueAt(theirs, 'version') as number })
      } else {
        onError(error)
        // The later writes of the row were made on top of this one: they are retried or discarded with it.
        for (const other of all.filter(isOfRow(write))) {
          put(other, { state: 'failed', error: error.problem, ...(other.id === id && { theirs }) })
          settled(other.id, 'reject', error)
        }
      }
    }
    pump()
  }

  function confirm(id: string, answer: Partial<Answered<unknown>>): void {
    const write = find(id)
    if (!write) return
    put(write, null, answer)
    const version = valueAt(answer.data, 'version') as number | undefined
    // The later changes of this row were made on top of this one.
    if (version) for (const other of all) if (isOfRow(write)(other) && other.base) put(other, { version })
    settled(id, 'resolve', answer.data)
  }

  function promise<Data>(id: string): Promise<Data> {
    const promise = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }))
    // A caller that awaits it gets the error. Without await, it is in the row's state, not an unhandled rejection.
    promise.catch(() => {})
    pump()
    return promise as Promise<Data>
  }

  queue?.attach({
    pump,
    confirm,
    all: () => all,
    load(writes) {
      const before = all
      all = writes
      last = Math.max(last, ...all.map(({ at }) => at))
      changed()
      for (const write of [...all, ...before]) told(write)
      for (const { id, state, error } of all) if (state === 'failed' && error) settled(id, 'reject', new ApiError(error))
      for (const { id } of before) if (!find(id)) settled(id, 'reject', discarded())
    },
  })

  const chosen = ({ id, ...which }: Which) => all.filter((write) => (id === undefined ? isOfRow(which)(write) : write.id === id))

  function retry(write: Write): Promise<unknown> {
    if (write.state !== 'failed') return Promise.resolve()
    // After a conflict, the user has seen the other version.
    const version = (valueAt(write.theirs, 'version') as number | undefined) ?? write.version
    put(write, { state: 'waiting', error: undefined, theirs: undefined, version })
    return promise(write.id)
  }

  function discard(write: Write): void {
    if (write.state === 'saving') return
    for (const other of all.filter((other) => other === write || (write.method === 'POST' && isOfRow(write)(other)))) {
      put(other, null)
      settled(other.id, 'reject', discarded())
    }
    pump()
  }

  function add<Data>(write: Omit<Write, 'at' | 'state' | 'id'> & { id?: string }, saved?: object): Promise<Data> {
    last = Math.max(clock.now(), last + 0.001)
    const row = rowWith(saved, chosen({ list: write.list, key: write.key })) ?? saved
    const made: Write = { id: uuid7(clock.now()), ...write, ...(write.method === 'PATCH' && baseOf(row, write.body!)), at: last, state: 'waiting' }
    all = [...all, made]
    put(made, {})
    return promise(made.id)
  }
  const retryAll = (which: Which) => Promise.all(chosen(which).map(retry)).then(([answer]) => answer)
  const discardAll = (which: Which) => chosen(which).forEach(discard)

  return {
    ...store,
    ofList<T extends object, Create, Update>({ descriptor, rows }: View<T>): ListWrites<T, Create, Update> {
      const { path: list, key: keyPath, blank } = descriptor
      const detail = (key: string) => `${list}${encodeURIComponent(key)}/`
      const send = <Data>(method: string, key: string, path: string, body?: object, shown?: object | null) =>
        add<Data>({ list, key, method, path, body, shown }, rows.get(key))
      return {
        create(input, preview) {
          // Another store may have chosen one already.
          const { id = uuid7(clock.now()) } = input as { id?: string }
          // With another key, only the server knows which row it becomes.
          const hasId = keyPath === 'id'
          const body = hasId ? { ...(input as object), id } : (input as object)
          return add({ id, list, key: id, method: 'POST', path: list, body, shown: hasId ? { ...blank(), ...body, ...preview } : undefined })
        },
        update: (key, patch) => send('PATCH', key, detail(key), patch as object, patch as object),
        remove: (key) => send('DELETE', key, detail(key), undefined, null),
        write: (key, { method, path, body }, shown = {}) => send(method, key, detail(key) + path, body, shown),
        retry: (key) => retryAll({ list, key }),
        discard: (key) => discardAll({ list, key }),
      }
    },
    ofItem<T extends object, Update>({ list, key, path, saved }: ItemView<T>): ItemWrites<T, Update> {
      return {
        update: (patch) => add({ list, key, method: 'PATCH', path, body: patch as object, shown: patch as object }, saved()),
        retry: () => retryAll({ list, key }),
        discard: () => discardAll({ list, key }),
      }
    },
    pending: (path) => all.filter(({ list, state }) => list === path && state !== 'failed').length,
    with: (saved, which) => rowWith(saved, chosen(which)),
    over<T extends object>(view: View<T>) {
      const own = all.filter(({ list }) => list === view.descriptor.path)
      const before = shown.get(view) ?? new Map<string, Row<T>>()
      shown.set(view, before)
      return own.length || before.size ? overlaid(view, own, before as Map<string, Row<T>>) : undefined
    },
    // The answer to a new row was lost, the row was not.
    seen: (which) => chosen(which).forEach(({ id, method, state }) => method === 'POST' && state === 'failed' && confirm(id, {})),
    retry: retryAll,
    discard: discardAll,
    reset() {
      for (const write of all) {
        put(write, null)
        settled(write.id, 'reject', new ApiError(problem(401, 'signed_out', 'The user signed out before this was sent.')))
      }
    },
  }
}

/** `createClient({ writes: optimistic })`: a write is shown at once, and stays as `failed` when it is refused. */
export const optimistic = (context: WritesContext): PendingWrites => writesOf(context)
