import { useEffect, useState } from 'react'
import { Harm } from './Harm.js'
import { PANES } from './panes.js'
import { enterBoth, type Scene } from './people.js'

let entering: Promise<Scene> | null = null

export function App() {
  const [scene, setScene] = useState<Scene | null>(null)
  const [problem, setProblem] = useState('')

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
          <Stage scene={scene} />
        </>
      ) : (
        <p className="stop" role="status">Signing in as Alice and as Bob…</p>
      )}
    </div>
  )
}

const SIDES = PANES.filter(({ isSide }) => isSide)

/** On a phone one pane at a time; where there is room, both people and one of the panes at the side. */
function Stage({ scene }: { scene: Scene }) {
  const [chosen, setChosen] = useState(PANES[0]!)
  const [side, setSide] = useState(SIDES[0]!)
  const choose = (pane: (typeof PANES)[number]) => {
    setChosen(pane)
    if (pane.isSide) setSide(pane)
  }
  return (
    <>
      <div className="tabs" role="group" aria-label="What to show" data-sides={SIDES.length}>
        {PANES.map((pane) => (
          <button key={pane.name} data-side={pane.isSide} data-beside={pane === side} aria-pressed={pane === chosen} onClick={() => choose(pane)}>
            {pane.title}
          </button>
        ))}
      </div>
      <main className="stage" data-side={chosen.isSide}>
        {PANES.map((pane) => (
          <div key={pane.name} className="slot" data-side={pane.isSide} data-chosen={pane === chosen} hidden={pane.isSide && pane !== side}>
            {pane.show(scene)}
          </div>
        ))}
      </main>
    </>
  )
}
