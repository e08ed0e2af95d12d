#!/usr/bin/env node
// Prints what an OpenAPI document of Tidewire says as TypeScript: paths, payloads and the event union (openapi-typescript
// does that), and one descriptor per live list and detail (from `x-tidewire-live`).
//
//   npx -p typescript@5.9.3 -p openapi-typescript@7.13.0 -p tidewire tidewire-types https://host/api/schema/ --out src/api
//
// Needs openapi-typescript 7 beside it, and TypeScript 5 for that.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import openapiTS, { astToString } from 'openapi-typescript'

const HEAD = '// Generated from openapi.yaml by scripts/generate.mjs. Do not edit.\n\n'

const QUERY = `/** The parameters of a list that its events can be held against. */
type Query<Path extends keyof paths, Name extends string> = paths[Path] extends { get: { parameters: { query?: infer All } } } ? Pick<NonNullable<All>, Name & keyof NonNullable<All>> : never
`

const [source, ...options] = process.argv.slice(2)
const out = options[options.indexOf('--out') + 1]
if (!source || !options.includes('--out') || !out) {
  console.error('usage: tidewire-types <file or url of the OpenAPI document> --out <folder> [--from tidewire]')
  process.exit(2)
}
const from = options.includes('--from') ? options[options.indexOf('--from') + 1] : 'tidewire'

// -- descriptors ---------------------------------------------------------------------------------------------------

function descriptors(ctx) {
  const paths = ctx.resolve('#/paths')
  const found = Object.entries(paths)
    .filter(([, item]) => item.get?.['x-tidewire-live'])
    .map(([at, item]) => ({ at, item, get: item.get, live: item.get['x-tidewire-live'] }))
  const functions = found.map((one) => (one.live.order ? list(one) : item(one)))
  const imports = `import { liveItem, liveList, type ItemDescriptor, type ListDescriptor } from '${from}'\nimport type { paths, Schemas } from './api.js'\n\n${QUERY}`
  return `${imports}\n${functions.join('\n')}`

  function list({ at, item, get, live }) {
    const rows = rowsOf(get)
    const detail = found.find((other) => !other.live.order && parent(other.at) === at)
    const types = [rowType(live, rows), requestType(item.post), requestType(detail?.item.patch), queryType(at, get, live)].join(', ')
    const fields = [
      'open: liveList',
      `path: ${template(at)}`,
      `channel: ${template(live.channel)}`,
      ...common(live),
      `order: ${words(live.order)}`,
      ...given('where', '[', live.where, ([name, field]) => `[${quote(field)}, ${argument(name)}]`, ']'),
      ...given('filters', '{ ', live.filters, ([name, pair]) => `${name}: [${pair.map(quote).join(', ')}]`, ' }'),
      ...(live.max_limit ? [`maxLimit: ${live.max_limit}`] : []),
      `blank: () => (${blank(ctx.resolve(rows.$ref ?? rows) ?? rows)})`,
    ]
    return print(get, nameOf(get), parameters(at, live.channel), `ListDescriptor<${types}>`, fields)
  }

  function item({ at, get, live }) {
    const row = get.responses['200'].content['application/json'].schema
    const fields = [
      'open: liveItem',
      `path: ${template(at)}`,
      `channel: ${template(live.channel)}`,
      ...common(live),
      `id: ${argument(names(at).at(-1))}`,
    ]
    const type = `ItemDescriptor<${rowType(live, row)}, ${requestType(paths[at].patch)}>`
    return print(get, singular(nameOf(get)), parameters(at, live.channel), type, fields)
  }

  /** What else a page may be asked for (`fields`, a cursor, filters that only the server can apply) is not for a live list. */
  function queryType(at, get, live) {
    const names = [...Object.keys(live.filters ?? {}), 'limit', 'ordering'].filter((name) => get.parameters?.some((one) => one.name === name))
    return `Query<${quote(at)}, ${names.map(quote).join(' | ') || 'never'}>`
  }

  function rowsOf(get) {
    const page = get.responses['200'].content['application/json'].schema
    return ctx.resolve(page.$ref).properties.results.items
  }

  /** What an event brings, and what only REST adds to it (`me`): a row that came by an event lacks that. */
  function rowType(live, rest) {
    const event = live.upsert.map((type) => dataOf(type)).find(Boolean)
    const read = ref(rest)
    return !event || event === read ? read : `${event} & Partial<${read}>`
  }

  function dataOf(type) {
    const mapping = ctx.resolve('#/components/schemas/AnyEvent').discriminator.mapping
    return mapping[type] && ref(ctx.resolve(mapping[type]).properties.data)
  }

  function blank(schema) {
    if (schema.$ref) return blank(ctx.resolve(schema.$ref))
    if (schema.allOf) return blank(schema.allOf[0])
    const variants = schema.oneOf ?? schema.anyOf ?? []
    const types = [schema.type ?? []].flat()
    const isNullable = types.includes('null') || variants.some((v) => (v.$ref ? ctx.resolve(v.$ref) : v).type === 'null')
    if (isNullable) return 'null'
    if (variants.length) return blank(variants[0])
    if (schema.enum) return JSON.stringify(schema.enum[0])
    if (types.includes('object')) {
      const required = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name))
      return `{ ${required.map(([name, value]) => `${name}: ${blank(value)}`).join(', ')} }`
    }
    if (schema.format === 'date-time') return 'new Date().toISOString()'
    return { array: '[]', integer: '0', number: '0', boolean: 'false' }[types[0]] ?? "''"
  }
}

function common(live) {
  return [`upsert: ${words(live.upsert)}`, `remove: ${words(live.remove)}`, `key: ${quote(live.key)}`]
}

/** A field of a descriptor for a map of the document, and none for an empty one. */
function given(name, open, map, printed, close) {
  const all = Object.entries(map ?? {}).map(printed).join(', ')
  return all ? [`${name}: ${open}${all}${close}`] : []
}

function print(get, name, args, type, fields) {
  const text = (get.description ?? '').trim().replace(/\s*\n\s*/g, ' ').replaceAll('*/', '* /')
  const body = fields.map((field) => `  ${field},\n`).join('')
  return `/** ${text} */\nexport const ${name} = (${args.map((a) => `${a}: string`).join(', ')}): ${type} => ({\n${body}})\n`
}

function requestType(operation) {
  const schema = operation?.requestBody?.content?.['application/json']?.schema
  return schema ? ref(schema) : 'never'
}

function ref(schema) {
  const name = schema.$ref ?? schema.allOf?.[0]?.$ref
  return name ? `Schemas[${quote(name.split('/').at(-1))}]` : 'unknown'
}

const quote = (text) => `'${text}'`
const words = (list) => `[${[...new Set(list)].map(quote).join(', ')}]`
const names = (text) => [...text.matchAll(/{(\w+)}/g)].map((match) => match[1])
const camel = (text) => text.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())
const argument = (name) => camel(name.replace(/_id$/, ''))
const parameters = (...templates) => [...new Set(templates.flatMap(names))].map(argument)
const template = (text) => (names(text).length ? `\`${text.replace(/{(\w+)}/g, (_, name) => `\${${argument(name)}}`)}\`` : quote(text))
const parent = (at) => at.replace(/{\w+}\/$/, '')
const nameOf = (get) => camel(get.operationId.replace(/_(list|retrieve)$/, ''))
const singular = (name) => name.replace(/ies$/, 'y').replace(/s$/, '')

// -- run -----------------------------------------------------------------------------------------------------------

const url = /^https?:/.test(source) ? new URL(source) : pathToFileURL(path.resolve(source))
let document
const ast = await openapiTS(url, {
  alphabetize: false,
  silent: true,
  // The document as the tool has read and resolved it: nothing is parsed twice.
  postTransform: (_, { ctx }) => void (document ??= ctx),
})

const schemas = `export type Schemas = components['schemas']\nexport type AnyEvent = Schemas['AnyEvent']\n`
mkdirSync(out, { recursive: true })
writeFileSync(path.join(out, 'api.ts'), `${HEAD}${astToString(ast)}\n${schemas}`)
writeFileSync(path.join(out, 'live.ts'), HEAD + descriptors(document))
