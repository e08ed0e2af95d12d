import type { LiveList } from './list.js'
import type { AnyRow } from './rows.js'

/** A row with reactions, as messages have them. */
interface Reacted extends AnyRow {
  readonly id: string
  readonly reactions: { emoji: string; count: number; users: string[] }[]
}

type Reactable = Pick<LiveList<Reacted>, 'get' | 'write'>

/** `react(list, message.id, '👍', userId)`: adds the user's reaction, and shows it at once. */
export const react = (list: Reactable, id: string, emoji: string, user: string): Promise<unknown> => change(list, id, emoji, user, 'PUT')

/** Takes the user's reaction away. */
export const unreact = (list: Reactable, id: string, emoji: string, user: string): Promise<unknown> => change(list, id, emoji, user, 'DELETE')

function change(list: Reactable, id: string, emoji: string, user: string, method: 'PUT' | 'DELETE'): Promise<unknown> {
  const shown = list.get().items.find((row) => row.id === id)?.reactions ?? []
  const others = (shown.find((one) => one.emoji === emoji)?.users ?? []).filter((one) => one !== user)
  const users = method === 'PUT' ? [...others, user] : others
  const isNew = !shown.some((one) => one.emoji === emoji)
  const reactions = (isNew ? [...shown, { emoji, count: 0, users: [] }] : shown)
    .map((one) => (one.emoji === emoji ? { ...one, users, count: Math.max(0, one.count + users.length - one.users.length) } : one))
    .filter(({ count }) => count > 0)
  return list.write(id, { method, path: `reactions/${encodeURIComponent(emoji)}/` }, { reactions })
}
