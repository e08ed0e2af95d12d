import { useEffect, useRef, useState } from 'react'
import { dashboard, dashboards, metrics, type Row, type Schemas } from 'tidewire'
import { TidewireProvider, useClient, useLiveItem, useLiveList, useStream } from 'tidewire/react'
import './charts.css'
import type { Person } from './people.js'

type Metric = Row<Schemas['Metric']>
type Sample = Schemas['Sample']
type Series = ReadonlyMap<string, readonly Sample[]>

const MINUTES = 5
const WIDTH = 150
const HEIGHT = 34

/** What this machine does, as push_host_metrics tells it: read once, and from there on by events. */
export function Charts({ person }: { person: Person }) {
  return (
    <TidewireProvider client={person.client}>
      <Dashboard person={person.id} />
    </TidewireProvider>
  )
}

function Dashboard({ person }: { person: string }) {
  const mine = useLiveList(dashboards(person))
  const id = mine.items.find(({ name }) => name === 'This machine')?.id
  const place = useLiveItem(id && dashboard(id))
  const list = useLiveList(id && metrics(id))
  const series = useSamples(id, list.items)
  return (
    <section className="inspector charts" id="charts" aria-label={place.data?.name ?? 'Dashboard'} data-status={list.status}>
      {id ? null : <p className="note">There is no demo dashboard here. Run: python manage.py seed_demo</p>}
      {list.items.map((metric) => (
        <Chart key={metric.id} metric={metric} samples={series.get(metric.id) ?? []} />
      ))}
    </section>
  )
}

function Chart({ metric, samples }: { metric: Metric; samples: readonly Sample[] }) {
  const last = samples.at(-1) ?? metric.latest
  return (
    <figure data-state={metric.state} data-key={metric.key}>
      <figcaption>
        {metric.name} <output>{last ? `${round(last.value)} ${metric.unit}` : '…'}</output>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${metric.name}, the last ${MINUTES} minutes`}>
        <polyline points={line(samples, metric.unit === '%' ? 100 : 0)} />
      </svg>
    </figure>
  )
}

/** The last minutes of every metric, and what comes. Keyed by time, so that seeing a sample twice is harmless. */
function useSamples(id: string | undefined, known: readonly Metric[]): Series {
  const client = useClient()
  const [series, setSeries] = useState<Series>(new Map())
  const asked = useRef(new Set<string>())

  useStream(id && dashboard(id), (event) => {
    if (event.type === 'samples.recorded') setSeries((before) => joined(before, event.data.metric, event.data.samples))
  })

  useEffect(() => {
    for (const { id: metric_id } of known.filter((one) => !asked.current.has(one.id))) {
      asked.current.add(metric_id)
      const query = { from: new Date(Date.now() - MINUTES * 60_000).toISOString() }
      void client.api.GET('/api/v1/metrics/{metric_id}/samples/', { params: { path: { metric_id }, query } }).then(({ data }) => {
        if (data) setSeries((before) => joined(before, metric_id, data.results as Sample[]))
      })
    }
  }, [client, known])

  return series
}

function joined(before: Series, metric: string, more: readonly Sample[]): Series {
  const since = new Date(Date.now() - MINUTES * 60_000).toISOString()
  const all = new Map([...(before.get(metric) ?? []), ...more].map((sample) => [sample.at, sample]))
  const kept = [...all.values()].filter(({ at }) => at > since).sort((a, b) => (a.at < b.at ? -1 : 1))
  return new Map(before).set(metric, kept)
}

/** The points of a line, in time from the right edge on, and from zero to the most that was seen. */
function line(samples: readonly Sample[], ceiling: number): string {
  const most = Math.max(ceiling, 1, ...samples.map(({ value }) => value))
  const end = samples.length ? Date.parse(samples.at(-1)!.at) : 0
  return samples
    .map(({ at, value }) => {
      const x = WIDTH - ((end - Date.parse(at)) / (MINUTES * 60_000)) * WIDTH
      return `${x.toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`
    })
    .join(' ')
}

const round = (value: number) => (value < 10 ? value.toFixed(1) : String(Math.round(value)))
