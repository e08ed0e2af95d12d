import { useState } from 'react'
import { messages } from 'tidewire'
import { TidewireProvider, useLiveList } from 'tidewire/react'
import type { Scene } from './people.js'

const ORDERS = { '-created_at': 'newest', created_at: 'oldest' } as const

/** A list that is narrower than its stream, as Alice's client keeps it: events decide what comes in and what leaves. */
export const Filtered = ({ scene }: { scene: Scene }) => (
  <TidewireProvider client={scene.alice.client}>
    <Narrow scene={scene} />
  </TidewireProvider>
)

function Narrow({ scene }: { scene: Scene }) {
  const [author, setAuthor] = useState<'alice' | 'bob'>('bob')
  const [ordering, setOrdering] = useState<keyof typeof ORDERS>('-created_at')
  const { items, status, hasOlder, older } = useLiveList(messages(scene.room), { author: scene[author].id, ordering })
  return (
    <section className="inspector" id="filtered" aria-label="A filtered list" data-status={status}>
      <header>
        <h2>Filter</h2>
        <div role="group" aria-label="Author">
          {(['alice', 'bob'] as const).map((name) => (
            <button key={name} aria-pressed={author === name} onClick={() => setAuthor(name)}>{scene[name].name}</button>
          ))}
        </div>
        <div role="group" aria-label="Order">
          {(Object.keys(ORDERS) as (keyof typeof ORDERS)[]).map((order) => (
            <button key={order} aria-pressed={ordering === order} onClick={() => setOrdering(order)}>{ORDERS[order]}</button>
          ))}
        </div>
      </header>
      <p className="position">What {scene[author].name} wrote, {ORDERS[ordering]} first: a list of its own, kept by the same events.</p>
      <ol className="lines rows" tabIndex={0} aria-label={`Messages of ${scene[author].name}, ${ORDERS[ordering]} first`}>
        {items.map(({ id, text, created_at, $state }) => (
          <li key={id} data-state={$state}>
            <time>{new Date(created_at).toLocaleTimeString([], { hour12: false })}</time>
            <span>{text}</span>
          </li>
        ))}
        {!items.length && <li className="note">{status === 'loading' ? 'Loading…' : 'Nothing matches. What matches later comes in by itself.'}</li>}
        {hasOlder && <li><button className="older" onClick={() => void older()}>More</button></li>}
      </ol>
    </section>
  )
}
