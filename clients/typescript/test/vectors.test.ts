import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { Centrifuge } from 'centrifuge'
import { describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createClient, type LifecycleEvents } from '../src/index.js'

/**
 * The scripts in vectors/client, played by a server to our client and to the public SDKs (which proves the scripts). The
 * SDK for Python takes part where PYTHON names an interpreter that has it.
 */
const folder = new URL('../../../vectors/', import.meta.url)

interface Place {
  epoch: string
  offset: number
}
type Json = Record<string, unknown>
interface Vector {
  id: string
  rules: string[]
  says: string
  subscribe: string[]
  states: Place[]
  only?: string[]
  steps: Json[]
}
type Heard = { channel: string; offset: number }
/** What the app behind a client does: leaves for good, or as a phone does. */
type Order = 'close' | 'background' | 'foreground'
type Agent = (url: string, vector: Vector, heard: (event: Heard) => void) => (order: Order) => void

const vectors = readdirSync(new URL('client/', folder)).map(
  (name) => JSON.parse(readFileSync(new URL(`client/${name}`, folder), 'utf8')) as Vector,
)

const agents: Record<string, Agent> = {
  tidewire(url, vector, heard) {
    let tokens = 0
    const states = new Map(vector.subscribe.map((channel) => [channel, [...vector.states]]))
    let phone: LifecycleEvents | undefined
    const client = createClient({
      lifecycle: { isOnline: () => true, watch: (events) => ((phone = events), () => undefined) },
      url: url.replace('ws', 'http'),
      WebSocket,
      onError: () => undefined,
      auth: {
        getToken: async () => `t${++tokens}`,
        refreshAt: () => null,
        onChange: () => () => undefined,
        attach: () => undefined,
      },
      fetch: async (input) => {
        const channel = decodeURIComponent(new URL(String(input)).pathname.split('/').at(-2)!)
        return new Response(JSON.stringify({ channel, ...states.get(channel)!.shift() }))
      },
    })
    for (const channel of vector.subscribe) client.stream(channel).onAny((_, offset) => heard({ channel, offset }))
    return (order) => (order === 'close' ? client.close() : order === 'background' ? phone?.pause() : phone?.resume())
  },
  'centrifuge-js'(url, vector, heard) {
    let tokens = 0
    const sdk = new Centrifuge(url, { websocket: WebSocket, getToken: async () => `t${++tokens}` })
    for (const channel of vector.subscribe) {
      const states = [...vector.states]
      const subscription = sdk.newSubscription(channel, states.length ? { getState: async () => states.shift()! } : {})
      subscription.on('publication', ({ offset }) => heard({ channel, offset: offset ?? 0 }))
      subscription.subscribe()
    }
    sdk.connect()
    return (order) => (order === 'foreground' ? sdk.connect() : sdk.disconnect())
  },
}

if (process.env.PYTHON) {
  agents['centrifuge-python'] = (url, vector, heard) => {
    const program = new URL('agents/python_agent.py', folder).pathname
    const agent = spawn(process.env.PYTHON!, [program, url, JSON.stringify(vector)], { stdio: ['pipe', 'pipe', 'ignore'] })
    createInterface(agent.stdout).on('line', (line) => heard(JSON.parse(line) as Heard))
    agent.stdin.on('error', () => undefined)
    return (order) => void (order === 'close' ? agent.stdin.end('close\n') : agent.stdin.write(`${order}\n`))
  }
}

/** Waits for things in the order they come. */
class Mailbox<T> {
  private readonly items: T[] = []
  private wake: () => void = () => undefined
  put(item: T): void {
    this.items.push(item)
    this.wake()
  }
  get isEmpty(): boolean {
    return !this.items.length
  }
  async take(what: string, ms = 6_000): Promise<T> {
    const end = Date.now() + ms
    while (!this.items.length) {
      const left = end - Date.now()
      if (left <= 0) throw new Error(`no ${what} within ${ms} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.wake = () => (clearTimeout(timer), resolve())
      })
    }
    return this.items.shift()!
  }
}

async function play(vector: Vector, agent: Agent): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  const sockets = new Mailbox<WebSocket>()
  const commands = new Mailbox<{ from: WebSocket; command: Json; frame: number }>()
  let frames = 0
  const tokens: unknown[] = []
  const pongs = new Mailbox<true>()
  const heard = new Mailbox<Heard>()
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      frames++
      for (const line of String(data).split('\n').filter(Boolean)) {
        const command = JSON.parse(line) as Json
        if (Object.keys(command).length) commands.put({ from: socket, command: named(command), frame: frames })
        else pongs.put(true)
      }
    })
    sockets.put(socket)
  })
  /** Tokens are called t1, t2, … in the order in which they are first seen. */
  const named = (command: Json): Json => {
    for (const request of [command.connect, command.refresh] as ({ token?: unknown } | undefined)[]) {
      if (!request?.token) continue
      if (!tokens.includes(request.token)) tokens.push(request.token)
      request.token = `t${tokens.indexOf(request.token) + 1}`
    }
    return command
  }
  /** What a socket that is gone still had to say (subscribes come in one frame with the connect) counts no more. */
  const next = async (what: string, ms?: number): Promise<{ command: Json; frame: number }> => {
    for (;;) {
      const { from, ...sent } = await commands.take(what, ms)
      if (from === socket) return sent
    }
  }
  await once(server, 'listening')
  const order = agent(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, vector, (event) => heard.put(event))
  let socket: WebSocket = await sockets.take('connection')
  let last = 0
  let all: Json[] = []
  const kindOf = (command: Json): string => Object.keys(command).find((name) => name !== 'id')!
  const frameOf = (step: Json): string => JSON.stringify(step.reply ? { id: last, ...(step.reply as Json) } : step.push ? { push: step.push } : {})
  try {
    for (const [index, step] of vector.steps.entries()) {
      const at = `step ${index}: ${JSON.stringify(step)}`
      if (step.expect) {
        const { command } = await next(at, step.within_ms as number | undefined)
        expect(command, at).toMatchObject(step.expect as Json)
        last = command.id as number
      } else if (step.expect_all) {
        const counts: Record<string, number> = {}
        const seen = new Set<number>()
        all = []
        for (let left = Object.values(step.expect_all as Record<string, number>).reduce((a, b) => a + b); left; left--) {
          const { command, frame } = await next(at)
          all.push(command)
          seen.add(frame)
          counts[kindOf(command)] = (counts[kindOf(command)] ?? 0) + 1
        }
        expect(counts, at).toEqual(step.expect_all)
        if (step.frames) expect(seen.size, at).toBe(step.frames)
      } else if (step.reply_all) {
        const answers = step.reply_all as Json
        socket.send(all.map((command) => JSON.stringify({ id: command.id, [kindOf(command)]: answers[kindOf(command)] })).join('\n'))
      } else if (step.app) order(step.app as Order)
      else if (step.gone) {
        const { within_ms } = step.gone as { within_ms: number }
        if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close', { signal: AbortSignal.timeout(within_ms) })
      } else if (step.reply || step.push || step.ping) socket.send(frameOf(step))
      else if (step.together) socket.send((step.together as Json[]).map(frameOf).join('\n'))
      else if (step.pong) await pongs.take(at)
      else if (step.echo) expect(await heard.take(at), at).toEqual(step.echo)
      else if (step.close) socket.close(step.close as number, String(step.reason ?? ''))
      else if (step.drop) socket.terminate()
      else if (step.reconnect) socket = await sockets.take(at, (step.reconnect as { within_ms: number }).within_ms)
      else {
        const ms = (step.quiet_ms ?? (step.no_reconnect as { for_ms: number }).for_ms) as number
        await new Promise((resolve) => setTimeout(resolve, ms))
        expect([sockets.isEmpty, step.no_reconnect ? true : commands.isEmpty, heard.isEmpty], at).toEqual([true, true, true])
      }
    }
    expect(heard.isEmpty).toBe(true)
  } finally {
    order('close')
    for (const open of server.clients) open.terminate()
    server.close()
  }
}

for (const [name, agent] of Object.entries(agents)) {
  describe.concurrent(name, () => {
    for (const vector of vectors.filter(({ only }) => !only || only.includes(name))) {
      test(`${vector.id} (${vector.rules.join(', ')}): ${vector.says}`, () => play(vector, agent), 40_000)
    }
  })
}
