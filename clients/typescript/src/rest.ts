import { backoff, timerOf, type Clock } from './clock.js'
import type { Position } from './descriptors.js'

/** A problem document (RFC 9457), as every error of the server is. Programs should read `code`. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  readonly code: string
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[]
}

/** The server refused the request, or (status 0) could not be reached. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    readonly problem: Problem,
    /** How long the server asks the client to wait, in milliseconds. */
    readonly retryAfter: number | null = null,
    options?: ErrorOptions,
  ) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`, options)
  }
  get status(): number {
    return this.problem.status
  }
  /** Whether another try may succeed. */
  get isTemporary(): boolean {
    return [0, 408, 429, 502, 503, 504].includes(this.status)
  }
}

/** In milliseconds. */
const TIMEOUT = 20_000
const MAX_RETRIES = 4

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
/** The body of a 2xx answer. */
export type Answer<Op> = { [S in keyof Answers<Op> & (200 | 201 | 202 | 204)]: JsonOf<Answers<Op>[S]> }[keyof Answers<Op> &
  (200 | 201 | 202 | 204)]
type Body<Op> = Op extends { requestBody?: infer R } ? JsonOf<NonNullable<R>> : never
type Given<T> = { [K in keyof T as T[K] extends undefined ? never : K]: T[K] }
type Parameters<Op> = Op extends { parameters: infer P } ? Given<Omit<P, 'header' | 'cookie'>> : object
type Optional<K extends string, T> = Record<never, never> extends T ? { [P in K]?: T } : { [P in K]: T }
type HasBody<Op> = Op extends { requestBody: unknown } ? { body: Body<Op> } : [Body<Op>] extends [never] ? object : { body?: Body<Op> }
/** The options of a call: path and query parameters, body, and optional headers. */
export type Init<Op> = Optional<'params', Parameters<Op>> & HasBody<Op> & { headers?: Record<string, string>; signal?: AbortSignal }
type Arguments<I> = Record<never, never> extends I ? [init?: I] : [init: I]

export interface Answered<Data> {
  readonly data: Data
  readonly response: Response
  /** The positions of the answer's streams. After a write, its event has this position. */
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
  /** A path of the API, or the full address of a `next` link. */
  readonly path: string
  readonly query?: object | undefined
  readonly body?: unknown
  readonly headers?: Record<string, string> | undefined
  readonly signal?: AbortSignal | undefined
  /** Sent without a token. */
  readonly isAnonymous?: boolean
}

export interface RestOptions {
  readonly url: string
  readonly fetch: typeof fetch
  readonly clock: Clock
  token(options: { fresh: boolean }): Promise<string | null>
  /** Changes when the user signs out. A request that began before fails, and its answer is dropped. */
  session?(): unknown
}

export interface Rest {
  /** Makes one request. Repeats it when that is safe: reads, PUT, DELETE, and requests with an Idempotency-Key. */
  send<Data = unknown>(request: Request): Promise<Answered<Data>>
}

/** `https://host:8000` of `https://host:8000/path`. Without `URL`, because that of React Native has no setters and few getters. */
export function originOf(url: string): string {
  const [origin] = /^https?:\/\/[^/?#]+/i.exec(url) ?? []
  if (!origin) throw new TypeError(`tidewire: url must begin with https://: ${url}`)
  return origin
}

/**
 * Returns path and query of a request. A `next` link loses its host, because it is followed on the configured one: behind a
 * proxy, the server may know itself by another name. A value of `query` replaces the path's parameter of that name.
 */
function target(link: string, query: object = {}): string {
  const [path, search = ''] = link.replace(/^https?:\/\/[^/?#]*|#.*/gi, '').replace(/^\/*/, '/').split('?')
  const given = Object.entries(query).filter(([, value]) => value != null)
  const pairs = given.map(([name, value]) => [name, String(value)].map(encodeURIComponent).join('='))
  const others = search.split('&').filter((pair) => pair && !pairs.some((own) => own.split('=')[0] === pair.split('=')[0]))
  const all = [...others, ...pairs].join('&')
  return all ? `${path}?${all}` : path!
}

export function restOf({ url: base, fetch, clock, token, session }: RestOptions): Rest {
  const origin = originOf(base)
  async function once<Data>({ method, path, query, body, signal, headers, isAnonymous }: Request, fresh: boolean, mine: unknown): Promise<Answered<Data>> {
    const check = () => {
      if (session?.() !== mine) throw new ApiError(problem(401, 'signed_out', 'The user signed out.'))
    }
    check()
    const bearer = isAnonymous ? null : await token({ fresh })
    check()
    const abort = new AbortController()
    const stop = () => abort.abort()
    const limit = timerOf(clock)
    limit(stop, TIMEOUT)
    signal?.addEventListener('abort', stop)
    try {
      const response = await fetch(origin + target(path, query), {
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
      check()
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
      const mine = session?.()
      for (let attempt = 0, fresh = false; ; attempt++) {
        try {
          return await once<Data>(request, fresh, mine)
        } catch (error) {
          if (!(error instanceof ApiError) || signal?.aborted || attempt >= MAX_RETRIES || session?.() !== mine) throw error
          const { status, isTemporary, retryAfter } = error
          const wasOld: boolean = status === 401 && !fresh && !isAnonymous
          // The server refuses with 429 or 503 before it does anything, so any request may be repeated after those.
          if (!wasOld && !(isTemporary && (mayRepeat || retryAfter !== null))) throw error
          fresh = wasOld
          if (!wasOld) await new Promise<void>((resolve) => void clock.setTimeout(resolve, wait(clock, attempt, error)))
        }
      }
    },
  }
}

/** Returns the wait: the server's Retry-After, plus a random time, so that clients do not return all at once. */
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
  const seconds = parseFloat(headers.get('Retry-After') ?? '')
  let reported = problem(status, 'http', statusText || `HTTP ${status}`)
  try {
    const body = JSON.parse(text) as Problem
    if (body.code) reported = body
  } catch {
    // Not a problem document: perhaps a proxy's page.
  }
  return new ApiError(reported, seconds >= 0 ? seconds * 1000 : null)
}

interface Loose extends Partial<Request> {
  params?: { path?: Record<string, unknown>; query?: Record<string, unknown> }
}

/** The typed calls: `api.POST('/api/v1/rooms/{room_id}/join/', { params: { path: { room_id } } })`. */
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
