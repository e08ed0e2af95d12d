// @vitest-environment jsdom
import { memo } from 'react'
import { createRoot } from 'react-dom/client'
import { afterEach, expect, test, vi } from 'vitest'
import type { ListDescriptor } from '../src/descriptors.js'
import { createClient, liveItem, type Row } from '../src/index.js'
import { TidewireProvider, useLiveItem, useLiveList } from '../src/react.js'
import { createTestClock, createTestServer } from '../src/testing.js'
import { note, notes, plain, settle, type Note } from './support.js'

/** As long as a frame: what an app has unless it says otherwise. */
const FRAME = 16

const renders = new Map<string, number>()
const count = (name: string) => void renders.set(name, (renders.get(name) ?? 0) + 1)
const total = (prefix: string) => [...renders].reduce((sum, [name, n]) => sum + (name.startsWith(prefix) ? n : 0), 0)
afterEach(() => renders.clear())

const Item = memo(function Item({ row }: { row: Row<Note> }) {
  count(`row ${row.id}`)
  return <li>{row.text}</li>
})

function List({ of }: { of: ListDescriptor<Note> }) {
  const { items } = useLiveList(of)
  count(`list ${of.channel}`)
  return <ul>{items.map((row) => <Item key={row.id} row={row} />)}</ul>
}

function rig(pageSize = 50) {
  const clock = createTestClock()
  const server = createTestServer({ clock, pageSize })
  const client = createClient({ ...server.options(), notifyEvery: FRAME })
  const root = createRoot(document.body.appendChild(document.createElement('div')))
  // Without `act`, which would itself hold renders together.
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false)
  const render = async (children: React.ReactNode) => {
    root.render(<TidewireProvider client={client}>{children}</TidewireProvider>)
    for (let turn = 0; turn < 5; turn++) await settle()
    await clock.advance(2 * FRAME)
    await settle()
    renders.clear()
  }
  const end = () => {
    root.unmount()
    client.close()
  }
  return { clock, server, client, render, end }
}

test('5,000 rows and a burst of 100 events: 100 rows render, and the list twice', async () => {
  const { clock, server, render, end } = rig(5_000)
  const rows = server.collection(notes, Array.from({ length: 5_000 }, (_, n) => note(n)))
  await render(<List of={notes} />)
  expect(document.querySelectorAll('li')).toHaveLength(5_000)
  for (let n = 0; n < 100; n++) {
    rows.put(note(n * 50, 'changed'))
    await settle() // a turn of its own, as each message of a socket has
  }
  // The first is shown at once; the others wait for the frame.
  expect([total('row'), total('list')]).toEqual([1, 1])
  await clock.advance(FRAME)
  expect([total('row'), total('list')]).toEqual([100, 2])
  expect([...document.querySelectorAll('li')].filter((item) => item.textContent === 'changed')).toHaveLength(100)
  await clock.advance(1_000)
  expect(total('')).toBe(102)
  end()
})

test('50 rooms at once: an event renders its own room, and one row in it', async () => {
  const { clock, server, render, end } = rig()
  const rooms = Array.from({ length: 50 }, (_, n) => ({ ...notes, path: `/api/v1/rooms/${n}/notes/`, channel: `room:${n}` }))
  const rows = rooms.map((room) => server.collection(room, [note(1), note(2)]))
  await render(rooms.map((room) => <List key={room.channel} of={room} />))
  expect(document.querySelectorAll('li')).toHaveLength(100)
  rows[7]!.put(note(1, 'changed'))
  await clock.advance(FRAME)
  expect([...renders]).toEqual([['list room:7', 1], ['row 0001', 1]])
  end()
})

test('50 resources of one stream: an event renders the one it is about', async () => {
  const { clock, server, render, end } = rig()
  const rows = server.collection(notes, Array.from({ length: 50 }, (_, n) => note(n)))
  function One({ id }: { id: string }) {
    const { data } = useLiveItem<Note, object>({ ...notes, open: liveItem, path: `${notes.path}${id}/`, id })
    count(`one ${id}`)
    return <p>{data?.text}</p>
  }
  await render(rows.all().map(({ id }) => <One key={id} id={id} />))
  rows.put(note(7, 'changed'))
  rows.put(note(99))
  server.publish('room:1', 'note.unheard_of', {})
  await clock.advance(FRAME)
  expect([...renders]).toEqual([['one 0007', 1]])
  end()
})

test('what did not change stays the same object: through events, writes, a lost link and a new snapshot', async () => {
  const { clock, server, client, end } = rig()
  const rows = server.collection(notes, [note(1), note(2), note(3)])
  const list = client.list(notes)
  let calls = 0
  list.subscribe(() => calls++)
  const shown = async () => {
    await clock.advance(FRAME)
    return list.get().items
  }
  const [third, second, first] = await shown()
  rows.put(note(2, 'changed'))
  const changed = await shown()
  expect(changed.map((row, i) => row === [third, second, first][i])).toEqual([true, false, true])

  const saving = list.update(first!.id, { text: 'mine' })
  expect(list.get().items.map((row) => row.$state)).toEqual(['saved', 'saved', 'saving'])
  expect(list.get().items.slice(0, 2)).toEqual(changed.slice(0, 2))
  expect(list.get().items[0]).toBe(third)
  await saving
  const saved = await shown()
  expect([saved[0], saved[1]].map((row, i) => row === changed[i])).toEqual([true, true])
  expect(saved[2]).toMatchObject({ text: 'mine', $state: 'saved' })

  // Nothing to see: no call.
  calls = 0
  server.publish('room:1', 'note.unheard_of', {})
  server.publish('room:1', 'note.edited', { ...rows.get('0003') })
  expect(await shown()).toBe(saved)
  expect(calls).toBe(0)

  server.cut()
  expect(list.get()).toMatchObject({ status: 'stale' })
  expect(list.get().items).toBe(saved)
  expect(await shown()).toBe(saved)
  rows.put(note(3, 'changed too'))
  server.prune('room:1')
  list.refresh()
  const read = await shown()
  expect(plain(read)).toEqual(rows.all())
  expect(read.map((row, i) => row === saved[i])).toEqual([false, true, true])
  end()
})

test('a sustained stream of events notifies once per frame, and the last state comes through', async () => {
  const { clock, server, client, end } = rig()
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  const seen: string[] = []
  list.subscribe(() => seen.push(list.get().items[0]?.text ?? ''))
  await clock.advance(1_000)
  seen.length = 0
  for (let ms = 0; ms < 160; ms++) {
    rows.put(note(1, `${ms}`))
    await clock.advance(1)
  }
  await clock.advance(FRAME)
  expect(seen).toHaveLength(11)
  expect([seen[0], seen.at(-1)]).toEqual(['0', '159'])
  end()
})

test('the frame begins when the render has ended, however long it takes', async () => {
  const { clock, server, client, end } = rig()
  const rows = server.collection(notes, [note(1)])
  const list = client.list(notes)
  const timers: number[] = []
  // React renders in a microtask that it queues when it is called.
  list.subscribe(() => queueMicrotask(() => timers.push(clock.timers)))
  await clock.advance(1_000)
  const before = clock.timers
  timers.length = 0
  rows.put(note(1, 'changed'))
  await settle()
  expect([...timers, clock.timers]).toEqual([before, before + 1])
  end()
})
