import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { leadership } from '../src/leadership.js'

/** Tabs without Web Locks: a lease in localStorage decides which of them leads. */

const stored = new Map<string, string>()

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
  stored.clear()
  vi.stubGlobal('document', {})
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function tab(name = 'writes') {
  const began = vi.fn()
  return { began, ...leadership(name, began) }
}

test('the first tab leads, and the next one when it resigns', () => {
  const [first, second] = [tab(), tab()]
  expect([first.isLeading(), second.isLeading()]).toEqual([true, false])
  vi.advanceTimersByTime(60_000)
  expect([first.isLeading(), second.isLeading()]).toEqual([true, false])
  first.resign()
  expect(first.isLeading()).toBe(false)
  vi.advanceTimersByTime(2_000)
  expect([first.isLeading(), second.isLeading()]).toEqual([false, true])
  expect([first.began, second.began].map(({ mock }) => mock.calls.length)).toEqual([1, 1])
  second.resign()
})

test('a tab that closed without a word has led for five seconds more', () => {
  stored.set('writes', `another ${Date.now() + 5_000}`)
  const second = tab()
  vi.advanceTimersByTime(4_000)
  expect(second.isLeading()).toBe(false)
  vi.advanceTimersByTime(2_000)
  expect(second.isLeading()).toBe(true)
  second.resign()
})

test('a tab that slept, while another one began to lead, does not lead any more', () => {
  const slept = tab()
  stored.set('writes', `another ${Date.now() + 60_000}`)
  vi.advanceTimersByTime(2_000)
  expect(slept.isLeading()).toBe(false)
  // What the other one holds is not taken from it.
  slept.resign()
  expect(stored.get('writes')).toMatch(/^another/)
})

test('two names are two leaderships', () => {
  const [writes, other] = [tab('writes'), tab('other')]
  expect([writes.isLeading(), other.isLeading()]).toEqual([true, true])
  writes.resign()
  other.resign()
})

test('with Web Locks, no lease is written', async () => {
  const holders: (() => Promise<void>)[] = []
  vi.stubGlobal('navigator', { locks: { request: (_: string, __: object, hold: () => Promise<void>) => Promise.resolve(void holders.push(hold)) } })
  const only = tab()
  expect([only.isLeading(), stored.size]).toEqual([false, 0])
  const held = holders[0]!()
  expect([only.isLeading(), only.began.mock.calls.length]).toEqual([true, 1])
  only.resign()
  await held
  expect(only.isLeading()).toBe(false)
})
