import type { ReactNode } from 'react'
import { Charts } from './Charts.js'
import { Filtered } from './Filtered.js'
import { Inspector } from './Inspector.js'
import { Pane } from './Pane.js'
import type { Scene } from './people.js'
import { Queue } from './Queue.js'

/** Something the page shows. Those at the side share a column and are shown one at a time. */
export interface Shown {
  readonly name: string
  readonly title: string
  readonly isSide: boolean
  show(scene: Scene): ReactNode
}

/** One file and one line each. */
export const PANES: readonly Shown[] = [
  { name: 'alice', title: 'Alice', isSide: false, show: (scene) => <Pane person={scene.alice} scene={scene} /> },
  { name: 'bob', title: 'Bob', isSide: false, show: (scene) => <Pane person={scene.bob} scene={scene} /> },
  { name: 'inspector', title: 'Inspector', isSide: true, show: (scene) => <Inspector scene={scene} /> },
  { name: 'filtered', title: 'Filter', isSide: true, show: (scene) => <Filtered scene={scene} /> },
  { name: 'queue', title: 'Queue', isSide: true, show: (scene) => <Queue scene={scene} /> },
  { name: 'charts', title: 'This machine', isSide: true, show: (scene) => <Charts person={scene.alice} /> },
]
