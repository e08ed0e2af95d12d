import protobuf from 'protobufjs'

export type Json = Record<string, unknown>

/** How a frame is written: several objects in one, either way. */
export interface Encoding {
  decode(frame: Buffer): Json[]
  encode(objects: readonly Json[]): string | Uint8Array
}

const json: Encoding = {
  decode: (frame) => String(frame).split('\n').filter(Boolean).map((line) => JSON.parse(line) as Json),
  encode: (objects) => objects.map((object) => JSON.stringify(object)).join('\n'),
}

const root = new protobuf.Root().loadSync(new URL('../../../../tidewire/protocol/wire.proto', import.meta.url).pathname, { keepCase: true })
const type = (name: string) => root.lookupType(`tidewire.protocol.${name}`)
const [Command, Reply] = [type('Command'), type('Reply')]
// A field that no client knows: in JSON under its name, here under a number that is nobody's.
for (const name of ['ConnectResult', 'SubscribeResult', 'Publication']) type(name).add(new protobuf.Field('future', 1000, 'string'))

/** Embedded JSON is bytes here. */
const packed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(packed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) => {
      if (name === 'data') return [name, Buffer.from(JSON.stringify(content))]
      return [name, name === 'future' ? JSON.stringify(content) : packed(content)]
    }),
  )
}

const binary: Encoding = {
  decode(frame) {
    const reader = protobuf.Reader.create(frame)
    const commands: Json[] = []
    while (reader.pos < reader.len) commands.push(Command.toObject(Command.decodeDelimited(reader), { longs: Number }))
    return commands
  },
  encode: (objects) => Buffer.concat(objects.map((object) => Reply.encodeDelimited(Reply.fromObject(packed(object) as Json)).finish())),
}

/** The encoding that a socket negotiated. */
export const encodingOf = (subprotocol: string): Encoding => (subprotocol === 'centrifuge-protobuf' ? binary : json)
