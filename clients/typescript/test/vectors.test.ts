import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Centrifuge } from 'centrifuge'
import { Centrifuge as ProtobufCentrifuge } from 'centrifuge/build/protobuf'
import { describe, test } from 'vitest'
import { WebSocket } from 'ws'
import { createClient, type LifecycleEvents } from '../src/index.js'
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
  'centrifuge-js': sdkAgent(Centrifuge),
  'centrifuge-js in Protobuf': sdkAgent(ProtobufCentrifuge as unknown as typeof Centrifuge),
}

if (process.env.PYTHON) {
  agents['centrifuge-python'] = pythonAgent('json')
  agents['centrifuge-python in Protobuf'] = pythonAgent('protobuf')
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

function pythonAgent(encoding: string): Agent {
  return (url, vector, heard) => {
    const program = new URL('agents/python_agent.py', folder).pathname
    const agent = spawn(process.env.PYTHON!, [program, url, JSON.stringify(vector), encoding], { stdio: ['pipe', 'pipe', 'ignore'] })
    createInterface(agent.stdout).on('line', (line) => heard(JSON.parse(line) as Heard))
    agent.stdin.on('error', () => undefined)
    return (order) => void (order === 'close' ? agent.stdin.end('close\n') : agent.stdin.write(`${order}\n`))
  }
}

for (const [name, agent] of Object.entries(agents)) {
  const [sdk] = name.split(' ')
  describe.concurrent(name, () => {
    for (const vector of vectors.filter(({ only }) => !only || only.includes(sdk!))) {
      test(`${vector.id} (${vector.rules.join(', ')}): ${vector.says}`, () => play(vector, agent), 40_000)
    }
  })
}
