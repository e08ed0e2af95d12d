import { expect, test } from 'vitest'
import type { ListDescriptor } from '../src/index.js'
import { react, unreact } from '../src/reactions.js'
import { note, notes, rig, settle, type Note } from './support.js'

interface Message extends Note {
  reactions: { emoji: string; count: number; users: string[] }[]
}

const messages = { ...(notes as Omit<typeof notes, '$types' | 'blank'>), blank: () => ({ ...notes.blank(), reactions: [] }) } as unknown as ListDescriptor<Message, { text: string }, object>
const thumb = (...users: string[]) => ({ emoji: '👍', count: users.length, users })

async function opened(...reactions: Message['reactions']) {
  const rigged = rig()
  rigged.server.collection(messages, [{ ...note(1), reactions }])
  const list = rigged.client.list(messages)
  list.subscribe(() => undefined)
  await settle()
  return { ...rigged, list, shown: () => list.get().items[0]!.reactions }
}

test('a reaction is shown at once, and sent at an address of its own', async () => {
  const { list, server, shown } = await opened(thumb('bob'))
  void react(list, '0001', '👍', 'alice').catch(() => undefined)
  void react(list, '0001', '❤️', 'alice').catch(() => undefined)
  expect(shown()).toEqual([thumb('bob', 'alice'), { ...thumb('alice'), emoji: '❤️' }])
  expect(list.get().items[0]!.$state).toBe('waiting')
  await settle()
  expect(server.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path)).toEqual([
    `${notes.path}0001/reactions/${encodeURIComponent('👍')}/`,
  ])
})

test('a second reaction of the same kind adds nothing, and the last one that goes takes the emoji with it', async () => {
  const { list, shown } = await opened(thumb('alice'), { ...thumb('bob', 'carol'), emoji: '🎉' })
  void react(list, '0001', '👍', 'alice').catch(() => undefined)
  expect(shown()[0]).toEqual(thumb('alice'))
  void unreact(list, '0001', '👍', 'alice').catch(() => undefined)
  void unreact(list, '0001', '🎉', 'bob').catch(() => undefined)
  expect(shown()).toEqual([{ ...thumb('carol'), emoji: '🎉' }])
})

test('a count that names only some of its users stays right', async () => {
  const { list, shown } = await opened({ emoji: '👍', count: 250, users: ['bob'] })
  void react(list, '0001', '👍', 'alice').catch(() => undefined)
  expect(shown()).toEqual([{ emoji: '👍', count: 251, users: ['bob', 'alice'] }])
  void unreact(list, '0001', '👍', 'alice').catch(() => undefined)
  expect(shown()).toEqual([{ emoji: '👍', count: 250, users: ['bob'] }])
})

test('a refused reaction stays in sight as failed, until it is taken back', async () => {
  const { list, server, shown } = await opened(thumb('bob'))
  server.refusals.set(notes.path, 403)
  await expect(react(list, '0001', '👍', 'alice')).rejects.toMatchObject({ status: 403 })
  expect([shown(), list.get().items[0]!.$state]).toEqual([[thumb('bob', 'alice')], 'failed'])
  list.discard('0001')
  expect([shown(), list.get().items[0]!.$state]).toEqual([[thumb('bob')], 'saved'])
})
