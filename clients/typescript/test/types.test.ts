import { readFileSync, mkdtempSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, expectTypeOf, test } from 'vitest'
import { createClient, events, jwt, messages, rooms, type AnyEvent, type Schemas } from '../src/index.js'

const client = createClient({ url: 'http://x', auth: jwt() })

/** Compiles only while every type of event is named: a new one fails here first. */
export function summary(event: Extract<AnyEvent, { type: `message.${string}` }>): string {
  switch (event.type) {
    case 'message.created':
    case 'message.edited':
      return event.data.text
    case 'message.deleted':
      return event.data.deleted_at
    default: {
      const never: never = event
      return never
    }
  }
}

test('the union narrows, and rows, inputs and paths are typed', () => {
  const list = client.list(messages('r'))
  expectTypeOf(list.create).parameter(0).toEqualTypeOf<Omit<Schemas['MessageCreateRequest'], 'id'>>()
  // What is never called is compiled all the same.
  const calls = () => [
    expectTypeOf(list.get().items[0]!.text).toEqualTypeOf<string>(),
    expectTypeOf(client.list(rooms('u')).get().items[0]!.me).toEqualTypeOf<Schemas['MeInRoom'] | undefined>(),
    client.open(events(messages('r'))).on('message.deleted', (event) => expectTypeOf(event.data.deleted_at).toEqualTypeOf<string>()),
    client.api.GET('/api/v1/me/').then(({ data }) => expectTypeOf(data).toEqualTypeOf<Schemas['User']>()),
    client.api.POST('/api/v1/rooms/{room_id}/messages/', { params: { path: { room_id: 'r' } }, body: { text: 't' } }),
    client.api.GET('/api/v1/rooms/{room_id}/messages/', { params: { path: { room_id: 'r' }, query: { limit: 3 } } }),
    // @ts-expect-error there is no such path
    client.api.GET('/api/v1/nothing/'),
    // @ts-expect-error the body is missing
    client.api.POST('/api/v1/token/'),
    // @ts-expect-error a message has a text
    list.create({}),
    // @ts-expect-error there is no such event
    client.open(events('x')).on('message.sent', () => undefined),
  ]
  expect(calls).toBeTypeOf('function')
  expect(summary({ type: 'message.created', data: { text: 'hello' } } as Schemas['MessageCreatedEvent'])).toBe('hello')
})

test('the committed types are what openapi.yaml generates', () => {
  const root = new URL('..', import.meta.url).pathname
  const out = mkdtempSync(path.join(tmpdir(), 'tidewire-types-'))
  const script = ['scripts/generate.mjs', '../../openapi.yaml', '--from', '../index.js', '--out', out]
  execFileSync(process.execPath, script, { cwd: root })
  for (const name of ['api.ts', 'live.ts']) {
    const committed = readFileSync(path.join(root, 'src/generated', name), 'utf8')
    expect(readFileSync(path.join(out, name), 'utf8'), 'run: npm run generate').toBe(committed)
  }
})

test('no `any` leaves the package, and only the transport knows the SDK', () => {
  const root = new URL('../src/', import.meta.url)
  for (const name of ['client', 'list', 'item', 'stream', 'rest', 'auth', 'react', 'events', 'signal', 'people', 'testing']) {
    const code = readFileSync(new URL(`${name}.ts`, root), 'utf8')
    expect(code, name).not.toMatch(/\bany\b[^a-z ]|: any\b|<any>|as any/)
    expect(code, name).not.toContain("from 'centrifuge'")
  }
})
