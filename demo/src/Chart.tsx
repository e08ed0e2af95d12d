import { useState, type KeyboardEvent, type PointerEvent } from 'react'
import type { Row, Schemas } from 'tidewire'
import type { Range, Sample } from './samples.js'

export type Metric = Row<Schemas['Metric']>

interface ChartProps {
  metric: Metric
  samples: readonly Sample[]
  range: Range
  /** The time at the right edge, in milliseconds since 1970. */
  now: number
}

/** One metric: its line, the threshold, an axis with times, and the value under the pointer or the arrow keys. */
export function Chart({ metric, samples, range, now }: ChartProps) {
  const [chosen, setChosen] = useState<number | null>(null)
  const { above = null, below = null } = metric.thresholds
  const limits = [above, below].filter((limit) => limit !== null)
  const values = samples.map(({ value }) => value)
  const top = Math.max(metric.unit === '%' ? 100 : 1, ...limits.map((limit) => limit * 1.1), ...values)
  const floor = Math.min(0, ...limits, ...values)
  const x = (at: number) => 100 - ((now - at) / range.ms) * 100
  const y = (value: number) => 96 - ((value - floor) / (top - floor)) * 92
  const points = samples.map(({ at, value }) => ({ at, value, x: x(at), y: y(value) }))
  const lines = parts(points, range.gap)
  const last = samples.at(-1)?.value ?? metric.latest?.value
  const under = chosen === null ? undefined : points[Math.min(chosen, points.length - 1)]
  const told = (value: number) => `${written(value)}${metric.unit && ` ${metric.unit}`}`

  const point = ({ clientX, currentTarget }: PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect()
    setChosen(nearest(points, ((clientX - left) / width) * 100))
  }
  const step = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!by || !points.length) return
    event.preventDefault()
    setChosen((at) => Math.max(0, Math.min(points.length - 1, (at ?? points.length) + by)))
  }

  return (
    <figure data-state={metric.state} data-key={metric.key}>
      <figcaption>
        <b>{metric.name}</b>
        {metric.state === 'alarm' && <strong role="status">alarm</strong>}
        <output>{last === undefined ? '…' : told(last)}</output>
      </figcaption>
      <div
        className="plot"
        role="img"
        tabIndex={0}
        aria-label={[`${metric.name}, ${range.title}`, values.length && `from ${told(Math.min(...values))} to ${told(Math.max(...values))}`, above !== null && `alarm above ${told(above)}`].filter(Boolean).join(', ')}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setChosen(null)}
        onBlur={() => setChosen(null)}
        onKeyDown={step}
      >
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          {above !== null && <rect className="danger" x="0" y="0" width="100" height={y(above)} />}
          {lines.map((line) => (
            <g key={line[0]!.at}>
              <polygon points={`${path(line)} ${line.at(-1)!.x.toFixed(2)},96 ${line[0]!.x.toFixed(2)},96`} />
              <polyline points={path(line)} />
            </g>
          ))}
          {limits.map((limit) => (
            <line key={limit} className="limit" x1="0" x2="100" y1={y(limit)} y2={y(limit)} />
          ))}
          {under && <line className="cursor" x1={under.x} x2={under.x} y1="0" y2="100" />}
        </svg>
        {limits.map((limit) => (
          <span key={limit} className="limit" style={{ top: `${y(limit)}%` }}>{limit === above ? 'above' : 'below'} {told(limit)}</span>
        ))}
        {!points.length && <span className="none">No samples in this time</span>}
        {under && (
          <>
            <i style={{ left: `${under.x}%`, top: `${under.y}%` }} />
            <span className="under" data-side={under.x > 50 ? 'left' : 'right'} style={{ left: `${under.x}%` }}>
              <b>{told(under.value)}</b> {new Date(under.at).toLocaleTimeString([], { hour12: false })}
            </span>
          </>
        )}
      </div>
      <div className="axis" aria-hidden="true">
        {ticks(range, now).map((at) => (
          <time key={at} style={{ left: `${x(at)}%` }}>{new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })}</time>
        ))}
      </div>
    </figure>
  )
}

interface Point extends Sample {
  readonly x: number
  readonly y: number
}

/** A line is drawn between neighbours only: while nothing was measured, there is nothing to draw. */
function parts(points: readonly Point[], gap: number): Point[][] {
  const found: Point[][] = []
  let before = -Infinity
  for (const point of points) {
    if (point.at - before > gap) found.push([])
    found.at(-1)!.push(point)
    before = point.at
  }
  return found
}

const path = (line: readonly Point[]) => line.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(' ')

function nearest(points: readonly Point[], x: number): number | null {
  let best: number | null = null
  points.forEach((point, n) => {
    if (best === null || Math.abs(point.x - x) < Math.abs(points[best]!.x - x)) best = n
  })
  return best
}

/** Round times of the clock on the wall; those at the edges have no room for their text. */
function ticks({ ms, tick }: Range, now: number): number[] {
  const zone = new Date(now).getTimezoneOffset() * 60_000
  const first = Math.ceil((now - ms - zone) / tick) * tick + zone
  return Array.from({ length: Math.floor(ms / tick) + 1 }, (_, n) => first + n * tick).filter((at) => at > now - ms * 0.95 && at < now - ms * 0.05)
}

const written = (value: number) => (Math.abs(value) < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en'))
