// @vitest-environment jsdom
import { act } from '@testing-library/react'
import { hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { expect, test, vi } from 'vitest'
import { createClient, liveItem, type ItemDescriptor } from '../src/index.js'
import { TidewireProvider, useLiveItem, useLiveList } from '../src/react.js'
import { dehydrate, prefetch } from '../src/ssr.js'
import { createTestServer, settle } from '../src/testing.js'
import { note, notes, type Note } from './support.js'

const first: ItemDescriptor<Note> = { ...(notes as Omit<typeof notes, '$types' | 'open'>), open: liveItem, path: '/api/v1/notes/0001/', id: '0001' }

function Page() {
  const { items, status, hasOlder } = useLiveList(notes)
  const { data } = useLiveItem(first)
  return <main data-status={status}>{`${items.map(({ text }) => text).join()} ${hasOlder} ${data?.text}`}</main>
}

test('a page that a server rendered is hydrated without a difference and without a read, and goes on from there', async () => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  const server = createTestServer({ pageSize: 2 })
  const rows = server.collection(notes, [note(1), note(2), note(3)])
  const onServer = createClient(server.options())
  await prefetch(onServer, notes)
  await prefetch(onServer, first)
  const html = renderToString(<TidewireProvider client={onServer}><Page /></TidewireProvider>)
  expect(html).toBe('<main data-status="stale">note 3,note 2 true note 1</main>')
  expect(onServer.status.state).toBe('idle')
  const state = JSON.parse(JSON.stringify(dehydrate(onServer))) as ReturnType<typeof dehydrate>
  rows.put(note(2, 'changed since'))

  server.requests.length = 0
  const complaints = vi.spyOn(console, 'error')
  const client = createClient({ ...server.options(), hydrated: state })
  const root = document.body.appendChild(document.createElement('div'))
  root.innerHTML = html
  const app = await act(async () => {
    const app = hydrateRoot(root, <TidewireProvider client={client}><Page /></TidewireProvider>)
    expect(root.innerHTML).toBe(html)
    await settle()
    await settle()
    return app
  })
  expect(root.innerHTML).toBe('<main data-status="live">note 3,changed since true note 1</main>')
  expect(complaints.mock.calls).toEqual([])
  expect(server.requests).toEqual([])
  await act(async () => {
    rows.put(note(1, 'changed, too'))
    await settle()
  })
  expect(root.textContent).toBe('note 3,changed since true changed, too')
  await act(() => client.list(notes).older())
  expect(client.list(notes).get().items).toHaveLength(3)
  act(() => app.unmount())
  client.close()
})

test('what a server may not read is an error of the rendering, and one request’s data never reach another', async () => {
  const server = createTestServer()
  server.collection(notes, [note(1)])
  server.refusals.set(notes.path, 403)
  const client = createClient(server.options())
  await expect(prefetch(client, notes)).rejects.toMatchObject({ status: 403 })
  expect(dehydrate(client)).toEqual({})
})
