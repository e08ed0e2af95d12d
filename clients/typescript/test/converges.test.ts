import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createClient } from '../src/index.js'
import { createTestClock, createTestServer } from '../src/testing.js'
import { note, notes, plain } from './support.js'

/**
 * Every request, answer, push, connect and subscribe waits until the test lets one of the waiting go on, so anything may
 * overtake anything that a network lets overtake (pushes of one socket stay in order). Between, rows come, change and go,
 * sockets break, publications are lost or doubled, the log is pruned or begins anew, older pages are asked for and rows
 * are written from here. In the end the list must be what a fresh read shows.
 */
const action = <Name extends string>(weight: number, ...names: Name[]) => ({
  weight,
  arbitrary: fc.record({ do: fc.constantFrom(...names), which: fc.nat(20) }),
})
const actions = fc.oneof(
  action(20, 'let'),
  action(4, 'put', 'touch', 'remove', 'older', 'write', 'edit', 'erase'),
  action(1, 'cut', 'prune', 'epoch', 'lose', 'twice', 'sound', 'refresh', 'join', 'leave'),
)
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('any order of snapshots, events, duplicates, holes, reconnects, older pages and writes converges', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(15), { maxLength: 12 }), fc.array(actions, { maxLength: 150, size: 'max' }), async (start, steps) => {
      const waiting: (() => void)[] = []
      const clock = createTestClock()
      const server = createTestServer({ clock, pageSize: 4, step: () => new Promise((go) => waiting.push(go)) })
      const rows = server.collection(notes, start.map((n) => note(n)))
      const errors: unknown[] = []
      const client = createClient({ ...server.options(), onError: (error) => errors.push(error) })
      const list = client.list(notes)
      const others = client.list({ ...notes, path: '/api/v1/others/' })
      server.collection({ ...notes, path: '/api/v1/others/' })
      let leaveOthers = () => undefined as void
      let leave = list.subscribe(() => undefined)
      const pick = <T>(all: readonly T[], which: number) => all[which % all.length]

      for (const { do: action, which } of steps) {
        if (action === 'let') waiting.splice(which % (waiting.length || 1), 1)[0]?.()
        else if (action === 'put') rows.put(note(which, `changed ${which}`))
        else if (action === 'touch') rows.put({ ...(pick(rows.all(), which) ?? note(which)), text: `touched ${which}` })
        else if (action === 'remove') rows.remove(note(which).id)
        else if (action === 'cut') server.cut()
        else if (action === 'prune') server.prune(notes.channel)
        else if (action === 'epoch') server.newEpoch(notes.channel)
        else if (action === 'lose' || action === 'twice') server.fault = action
        else if (action === 'sound') server.fault = 'none'
        else if (action === 'older') void list.older()
        else if (action === 'refresh') list.refresh()
        else if (action === 'write') void list.create({ text: `mine ${which}` })
        else if (action === 'join') leaveOthers = others.subscribe(() => undefined)
        else if (action === 'leave') {
          leave()
          leave = list.subscribe(() => undefined)
        } else {
          const row = pick(list.get().items, which)
          if (row && action === 'edit') void list.update(row.id, { text: `edited ${which}` })
          if (row && action === 'erase') void list.remove(row.id)
        }
        await settle()
      }

      server.fault = 'none'
      const calm = async () => {
        for (let quiet = 0; quiet < 3; ) {
          waiting.splice(0).forEach((go) => go())
          await clock.advance(1000)
          quiet = waiting.length ? 0 : quiet + 1
        }
      }
      await calm()
      // What was lost at the very end is noticed with the next event, or when the socket is opened again.
      rows.put(note(99, 'the last'))
      await calm()
      // What was refused stays in sight until it is discarded.
      while (client.writes.get().length) {
        for (const write of client.writes.get()) client.writes.discard(write)
        await calm()
      }
      const shown = plain(list.get().items)
      expect(shown).toEqual(rows.all().slice(0, shown.length))
      while (list.get().hasOlder) {
        void list.older()
        await calm()
      }
      expect(list.get()).toMatchObject({ status: 'live', pending: 0 })
      expect(plain(list.get().items)).toEqual(rows.all())
      leave()
      leaveOthers()
      client.close()
    }),
    { numRuns: Number(process.env.RUNS ?? 100), seed: Number(process.env.SEED ?? 1) },
  )
}, 300_000)
