/** The page of the tests of what is kept: a client with everything that is stored in the browser. */
import { createClient, jwt, messages, type Client, type LiveList, type Schemas } from '../src/index.js'
import { durable } from '../src/durable.js'
import { queued } from '../src/queued.js'
import { react, unreact } from '../src/reactions.js'
import { indexedDb } from '../src/storage.js'

type Messages = LiveList<Schemas['Message'], Schemas['MessageCreateRequest'], Schemas['PatchedMessageUpdateRequest']>

export interface App {
  readonly client: Client
  readonly auth: ReturnType<typeof jwt>
  /** How long it took until a list had rows, in milliseconds since the script began. */
  firstRows: number | null
  /** The list's status at that moment; 'live' only after the server has answered. */
  firstStatus: string | null
  list(room: string, limit?: number): Messages
  react: typeof react
  unreact: typeof unreact
}

declare global {
  interface Window {
    app: App
  }
}

const began = performance.now()
const asked = new URLSearchParams(location.search)
const storage = indexedDb()
const auth = jwt({ storage: localStorage })
const client = createClient({
  url: asked.get('url')!,
  auth,
  writes: queued({ storage }),
  durable: durable({ storage, auth }),
  onError: (error) => console.info(String(error)),
})
window.app = {
  client,
  auth,
  firstRows: null,
  firstStatus: null,
  list: (room, limit) => client.list(messages(room), limit ? { limit } : {}),
  react,
  unreact,
}
for (const room of asked.getAll('room')) {
  const list = window.app.list(room, Number(asked.get('limit') ?? 0))
  list.subscribe(() => {
    if (!list.get().items.length) return
    window.app.firstRows ??= performance.now() - began
    window.app.firstStatus ??= list.get().status
  })
}
