import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { Centrifuge } from 'centrifuge'
import { Centrifuge as ProtobufCentrifuge } from 'centrifuge/build/protobuf'
import { afterAll, describe, test } from 'vitest'
import { WebSocket } from 'ws'
import { createClient, events, type LifecycleEvents } from '../src/index.js'
import { folder, play, vectors, type Agent, type Heard } from './vectors/player.js'

/**
 * The scripts in vectors/client, played by a server to our client (which speaks JSON) and to the public SDKs in both
 * encodings, which proves the scripts. The SDK for Python takes part where PYTHON names an interpreter that has it.
 */
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
        onChange: () => () => undefined,
        attach: () => undefined,
      },
      fetch: async (input) => {
        const channel = decodeURIComponent(new URL(String(input)).pathname.split('/').at(-2)!)
        return new Response(JSON.stringify({ channel, ...states.get(channel)!.shift() }))
      },
    })
    for (const channel of vector.subscribe) client.open(events(channel)).onAny((_, offset) => heard({ channel, offset }))
    return (order) => (order === 'close' ? client.close() : order === 'background' ? phone?.pause() : phone?.resume())
  },
  'centrifuge-js': sdkAgent(Centrifuge),
  'centrifuge-js in Protobuf': sdkAgent(ProtobufCentrifuge as unknown as typeof Centrifuge),
}

// One process for all scripts: an interpreter takes half a second to start.
if (process.env.PYTHON) {
  const python = spawn(process.env.PYTHON, [new URL('agents/python_agent.py', folder).pathname], { stdio: ['pipe', 'pipe', 'ignore'] })
  afterAll(() => void python.kill())
  agents['centrifuge-python'] = pythonAgent(python, 'json')
  agents['centrifuge-python in Protobuf'] = pythonAgent(python, 'protobuf')
}

/** The public SDK; one build for each encoding. */
function sdkAgent(Sdk: typeof Centrifuge): Agent {
  return (url, vector, heard) => {
    let tokens = 0
    const sdk = new Sdk(url, { websocket: WebSocket, getToken: async () => `t${++tokens}` })
    for (const channel of vector.subscribe) {
      const states = [...vector.states]
      const subscription = sdk.newSubscription(channel, states.length ? { getState: async () => states.shift()! } : {})
      subscription.on('publication', ({ offset }) => heard({ channel, offset: Number(offset ?? 0) }))
      subscription.subscribe()
    }
    sdk.connect()
    return (order) => (order === 'foreground' ? sdk.connect() : sdk.disconnect())
  }
}

let runs = 0

function pythonAgent({ stdin, stdout }: ChildProcessByStdio<Writable, Readable, null>, encoding: string): Agent {
  const heards = new Map<number, (event: Heard) => void>()
  createInterface(stdout).on('line', (line) => {
    const { run, ...event } = JSON.parse(line) as Heard & { run: number }
    heards.get(run)?.(event)
  })
  return (url, vector, heard) => {
    const run = ++runs
    const say = (order: object) => void stdin.write(`${JSON.stringify({ run, ...order })}\n`)
    heards.set(run, heard)
    say({ url, vector, encoding })
    return (app) => say({ app })
  }
}

for (const [name, agent] of Object.entries(agents)) {
  const [sdk] = name.split(' ')
  describe.concurrent(name, () => {
    for (const vector of vectors.filter(({ only }) => !only || only.includes(sdk!))) {
      test(`${vector.id} (${vector.rules.join(', ')}): ${vector.says}`, () => play(vector, agent), 60_000)
    }
  })
}
