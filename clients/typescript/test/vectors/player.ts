import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { encodingOf, type Json } from './encodings.js'

/** Where the scripts are, and the programs that run SDKs of other languages against them. */
export const folder = new URL('../../../../vectors/', import.meta.url)

export interface Place {
  epoch: string
  offset: number
}
export interface Vector {
  id: string
  rules: string[]
  says: string
  subscribe: string[]
  states: Place[]
  only?: string[]
  steps: Json[]
}
export type Heard = { channel: string; offset: number }
/** What the app behind a client does: leaves for good, or as a phone does. */
export type Order = 'close' | 'background' | 'foreground'
export type Agent = (url: string, vector: Vector, heard: (event: Heard) => void) => (order: Order) => void

export const vectors = readdirSync(new URL('client/', folder)).map(
  (name) => JSON.parse(readFileSync(new URL(`client/${name}`, folder), 'utf8')) as Vector,
)

/** A machine that has much to do is given so many times what a script allows. */
const PATIENCE = 4

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
  async take(what: string, ms = 5_000): Promise<T> {
    const end = Date.now() + ms * PATIENCE
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

/** Plays the server's part of a script, in the encoding that the client asks for, and fails when the client departs from its own. */
export async function play(vector: Vector, agent: Agent): Promise<void> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => (offered.has('centrifuge-protobuf') ? 'centrifuge-protobuf' : false),
  })
  const sockets = new Mailbox<WebSocket>()
  const commands = new Mailbox<{ from: WebSocket; command: Json; frame: number }>()
  let frames = 0
  const tokens: unknown[] = []
  const pongs = new Mailbox<true>()
  const heard = new Mailbox<Heard>()
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      frames++
      for (const command of encodingOf(socket.protocol).decode(data as Buffer)) {
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
  const objectOf = (step: Json): Json => (step.reply ? { id: last, ...(step.reply as Json) } : step.push ? { push: step.push } : {})
  const say = (...objects: Json[]): void => socket.send(encodingOf(socket.protocol).encode(objects))
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
        say(...all.map((command) => ({ id: command.id, [kindOf(command)]: answers[kindOf(command)] })))
      } else if (step.app) order(step.app as Order)
      else if (step.gone) {
        const { within_ms } = step.gone as { within_ms: number }
        if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close', { signal: AbortSignal.timeout(within_ms * PATIENCE) })
      } else if (step.reply || step.push || step.ping) say(objectOf(step))
      else if (step.together) say(...(step.together as Json[]).map(objectOf))
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
