// @vitest-environment jsdom
import { act, cleanup, renderHook } from '@testing-library/react'
import { createElement, type ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { createClient, type Client } from '../src/index.js'
import { TidewireProvider, useListWindow, useLiveList, useSession, useStream, useUserId, useWrites } from '../src/react.js'
import { createTestServer, settle, type TestServer } from '../src/testing.js'
import { note, notes, texts } from './support.js'

afterEach(cleanup)

const calm = () => act(async () => { await settle(); await settle() })

function hooked<Result>(run: () => Result, server: TestServer) {
  const client: Client = createClient({ ...server.options(), onError: () => undefined })
  const wrapper = ({ children }: { children: ReactNode }) => createElement(TidewireProvider, { client }, children)
  return { client, ...renderHook(run, { wrapper }) }
}

test('useSession is unknown until the storage was read, and follows sign-in, sign-out and another user', async () => {
  let user: string | null = null
  const listeners = new Set<() => void>()
  const source = {
    userId: async () => user,
    onChange(listener: () => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const become = (next: string | null) =>
    act(async () => {
      user = next
      for (const listener of listeners) listener()
      await settle()
    })
  const { result, unmount } = renderHook(() => [useSession(source), useUserId(source)] as const)
  expect(result.current).toEqual([{ state: 'unknown', userId: null }, null])
  await calm()
  expect(result.current[0]).toEqual({ state: 'signed-out', userId: null })
  await become('alice')
  expect(result.current).toEqual([{ state: 'signed-in', userId: 'alice' }, 'alice'])
  await become('bob')
  expect(result.current[0]).toEqual({ state: 'signed-in', userId: 'bob' })
  await become(null)
  expect(result.current[0]).toEqual({ state: 'signed-out', userId: null })
  unmount()
  expect(listeners.size).toBe(0)
})

test('useWrites shows what is not confirmed, and retries or discards one of it', async () => {
  const server = createTestServer()
  server.collection(notes, [note(1)])
  const { result, client } = hooked(() => ({ ...useWrites(), list: useLiveList(notes) }), server)
  await calm()
  expect(result.current.writes).toEqual([])
  server.refusals.set(notes.path, 403)
  await act(async () => {
    void result.current.list.update('0001', { text: 'mine' })
    void result.current.list.create({ text: 'new' })
    await settle()
  })
  const [edit, made] = result.current.writes
  expect(result.current.writes.map(({ method, state, error }) => [method, state, error?.status])).toEqual([['PATCH', 'failed', 403], ['POST', 'failed', 403]])
  await act(async () => result.current.discard(made!))
  expect(result.current.writes).toEqual([edit])
  server.refusals.clear()
  await act(async () => void (await result.current.retry(edit!)))
  expect([result.current.writes, texts(result.current.list)]).toEqual([[], ['mine']])
  client.close()
})

test('useStream calls back when events may be missing, with the newest handler, and not after it has gone', async () => {
  const server = createTestServer()
  const rows = server.collection(notes, [note(1)])
  const seen: string[] = []
  let name = 'first'
  const { rerender, unmount, client } = hooked(
    () => useStream(notes, (event: { type: string; data: unknown }) => seen.push(`${name} ${event.type}`), () => seen.push(`${name} reset`)),
    server,
  )
  await calm()
  rows.put(note(2))
  await calm()
  name = 'second'
  rerender()
  await act(async () => server.newEpoch(notes.channel))
  await calm()
  rows.put(note(3))
  await calm()
  expect(seen).toEqual(['first note.created', 'second reset', 'second note.created'])
  unmount()
  rows.put(note(4))
  await calm()
  expect(seen).toHaveLength(3)
  client.close()
})

test('useListWindow goes to a row and on from there', async () => {
  const server = createTestServer({ pageSize: 4 })
  server.collection(notes, Array.from({ length: 20 }, (_, n) => note(n + 1)))
  const { result, client } = hooked(() => useListWindow(notes), server)
  await calm()
  expect([result.current.items[0]!.id, result.current.hasNewer]).toEqual(['0020', false])
  await act(() => result.current.around('0010'))
  expect([result.current.items.map(({ id }) => id), result.current.hasNewer]).toEqual([['0012', '0011', '0010', '0009'], true])
  await act(() => result.current.newer())
  await act(() => result.current.older())
  expect([result.current.items[0]!.id, result.current.items.at(-1)!.id]).toEqual(['0016', '0005'])
  await act(() => result.current.newest())
  expect([result.current.items[0]!.id, result.current.hasNewer]).toEqual(['0020', false])
  client.close()
})
