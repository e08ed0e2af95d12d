import { useState } from 'react'
import { invite, remove, restart, write, type Scene } from './people.js'

const MANY = 100

/** What is done to the system here is real: no part of the client is told to pretend. */
export function Harm({ scene }: { scene: Scene }) {
  const { alice, bob, room } = scene
  const [busy, setBusy] = useState('')
  const [said, setSaid] = useState('')

  const run = (name: string, work: () => Promise<string>) => async () => {
    if (busy) return
    setBusy(name)
    try {
      setSaid(await work())
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy('')
    }
  }

  const tunnel = async () => {
    bob.wire.setOnline(false)
    try {
      await write(alice, room, MANY, (done) => setSaid(`Bob is in a tunnel. Alice has written ${done} of ${MANY}.`))
    } finally {
      bob.wire.setOnline(true)
    }
    return `Bob is back: ${MANY} messages came by the stream, and no list was read again.`
  }

  const crash = async () => {
    await restart()
    return 'The server is starting anew. Both sockets come back with their places.'
  }

  const expel = async () => {
    await remove(alice, bob, room)
    return 'Bob is out: nothing later than that reaches him, on any socket.'
  }

  const letIn = async () => {
    await invite(alice, bob, room)
    return 'Bob is in again.'
  }

  const deeds = [
    { name: 'tunnel', label: `${MANY} while Bob is away`, work: tunnel },
    { name: 'restart', label: 'Restart server', work: crash },
    { name: 'remove', label: 'Remove Bob', work: expel },
    { name: 'invite', label: 'Let Bob in', work: letIn },
  ]
  return (
    <section className="harm" aria-label="Do harm">
      <div className="deeds">
        {deeds.map(({ name, label, work }) => (
          <button key={name} id={`do-${name}`} aria-disabled={busy !== ''} aria-busy={busy === name} onClick={run(name, work)}>{label}</button>
        ))}
      </div>
      <p role="status" aria-live="polite">{said || 'Each does real harm. Watch the inspector meanwhile.'}</p>
    </section>
  )
}
