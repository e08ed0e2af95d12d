import { backoff, timerOf, type Clock } from './clock.js'
import type { Position } from './descriptors.js'

/** RFC 9457, as every error of the server is. Programs read `code`. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  readonly code: string
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[]
}

/** The server said no, or (status 0) could not be reached. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    readonly problem: Problem,
    /** What the server asked us to wait, in milliseconds. */
    readonly retryAfter: number | null = null,
    options?: ErrorOptions,
  ) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`, options)
  }
  get status(): number {
    return this.problem.status
  }
  /** Worth another try, unlike a no. */
  get isTemporary(): boolean {
    return TEMPORARY.includes(this.problem.status)
  }
}

const TEMPORARY = [0, 408, 429, 502, 503, 504]
const SECONDS = 1000
const TIMEOUT = 20 * SECONDS
const TRIES = 5

export const problem = (status: number, code: string, detail: string): Problem => ({
  type: `urn:tidewire:problem:${code}`,
  title: code,
  status,
  detail,
  instance: '',
  code,
})

// -- types, from the generated `paths` --------------------------------------------------------------------------------

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
type PathsWith<Paths, M extends Method> = {
  [P in keyof Paths]: Paths[P] extends { [K in M]: infer Op } ? (Op extends undefined ? never : P) : never
}[keyof Paths]
type Operation<Paths, P extends keyof Paths, M extends Method> = Paths[P] extends { [K in M]: infer Op } ? Op : never
type JsonOf<Content> = Content extends { content: { 'application/json': infer Body } } ? Body : undefined
type Answers<Op> = Op extends { responses: infer R } ? R : never
/** What a 2xx answer holds. */
export type Answer<Op> = { [S in keyof Answers<Op> & (200 | 201 | 202 | 204)]: JsonOf<Answers<Op>[S]> }[keyof Answers<Op> &
  (200 | 201 | 202 | 204)]
type Body<Op> = Op extends { requestBody?: infer R } ? JsonOf<NonNullable<R>> : never
type Given<T> = { [K in keyof T as T[K] extends undefined ? never : K]: T[K] }
type Parameters<Op> = Op extends { parameters: infer P } ? Given<Omit<P, 'header' | 'cookie'>> : object
type Optional<K extends string, T> = Record<never, never> extends T ? { [P in K]?: T } : { [P in K]: T }
type HasBody<Op> = Op extends { requestBody: unknown } ? { body: Body<Op> } : [Body<Op>] extends [never] ? object : { body?: Body<Op> }
/** What a call needs: path and query parameters, the body, and headers if one likes. */
export type Init<Op> = Optional<'params', Parameters<Op>> & HasBody<Op> & { headers?: Record<string, string>; signal?: AbortSignal }
type Arguments<I> = Record<never, never> extends I ? [init?: I] : [init: I]

export interface Answered<Data> {
  readonly data: Data
  readonly response: Response
  /** Where the streams that this answer belongs to stood: after a write, wait for that to see it come back. */
  readonly positions: readonly Position[]
}

type Call<Paths, M extends Method> = <P extends PathsWith<Paths, M>>(
  path: P,
  ...init: Arguments<Init<Operation<Paths, P, M>>>
) => Promise<Answered<Answer<Operation<Paths, P, M>>>>

export interface Api<Paths> {
  GET: Call<Paths, 'get'>
  POST: Call<Paths, 'post'>
  PUT: Call<Paths, 'put'>
  PATCH: Call<Paths, 'patch'>
  DELETE: Call<Paths, 'delete'>
}

// -- the calls --------------------------------------------------------------------------------------------------------

export interface Request {
  readonly method: string
  /** A path of the API, or the whole address that a `next` link names. */
  readonly path: string
  readonly query?: Record<string, unknown> | undefined
  readonly body?: unknown
  readonly headers?: Record<string, string> | undefined
  readonly signal?: AbortSignal | undefined
  /** Sent as it is, without a token. */
  readonly isAnonymous?: boolean
}

export interface RestOptions {
  readonly url: string
  readonly fetch: typeof fetch
  readonly clock: Clock
  token(options: { fresh: boolean }): Promise<string | null>
}

export interface Rest {
  /** One request and its answer. What is safe to send twice is: reads, PUT, DELETE, and what has an Idempotency-Key. */
  send<Data = unknown>(request: Request): Promise<Answered<Data>>
}

export function restOf({ url: base, fetch, clock, token }: RestOptions): Rest {
  async function once<Data>({ method, path, query, body, signal, headers, isAnonymous }: Request, fresh: boolean): Promise<Answered<Data>> {
    const bearer = isAnonymous ? null : await token({ fresh })
    const abort = new AbortController()
    const stop = () => abort.abort()
    const limit = timerOf(clock)
    limit(stop, TIMEOUT)
    signal?.addEventListener('abort', stop)
    try {
      // A `next` link is followed on the host we were given: a proxy may have told the server another name.
      const { pathname, search } = new URL(path, base)
      const url = new URL(pathname + search, base)
      for (const [name, value] of Object.entries(query ?? {})) if (value != null) url.searchParams.set(name, String(value))
      const response = await fetch(url.href, {
        method,
        signal: abort.signal,
        body: JSON.stringify(body),
        headers: {
          Accept: 'application/json',
          ...(body === undefined ? null : { 'Content-Type': 'application/json' }),
          ...(bearer ? { Authorization: `Bearer ${bearer}` } : null),
          ...headers,
        },
      })
      const text = await response.text()
      if (!response.ok) throw refusal(response, text)
      const data = (text ? JSON.parse(text) : undefined) as Data
      return { data, response, positions: positions(response.headers.get('Tidewire-Position')) }
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(problem(0, 'unreachable', String(error)), null, { cause: error })
    } finally {
      limit()
      signal?.removeEventListener('abort', stop)
    }
  }

  return {
    async send<Data>(request: Request) {
      const { method, headers, signal, isAnonymous } = request
      const mayRepeat = /GET|PUT|DELETE/.test(method) || (headers && 'Idempotency-Key' in headers)
      for (let attempt = 0, fresh = false; ; attempt++) {
        try {
          return await once<Data>(request, fresh)
        } catch (error) {
          if (!(error instanceof ApiError) || signal?.aborted || attempt >= TRIES - 1) throw error
          const { status, isTemporary, retryAfter } = error
          const wasOld: boolean = status === 401 && !fresh && !isAnonymous
          // A 429 or 503 was refused before anything was done, so everything may be repeated after those.
          if (!wasOld && !(isTemporary && (mayRepeat || retryAfter !== null))) throw error
          fresh = wasOld
          if (!wasOld) await new Promise<void>((resolve) => void clock.setTimeout(resolve, wait(clock, attempt, error)))
        }
      }
    },
  }
}

/** What the server names wins; a little is added, so that those it told the same do not come together. */
export const wait = (clock: Clock, attempt: number, { retryAfter }: { retryAfter?: number | null }): number =>
  retryAfter == null ? backoff(clock, attempt) : retryAfter * (1 + clock.random() / 4)

/** `room:…; epoch=…; offset=176`, several separated by commas. */
export const positions = (header: string | null): Position[] =>
  [...(header ?? '').matchAll(/([^\s,;]+); epoch=([^;]*); offset=(\d+)/g)].map(([, channel, epoch, offset]) => ({
    channel: channel!,
    epoch: epoch!,
    offset: Number(offset),
  }))

function refusal({ status, statusText, headers }: Response, text: string): ApiError {
  const seconds = Number(headers.get('Retry-After') ?? NaN)
  let told = problem(status, 'http', statusText || `HTTP ${status}`)
  try {
    const body = JSON.parse(text) as Problem
    if (body.code) told = body
  } catch {
    // Not ours: a proxy's page, say.
  }
  return new ApiError(told, Number.isFinite(seconds) ? seconds * SECONDS : null)
}

interface Loose extends Partial<Request> {
  params?: { path?: Record<string, unknown>; query?: Record<string, unknown> }
}

/** The calls as people write them: `api.POST('/api/v1/rooms/{room_id}/join/', { params: { path: { room_id } } })`. */
export const apiOf = <Paths>({ send }: Rest): Api<Paths> =>
  Object.fromEntries(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [
      method,
      (template: string, { params, ...init }: Loose = {}) =>
        send({
          ...init,
          method,
          path: template.replace(/{(\w+)}/g, (_, name: string) => encodeURIComponent(String(params?.path?.[name]))),
          query: params?.query,
        }),
    ]),
  ) as unknown as Api<Paths>
