import vm from 'node:vm'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { settle } from './support.js'

/** The app's bundle, made without the help of a browser or Node: no polyfill of either may get in. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        export { createClient, jwt, messages } from './src/index.ts'
        export { reactNative } from './src/react-native.ts'
      `,
      resolveDir: new URL('..', import.meta.url).pathname,
      loader: 'ts',
    },
    bundle: true,
    platform: 'neutral',
    mainFields: ['react-native', 'browser', 'module', 'main'],
    conditions: ['react-native', 'import'],
    format: 'iife',
    globalName: 'app',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0]!.text
}

/** A socket that answers as the server does. */
class PhoneSocket {
  static readonly opened: string[] = []
  static last: PhoneSocket
  onopen?: () => void
  onclose?: (event: { code: number; reason: string }) => void
  onmessage?: (event: { data: string }) => void
  readyState = 0

  constructor(readonly url: string) {
    PhoneSocket.opened.push(url)
    PhoneSocket.last = this
    queueMicrotask(() => {
      this.readyState = 1
      this.onopen?.()
    })
  }

  send(text: string): void {
    const replies = text.split('\n').flatMap((line): object[] => {
      const command = JSON.parse(line) as { id?: number; connect?: object; subscribe?: object }
      if (command.connect) return [{ id: command.id, connect: { client: 'phone', version: '1', ping: 25, pong: true } }]
      if (command.subscribe) return [{ id: command.id, subscribe: { recoverable: true, positioned: true, epoch: 'e', offset: 3 } }]
      return []
    })
    const data = replies.map((reply) => JSON.stringify(reply)).join('\n')
    if (data) queueMicrotask(() => this.onmessage?.({ data }))
  }

  close(): void {
    this.readyState = 3
    queueMicrotask(() => this.onclose?.({ code: 1000, reason: '' }))
  }
}

/**
 * Stands for the `URL` of React Native (Libraries/Blob/URL.js; the package is too large to install for one file). It has no
 * setter for `protocol`, so that an assignment throws in a module, and older versions throw in most getters.
 */
const PHONE_URL = `
  'use strict'
  globalThis.urls = []
  globalThis.URL = class URL {
    constructor(url, base = '') {
      this._url = base.replace(/\\/$/, '') + url
      urls.push(this._url)
    }
    get href() { return this._url }
    get protocol() { return this._url.match(/^([a-zA-Z][a-zA-Z\\d+\\-.]*):/)[1] + ':' }
    get pathname() { throw new Error('URL.pathname is not implemented') }
    get search() { throw new Error('URL.search is not implemented') }
    toString() { return this._url }
  }
`

test('a phone: without EventTarget, Event and a URL that works, it connects, reads, and follows the network', async () => {
  const fetched: string[] = []
  const answers: Record<string, object> = {
    '/api/v1/rooms/r/messages/': { next: 'http://inside:8000/api/v1/rooms/r/messages/?cursor=a%2Bb', results: [row('2')], stream: at(3) },
    '/api/v1/rooms/r/messages/?cursor=a%2Bb': { next: null, results: [row('1')], stream: at(3) },
  }
  const fetch = async (url: string) => {
    fetched.push(url)
    const body = answers[url.replace('https://host:8443', '')]
    return { ok: !!body, status: body ? 200 : 404, statusText: '', headers: { get: () => null }, text: async () => JSON.stringify(body ?? {}) }
  }
  const errors: unknown[] = []
  // What Hermes and React Native have; of the rest of the web, nothing.
  const phone = vm.createContext({
    ...{ setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask, AbortController, atob, console },
    ...{ navigator: { product: 'ReactNative' }, WebSocket: PhoneSocket, fetch },
    report: (error: unknown) => errors.push(error),
  })
  vm.runInContext(PHONE_URL, phone)
  vm.runInContext(await bundle(), phone)
  vm.runInContext(
    `
    'use strict'
    globalThis.tell = {}
    const appState = { currentState: 'active', addEventListener: (_, listener) => (tell.app = listener, { remove() {} }) }
    const netInfo = { addEventListener: (listener) => (tell.net = listener, () => {}) }
    const auth = { getToken: async () => 'token', onChange: () => () => {}, attach() {} }
    globalThis.client = app.createClient({
      url: 'https://host:8443/', auth, lifecycle: app.reactNative(appState, netInfo), onError: report,
    })
    globalThis.list = client.list(app.messages('r'))
    list.subscribe(() => {})
  `,
    phone,
  )
  const state = () => vm.runInContext('client.status.state', phone) as string
  const shown = () => vm.runInContext('list.get().items.map(({ id }) => id).join()', phone) as string
  await calm()
  expect(errors).toEqual([])
  expect([state(), shown()]).toEqual(['online', '2'])
  expect(PhoneSocket.opened).toEqual(['wss://host:8443/connection/websocket'])
  await vm.runInContext('list.older()', phone)
  expect(shown()).toBe('2,1')
  expect(fetched).toEqual(Object.keys(answers).map((path) => `https://host:8443${path}`))

  vm.runInContext('tell.net({ isConnected: false })', phone)
  await calm()
  expect(state()).toBe('waiting')
  vm.runInContext('tell.net({ isConnected: true })', phone)
  await calm()
  expect(state()).toBe('online')
  vm.runInContext("tell.app('background')", phone)
  expect(state()).toBe('paused')
  vm.runInContext("tell.app('active')", phone)
  await calm()
  expect(state()).toBe('online')
  expect(PhoneSocket.opened).toHaveLength(3)
  expect(vm.runInContext('[urls.length, typeof EventTarget, typeof Event].join()', phone)).toBe('0,undefined,undefined')
  vm.runInContext('client.close()', phone)
})

const row = (id: string) => ({ id, created_at: `2026-01-01T00:00:0${id}Z`, version: 1 })
const at = (offset: number) => ({ channel: 'room:r', epoch: 'e', offset })
const calm = async () => {
  for (let turn = 0; turn < 5; turn++) await settle()
}
