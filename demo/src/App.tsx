import { useEffect, useState } from 'react'
import { TidewireProvider } from 'tidewire/react'
import { Harm } from './Harm.js'
import { Inspector } from './Inspector.js'
import { Pane } from './Pane.js'
import { enterBoth, type Scene } from './people.js'

type View = 'alice' | 'bob' | 'inspector'
const VIEWS: readonly View[] = ['alice', 'bob', 'inspector']
const TITLES: Record<View, string> = { alice: 'Alice', bob: 'Bob', inspector: 'Inspector' }

let entering: Promise<Scene> | null = null

export function App() {
  const [scene, setScene] = useState<Scene | null>(null)
  const [problem, setProblem] = useState('')
  const [view, setView] = useState<View>('alice')

  useEffect(() => {
    entering ??= enterBoth()
    entering.then(setScene, (error: Error) => {
      entering = null
      setProblem(error.message)
    })
  }, [])

  return (
    <div className="page">
      <header className="top">
        <h1>
          <svg viewBox="0 0 40 24" aria-hidden="true">
            <path d="M2 9c6-8 12-8 18 0s12 8 18 0" />
            <path d="M2 18c6-8 12-8 18 0s12 8 18 0" />
          </svg>
          Tidewire
        </h1>
        <p>Two people, one room, one real server. Break something; both lists heal and equal a fresh read.</p>
        <nav className="links" aria-label="Documents">
          <a href="/api/docs/">REST</a>
          <a href="/api/asyncapi/">Socket</a>
          <a href="/admin/">Admin</a>
        </nav>
      </header>
      {problem ? (
        <p className="stop" role="alert">{problem}</p>
      ) : scene ? (
        <>
          <Harm scene={scene} />
          <div className="tabs" role="group" aria-label="What to show">
            {VIEWS.map((name) => (
              <button key={name} aria-pressed={view === name} onClick={() => setView(name)}>{TITLES[name]}</button>
            ))}
          </div>
          <main className="stage" data-view={view}>
            {[scene.alice, scene.bob].map((person) => (
              <TidewireProvider key={person.id} client={person.client}>
                <Pane person={person} scene={scene} />
              </TidewireProvider>
            ))}
            <Inspector scene={scene} />
          </main>
        </>
      ) : (
        <p className="stop" role="status">Signing in as Alice and as Bob…</p>
      )}
    </div>
  )
}
