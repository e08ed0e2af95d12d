import { useEffect, useState } from 'react'
import { dashboard, type Client, type Schemas } from 'tidewire'
import { useClient, useStream } from 'tidewire/react'
import type { Metric } from './Chart.js'

export interface Sample {
  /** In milliseconds since 1970. */
  readonly at: number
  readonly value: number
}

export interface Range {
  readonly name: string
  readonly title: string
  readonly ms: number
  /** Seconds of one value of the history, which is then an average; 0: every sample. */
  readonly step: number
  /** Two samples that are further apart, in milliseconds, are not joined. */
  readonly gap: number
  /** Milliseconds between two times of the axis. */
  readonly tick: number
}

const MINUTE = 60_000
export const RANGES: readonly Range[] = [
  { name: '5 min', title: 'the last five minutes', ms: 5 * MINUTE, step: 0, gap: 20_000, tick: MINUTE },
  { name: '1 hour', title: 'the last hour', ms: 60 * MINUTE, step: 30, gap: 2 * MINUTE, tick: 15 * MINUTE },
  { name: '1 day', title: 'the last day', ms: 24 * 60 * MINUTE, step: 600, gap: 30 * MINUTE, tick: 6 * 60 * MINUTE },
]

type Series = ReadonlyMap<string, readonly Sample[]>

/** The stored history of every metric, and what comes. Keyed by time, so that seeing a sample twice is harmless. */
export function useSamples(id: string | undefined, known: readonly Metric[], range: Range): Series {
  const client = useClient()
  const [series, setSeries] = useState<Series>(new Map())
  const [resets, setResets] = useState(0)
  const names = known.map(({ id }) => id).join()

  useStream(
    id && dashboard(id),
    (event) => {
      if (event.type === 'samples.recorded') setSeries((before) => joined(before, event.data.metric, event.data.samples.map(read), range))
    },
    () => setResets((n) => n + 1),
  )

  useEffect(() => {
    let isNewest = true
    setSeries(new Map())
    for (const metric of names ? names.split(',') : []) {
      history(client, metric, range).then(
        (found) => isNewest && setSeries((before) => joined(before, metric, found, range)),
        () => undefined, // offline: what comes later is drawn
      )
    }
    return () => void (isNewest = false)
  }, [client, names, range, resets])

  return series
}

async function history(client: Client, metric_id: string, { ms, step }: Range): Promise<Sample[]> {
  const query = { from: new Date(Date.now() - ms).toISOString(), ...(step && { step }) }
  const { data } = await client.api.GET('/api/v1/metrics/{metric_id}/samples/', { params: { path: { metric_id }, query } })
  return data.results.map(read)
}

const read = (row: Schemas['Sample'] | Schemas['Bucket']): Sample => ({ at: Date.parse(row.at), value: 'value' in row ? row.value : row.avg })

function joined(before: Series, metric: string, more: readonly Sample[], { ms }: Range): Series {
  const all = new Map([...(before.get(metric) ?? []), ...more].map((sample) => [sample.at, sample]))
  const kept = [...all.values()].filter(({ at }) => at > Date.now() - ms).sort((a, b) => a.at - b.at)
  return new Map(before).set(metric, kept)
}
