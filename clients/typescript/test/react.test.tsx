// @vitest-environment jsdom
import { act, cleanup, render, screen } from '@testing-library/react'
import { StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, expect, test } from 'vitest'
import { TidewireProvider, useConnection, useLiveItem, useLiveList, useSignal, useStream } from '../src/react.js'
import { createClient, liveItem } from '../src/index.js'
import { createTestServer, settle } from '../src/testing.js'
import { note, notes } from './support.js'

afterEach(cleanup)

function Notes({ isThere = true }: { isThere?: boolean }) {
  const { items, status, create } = useLiveList(isThere && notes)
  const { state } = useConnection()
  return (
    <section>
      <p data-testid="status">{`${state} ${status}`}</p>
      <ul>{items.map(({ id, text }) => <li key={id}>{text}</li>)}</ul>
      <button onClick={() => void create({ text: 'mine' })}>write</button>
    </section>
  )
}

const texts = () => screen.queryAllByRole('listitem').map((item) => item.textContent)
const calm = () => act(async () => { await settle(); await settle() })

test('a list in StrictMode: one subscribe, one read, and it stays true', async () => {
  const server = createTestServer()
  const rows = server.collection(notes, [note(1)])
  const client = createClient(server.options())
  render(<StrictMode><TidewireProvider client={client}><Notes /></TidewireProvider></StrictMode>)
  await calm()
  expect(screen.getByTestId('status').textContent).toBe('online live')
  expect(texts()).toEqual(['note 1'])
  rows.put(note(2))
  await calm()
  act(() => screen.getByRole('button').click())
  await calm()
  expect(texts().sort()).toEqual(['mine', 'note 1', 'note 2'])
  expect(server.subscribes).toHaveLength(1)
  expect(server.requests.filter(({ method }) => method === 'GET')).toHaveLength(1)
  client.close()
})

test('null means not yet, and a server render shows the loading state', () => {
  const server = createTestServer()
  server.collection(notes, [note(1)])
  const client = createClient(server.options())
  expect(renderToString(<TidewireProvider client={client}><Notes /></TidewireProvider>)).toContain('idle loading')
  render(<TidewireProvider client={client}><Notes isThere={false} /></TidewireProvider>)
  expect(server.requests).toEqual([])
  client.close()
})

test('a resource, a stream and a signal', async () => {
  const server = createTestServer()
  const rows = server.collection(notes, [note(1)])
  const client = createClient(server.options())
  const seen: string[] = []
  function One() {
    const { data, isGone } = useLiveItem({ ...notes, open: liveItem, path: '/api/v1/notes/0001/', id: '0001' })
    const [typing, say] = useSignal(notes, 'typing')
    useStream(notes, (event: { type: string; data: unknown }) => seen.push(event.type))
    return <button onClick={() => say()}>{`${data?.text} ${isGone} ${typing.map(({ user }) => user).join()}`}</button>
  }
  render(<TidewireProvider client={client}><One /></TidewireProvider>)
  await calm()
  rows.put(note(1, 'changed'))
  server.signal('room:1', { type: 'typing' }, 'bob')
  await calm()
  expect(screen.getByRole('button').textContent).toBe('changed false bob')
  act(() => screen.getByRole('button').click())
  expect(server.published).toEqual([{ channel: 'room:1', data: { type: 'typing' } }])
  rows.remove('0001')
  await calm()
  expect(screen.getByRole('button').textContent).toBe('undefined true bob')
  expect(seen).toEqual(['note.edited', 'note.deleted'])
  client.close()
})
