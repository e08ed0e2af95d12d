import { useEffect, useState, useSyncExternalStore } from 'react'
import { events, messages, type AnyEvent, type Position } from 'tidewire'
import type { Person, Scene } from './people.js'
import type { Frame } from './wire.js'

interface Stored {
  readonly offset: number
  readonly event: AnyEvent
}

const KEPT = 200
const ARROWS = { in: '↓', out: '↑', note: '·' } as const
const clock = (at: number) => new Date(at).toLocaleTimeString([], { hour12: false })

/** What goes over one person's socket, and what the stream's log holds. */
export function Inspector({ scene }: { scene: Scene }) {
  const [who, setWho] = useState<'alice' | 'bob'>('bob')
  const [what, setWhat] = useState<'frames' | 'events'>('frames')
  const person = scene[who]
  return (
    <section className="inspector" id="inspector" aria-label="Inspector">
      <header>
        <h2>Inspector</h2>
        <div role="group" aria-label="Whose">
          {(['alice', 'bob'] as const).map((name) => (
            <button key={name} aria-pressed={who === name} onClick={() => setWho(name)}>{scene[name].name}</button>
          ))}
        </div>
        <div role="group" aria-label="What">
          {(['frames', 'events'] as const).map((name) => (
            <button key={name} aria-pressed={what === name} onClick={() => setWhat(name)}>{name}</button>
          ))}
        </div>
      </header>
      {what === 'frames' ? <Frames key={who} person={person} /> : <Events key={who} person={person} room={scene.room} />}
    </section>
  )
}

function Frames({ person }: { person: Person }) {
  const frames = useSyncExternalStore(person.wire.subscribe, person.wire.get)
  return (
    <ol className="lines" tabIndex={0} aria-label={`Frames of ${person.name}, newest first`}>
      {[...frames].reverse().map((frame) => <Line key={frame.n} frame={frame} />)}
    </ol>
  )
}

function Line({ frame: { at, way, text } }: { frame: Frame }) {
  return (
    <li data-way={way}>
      <details>
        <summary>
          <time>{clock(at)}</time>
          <i aria-label={way}>{ARROWS[way]}</i>
          <code>{brief(way, text)}</code>
          {way !== 'note' && <small>{size(text)}</small>}
        </summary>
        <pre>{pretty(text)}</pre>
      </details>
    </li>
  )
}

interface Spoken {
  id?: number
  push?: { channel: string; [kind: string]: unknown }
  error?: { code: number; message: string }
  [method: string]: unknown
}

/** What a frame is about, in a few words; all of it is one press away. */
function brief(way: Frame['way'], text: string): string {
  if (way === 'note') return text
  if (text === '{}') return way === 'in' ? 'ping' : 'pong'
  try {
    const { id, push, error, ...rest } = JSON.parse(text) as Spoken
    if (push) {
      const { channel, ...content } = push
      const [kind, body] = Object.entries(content)[0] ?? ['', {}]
      const { offset, data, code } = body as { offset?: number; data?: { type?: string }; code?: number }
      return [kind === 'pub' ? '' : kind, data?.type, offset && `#${offset}`, code, short(channel)].filter(Boolean).join(' ')
    }
    if (error) return `${id} error ${error.code} ${error.message}`
    const [method, body] = Object.entries(rest)[0] ?? ['', {}]
    const { channel, offset, publications } = body as { channel?: string; offset?: number; publications?: unknown[] }
    const details = [channel && short(channel), offset && `#${offset}`, publications && `+${publications.length} missed`]
    return [way === 'in' ? `${method} answered` : method, ...details].filter(Boolean).join(' ')
  } catch {
    return text
  }
}

const size = (text: string) => (text.length < 1000 ? `${text.length} B` : `${(text.length / 1000).toFixed(1)} kB`)

const short = (channel: string) => channel.replace(/^(\w+:).*(.{4})$/, '$1…$2')

const pretty = (text: string) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** The stream's events as this person is told them, each with its place. */
function Events({ person, room }: { person: Person; room: string }) {
  const [shown, setShown] = useState<readonly Stored[]>([])
  const [position, setPosition] = useState<Position | null>(null)
  const channel = messages(room).channel
  useEffect(() => {
    const stream = person.client.open(events(channel))
    const add = (more: readonly Stored[]) =>
      setShown((known) => {
        const merged = new Map([...known, ...more].map((stored) => [stored.offset, stored]))
        return [...merged.values()].sort((a, b) => b.offset - a.offset).slice(0, KEPT)
      })
    const stop = stream.onAny((event, offset) => {
      add([{ offset, event }])
      setPosition(stream.position)
    })
    stored(person, channel).then(
      (found) => {
        add(found)
        setPosition(stream.position)
      },
      () => undefined, // outside of the room there is nothing to see
    )
    return stop
  }, [person, channel])
  return (
    <>
      <p className="position">
        {position ? `${short(position.channel)} stands at ${position.offset}, in epoch ${position.epoch}` : 'What happens in the room shows here, with its place in the stream.'}
      </p>
      <ol className="lines" tabIndex={0} aria-label={`Events of the room, newest first`}>
        {shown.map(({ offset, event }) => (
          <li key={offset}>
            <details>
              <summary>
                <time>#{offset}</time>
                <code><b>{event.type}</b> {gist(event)}</code>
              </summary>
              <pre>{JSON.stringify(event, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ol>
    </>
  )
}

/** What an event is about, in a few words. */
function gist({ data }: AnyEvent): string {
  if ('text' in data && data.text) return String(data.text)
  if ('user' in data && data.user) return 'name' in data.user ? String(data.user.name) : ''
  return ''
}

/** The last events of the log. */
async function stored({ client }: Person, name: string): Promise<Stored[]> {
  const path = { name }
  const { data: position } = await client.api.GET('/api/v1/streams/{name}/', { params: { path } })
  const query = { after: Math.max(0, position.offset - KEPT), limit: KEPT }
  const { data } = await client.api.GET('/api/v1/streams/{name}/events/', { params: { path, query } })
  return data.results
}
