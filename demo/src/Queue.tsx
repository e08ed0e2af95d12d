import { useState } from 'react'
import { TidewireProvider, useConnection, useWrites } from 'tidewire/react'
import type { Scene } from './people.js'

/** The writes that the server has not confirmed: what waits for the link, and what was refused. */
export function Queue({ scene }: { scene: Scene }) {
  const [who, setWho] = useState<'alice' | 'bob'>('alice')
  return (
    <section className="inspector" id="queue" aria-label="Write queue">
      <header>
        <h2>Write queue</h2>
        <div role="group" aria-label="Whose">
          {(['alice', 'bob'] as const).map((name) => (
            <button key={name} aria-pressed={who === name} onClick={() => setWho(name)}>{scene[name].name}</button>
          ))}
        </div>
      </header>
      <TidewireProvider key={who} client={scene[who].client}>
        <Waiting name={scene[who].name} />
      </TidewireProvider>
    </section>
  )
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'change', DELETE: 'remove', PUT: 'put' }
const STATES = { waiting: 'waits', saving: 'is sent', failed: 'refused' } as const

function Waiting({ name }: { name: string }) {
  const { writes, retry, discard } = useWrites()
  const { state } = useConnection()
  return (
    <>
      <p className="position">
        {writes.length ? `${writes.length} not confirmed. ` : 'Everything is confirmed. '}
        {state === 'online' ? 'They go out one at a time, in their order.' : 'They go out when the link is back, each once.'}
      </p>
      <ol className="lines rows" tabIndex={0} aria-label={`Writes of ${name}, the earliest first`}>
        {writes.map((write) => (
          <li key={write.id} data-state={write.state}>
            <b>{VERBS[write.method] ?? write.method}</b>
            <span>{String((write.body as { text?: string } | undefined)?.text ?? 'a message')}{write.error ? `: ${write.error.detail}` : ''}</span>
            <small>{STATES[write.state]}</small>
            {write.state === 'failed' && <button onClick={() => void retry(write)}>Again</button>}
            {write.state !== 'saving' && <button onClick={() => discard(write)}>Discard</button>}
          </li>
        ))}
        {!writes.length && <li className="note">Take {name} offline, and write something: it waits here, and survives a closed tab where it is stored.</li>}
      </ol>
    </>
  )
}
