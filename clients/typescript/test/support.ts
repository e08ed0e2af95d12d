import type { ListDescriptor } from '../src/descriptors.js'
import { createClient, liveList, type Client, type ClientOptions } from '../src/index.js'
import { createTestClock, createTestServer, settle, type TestClock, type TestServer, type TestServerOptions } from '../src/testing.js'

export interface Note {
  id: string
  text: string
  created_at: string
  version: number
}

export const notes: ListDescriptor<Note, { id?: string; text: string }, { text?: string }> = {
  open: liveList,
  path: '/api/v1/notes/',
  channel: 'room:1',
  upsert: ['note.created', 'note.edited'],
  remove: ['note.deleted'],
  key: 'id',
  order: ['-created_at', '-id'],
  blank: () => ({ id: '', text: '', created_at: '', version: 0 }),
}

export const note = (n: number, text = `note ${n}`): Note => ({
  id: String(n).padStart(4, '0'),
  text,
  created_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
  version: 0,
})

export interface Task extends Note {
  status: string
  moved_at: string
}

/** A list with filters, and with an order in which rows move. */
export const tasks: ListDescriptor<Task, { id?: string; text: string; status: string; moved_at: string }, Partial<Task>, TaskQuery> = {
  ...(notes as Omit<typeof notes, '$types' | 'blank'>),
  path: '/api/v1/tasks/',
  filters: { status: ['status', 'exact'], created_before: ['created_at', 'lt'], moved_after: ['moved_at', 'gte'] },
  maxLimit: 6,
  blank: () => ({ ...notes.blank(), status: '', moved_at: '' }),
}

export interface TaskQuery {
  status?: string
  created_before?: string
  moved_after?: string
  ordering?: 'created_at' | '-created_at' | 'moved_at' | '-moved_at'
  limit?: number
}

export interface Rig {
  clock: TestClock
  server: TestServer
  client: Client
  errors: unknown[]
}

export function rig(options: TestServerOptions = {}, more: Partial<ClientOptions> = {}): Rig {
  const clock = createTestClock()
  const server = createTestServer({ clock, ...options })
  const errors: unknown[] = []
  const client = createClient({ ...server.options(), onError: (error) => errors.push(error), ...more })
  return { clock, server, client, errors }
}

export const texts = (state: { items: readonly { text: string }[] }): string[] => state.items.map(({ text }) => text)
/** Rows as the server has them. */
export const plain = <T extends { $state: string; $error?: unknown; $theirs?: unknown }>(rows: readonly T[]) =>
  rows.map(({ $state: _, $error: __, $theirs: ___, ...row }) => row)
export { settle }
