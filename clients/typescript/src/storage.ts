import type { TokenStorage } from './auth.js'

/** A place for data between visits: IndexedDB, a phone's storage, or your own. Values are plain data. */
export interface KeptStorage {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<unknown>
  delete(key: string): Promise<unknown>
  /** The keys that begin with this. */
  keys(prefix: string): Promise<string[]>
}

/** A browser's IndexedDB. */
export function indexedDb(name = 'tidewire'): KeptStorage {
  let opened: Promise<IDBDatabase> | null = null
  const open = () =>
    (opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1)
      request.onupgradeneeded = () => request.result.createObjectStore('kept')
      request.onsuccess = () => {
        // The browser may take it away, and another tab may delete it: the next call opens it again.
        request.result.onclose = request.result.onversionchange = () => {
          request.result.close()
          opened = null
        }
        resolve(request.result)
      }
      request.onerror = () => {
        opened = null
        reject(request.error)
      }
    }))

  async function run<Result>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<Result>): Promise<Result> {
    const transaction = (await open()).transaction('kept', mode)
    const request = ask(transaction.objectStore('kept'))
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error)
    })
  }

  return {
    get: (key) => run('readonly', (store) => store.get(key)),
    set: (key, value) => run('readwrite', (store) => store.put(value, key)),
    delete: (key) => run('readwrite', (store) => store.delete(key)),
    keys: async (prefix) => (await run('readonly', (store) => store.getAllKeys(IDBKeyRange.bound(prefix, `${prefix}\uffff`)))) as string[],
  }
}

/** A storage of texts, as a phone's AsyncStorage or MMKV is. It keeps its keys under one of its own. */
export function keyValue(storage: TokenStorage, name = 'tidewire'): KeptStorage {
  const index = `${name} keys`
  let last: Promise<unknown> = Promise.resolve()
  const read = async (key: string) => JSON.parse((await storage.getItem(key)) ?? 'null') as unknown
  /** One after another, because the list of keys is read, changed and written. */
  const inTurn = <Result>(run: () => Promise<Result>): Promise<Result> => {
    const mine = last.then(run)
    last = mine.catch(() => undefined)
    return mine
  }
  const change = (key: string, value: unknown) =>
    inTurn(async () => {
      const keys = new Set((await read(index)) as string[] | null)
      const isNew = value !== undefined
      if (isNew) await storage.setItem(`${name} ${key}`, JSON.stringify(value))
      else await storage.removeItem(`${name} ${key}`)
      if (keys.has(key) === isNew) return
      isNew ? keys.add(key) : keys.delete(key)
      await storage.setItem(index, JSON.stringify([...keys]))
    })
  return {
    get: (key) => inTurn(async () => (await read(`${name} ${key}`)) ?? undefined),
    set: change,
    delete: (key) => change(key, undefined),
    keys: (prefix) => inTurn(async () => [...((await read(index)) as string[] | null) ?? []].filter((key) => key.startsWith(prefix)).sort()),
  }
}

/** Nothing outlives the page: for tests, and where nothing should be stored. */
export function inMemory(): KeptStorage {
  const kept = new Map<string, unknown>()
  return {
    get: async (key) => structuredClone(kept.get(key)),
    set: async (key, value) => kept.set(key, structuredClone(value)),
    delete: async (key) => kept.delete(key),
    keys: async (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)).sort(),
  }
}
