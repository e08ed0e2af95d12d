import { useEffect, useState } from 'react'
import { dashboard, dashboards, metrics } from 'tidewire'
import { TidewireProvider, useLiveItem, useLiveList } from 'tidewire/react'
import { Chart } from './Chart.js'
import './charts.css'
import type { Person } from './people.js'
import { RANGES, useSamples } from './samples.js'

/** What this machine does, as push_host_metrics tells it: read once, and from there on by events. */
export function Charts({ person }: { person: Person }) {
  return (
    <TidewireProvider client={person.client}>
      <Dashboard person={person.id} />
    </TidewireProvider>
  )
}

function Dashboard({ person }: { person: string }) {
  const [range, setRange] = useState(RANGES[0]!)
  const mine = useLiveList(dashboards(person))
  const id = mine.items.find(({ name }) => name === 'This machine')?.id
  const place = useLiveItem(id && dashboard(id))
  const list = useLiveList(id && metrics(id))
  const series = useSamples(id, list.items, range)
  const now = useNow(1_000)
  return (
    <section className="inspector charts" id="charts" aria-label={place.data?.name ?? 'Dashboard'} data-status={list.status}>
      <header>
        <h2>This machine</h2>
        <div role="group" aria-label="Time">
          {RANGES.map((one) => (
            <button key={one.name} aria-pressed={one === range} onClick={() => setRange(one)}>{one.name}</button>
          ))}
        </div>
      </header>
      <div className="figures">
        {id || mine.status === 'loading' ? null : <p className="note">There is no demo dashboard here. Run: python manage.py seed_demo</p>}
        {list.items.map((metric) => (
          <Chart key={metric.id} metric={metric} samples={series.get(metric.id) ?? []} range={range} now={now} />
        ))}
      </div>
    </section>
  )
}

function useNow(every: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}
