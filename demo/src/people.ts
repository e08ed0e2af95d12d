import { createClient, jwt, type Client, type JwtAuth } from 'tidewire'
import { queued } from 'tidewire/queued'
import { Wire } from './wire.js'

export interface Person {
  readonly id: string
  readonly name: string
  readonly auth: JwtAuth
  readonly client: Client
  readonly wire: Wire
}

export interface Scene {
  readonly alice: Person
  readonly bob: Person
  readonly room: string
}

async function enter(name: string, email: string, password: string): Promise<Person> {
  const wire = new Wire()
  const auth = jwt()
  const client = createClient({
    url: location.origin,
    auth,
    fetch: wire.fetch,
    WebSocket: wire.WebSocket,
    lifecycle: wire.lifecycle,
    writes: queued(),
    onError: (error) => wire.note(String(error)),
  })
  await auth.signIn(email, password)
  const id = await auth.userId()
  if (!id) throw new Error(`${name} could not sign in`)
  return { id, name, auth, client, wire }
}

/** Signs both in with the logins of the seeded demo, and finds the room where only they are. */
export async function enterBoth(): Promise<Scene> {
  const response = await fetch('/demo/logins', { headers: { 'X-Tidewire-Demo': '1' } })
  if (!response.ok) throw new Error('There are no demo accounts here. Run: python manage.py seed_demo')
  const logins = (await response.json()) as Record<string, string>
  const of = (name: string) => {
    const email = `${name}@example.com`
    const password = logins[email]
    if (!password) throw new Error('There are no demo accounts here. Run: python manage.py seed_demo')
    return [email, password] as const
  }
  const [alice, bob] = await Promise.all([enter('Alice', ...of('alice')), enter('Bob', ...of('bob'))])
  return { alice, bob, room: await sharedRoom(alice, bob) }
}

async function sharedRoom(alice: Person, bob: Person): Promise<string> {
  const { data } = await alice.client.api.GET('/api/v1/rooms/', { params: { query: { limit: 100 } } })
  const known = data?.results.find(({ kind, me }) => kind === 'private' && me.role === 'owner')
  if (known) {
    await invite(alice, bob, known.id)
    return known.id
  }
  const made = await alice.client.api.POST('/api/v1/rooms/', { body: { name: 'engine room', kind: 'private' } })
  if (!made.data) throw new Error('The room could not be opened')
  await invite(alice, bob, made.data.id)
  return made.data.id
}

const inRoom = (room: string) => ({ params: { path: { room_id: room } } })

export const invite = (alice: Person, bob: Person, room: string) =>
  alice.client.api.POST('/api/v1/rooms/{room_id}/members/', { ...inRoom(room), body: { user_id: bob.id, role: 'member' } })

export const remove = (alice: Person, bob: Person, room: string) =>
  alice.client.api.DELETE('/api/v1/rooms/{room_id}/members/{user_id}/', { params: { path: { room_id: room, user_id: bob.id } } })

/** So many messages of Alice, one after the other, straight over REST. */
export async function write(alice: Person, room: string, count: number, onWritten: (done: number) => void): Promise<void> {
  for (let n = 1; n <= count; n++) {
    await alice.client.api.POST('/api/v1/rooms/{room_id}/messages/', { ...inRoom(room), body: { text: `Wave ${n} of ${count}` } })
    onWritten(n)
  }
}

/** Whether what is on the screen is what a fresh read shows. */
export async function isTrue(person: Person, room: string, shown: readonly { id: string; version: number }[]): Promise<boolean> {
  let cursor: string | undefined
  const fresh: { id: string; version: number }[] = []
  do {
    const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) }
    const { data } = await person.client.api.GET('/api/v1/rooms/{room_id}/messages/', { params: { path: { room_id: room }, query } })
    fresh.push(...(data?.results ?? []))
    cursor = data?.next ? (new URL(data.next).searchParams.get('cursor') ?? undefined) : undefined
  } while (cursor !== undefined && fresh.length < shown.length)
  const text = (rows: readonly { id: string; version: number }[]) => rows.map(({ id, version }) => `${id}/${version}`).join()
  return text(fresh.slice(0, shown.length)) === text(shown)
}

export async function restart(): Promise<void> {
  const response = await fetch('/demo/restart', { method: 'POST', headers: { 'X-Tidewire-Demo': '1' } })
  if (!response.ok) throw new Error('The server did not restart')
}
