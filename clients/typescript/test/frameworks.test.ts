// @vitest-environment jsdom
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { compile } from 'svelte/compiler'
import ts from 'typescript'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { compileScript, parse } from 'vue/compiler-sfc'
import { createClient, messages, type Client, type Schemas } from '../src/index.js'
import { createTestServer, settle, type TestServerOptions } from '../src/testing.js'

/** The README's components of Svelte and Vue: compiled, checked by TypeScript, and shown. */

const here = path.resolve(import.meta.dirname, '..')
const readme = readFileSync(path.join(here, 'README.md'), 'utf8')
const block = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(readme)![1]!
const svelte = block('svelte')
const vue = compileScript(parse(block('vue'), { filename: 'Room.vue' }).descriptor, { id: 'room', inlineTemplate: true }).content

type Mount = (target: HTMLElement, props: { client: Client; room: string }) => () => void

// Below node_modules, so that imports are found as in an app.
const folder = mkdtempSync(path.join(here, 'node_modules/.frameworks-'))
const file = (name: string, text: string) => {
  writeFileSync(path.join(folder, name), text)
  return path.join(folder, name)
}
const ROOMS = { svelte: ['Room.svelte.js', compile(svelte, { generate: 'client', dev: false }).js.code], vue: ['Room.vue.ts', vue] } as const
const MOUNTS = {
  svelte: `import { flushSync, mount, unmount } from 'svelte'; import Room from './Room.svelte.js'
    export default (target, props) => { const room = mount(Room, { target, props }); flushSync(); return () => unmount(room) }`,
  vue: `import { createApp } from 'vue'; import Room from './Room.vue.ts'
    export default (target, props) => { const app = createApp(Room, props); app.mount(target); return () => app.unmount() }`,
}

/** Returns what shows the component, bundled as an app would: with the browser's version of the framework. */
function mounted(name: keyof typeof MOUNTS): Mount {
  const [room, code] = ROOMS[name]
  file(room, code)
  const flags = ['OPTIONS_API', 'PROD_DEVTOOLS', 'PROD_HYDRATION_MISMATCH_DETAILS'].map((flag) => `--define:__VUE_${flag}__=false`)
  const asApp = ['--bundle', '--format=iife', '--global-name=shown', '--conditions=browser,production', '--define:process.env.NODE_ENV="production"', ...flags]
  const entry = file(`${name}.js`, MOUNTS[name])
  const esbuild = path.join(here, 'node_modules/esbuild/bin/esbuild')
  const bundled = execFileSync(esbuild, [entry, `--alias:tidewire=${here}/src/index.ts`, ...asApp], { encoding: 'utf8', maxBuffer: 2 ** 25 })
  return (new Function(`${bundled}; return shown.default`) as () => Mount)()
}

const page = document.createElement('main')
beforeAll(() => document.body.append(page))
afterEach(() => page.replaceChildren())
afterAll(() => rmSync(folder, { recursive: true }))

function site(options: TestServerOptions = {}) {
  const server = createTestServer(options)
  const client = createClient(server.options())
  const at = (room: string) => server.collection(messages(room))
  const message = (n: number): Schemas['Message'] => ({ ...messages('r').blank(), id: String(n), author: { id: 'a', name: 'Alice' }, text: `text ${n}`, created_at: `2026-01-01T00:00:0${n}Z` })
  return { client, at, message }
}

const calm = async () => {
  for (let turn = 0; turn < 4; turn++) await settle()
}

test.each(['svelte', 'vue'] as const)('%s shows the list, follows its events, reads older pages and lets go', async (name) => {
  const { client, at, message } = site({ pageSize: 2 })
  const rows = at('r')
  for (const n of [1, 2, 3]) rows.put(message(n))
  const mount = mounted(name)
  const unmount = mount(page, { client, room: 'r' })
  const shown = () => [...page.querySelectorAll('li')].map((row) => row.textContent)
  expect(page.querySelector('ul')!.getAttribute('aria-busy')).toBe('true')
  await calm()
  expect(page.querySelector('ul')!.getAttribute('aria-busy')).toBe('false')
  expect(shown()).toEqual(['Alice: text 3', 'Alice: text 2'])
  page.querySelector('button')!.click()
  rows.put(message(4))
  await calm()
  expect(shown()).toEqual(['Alice: text 4', 'Alice: text 3', 'Alice: text 2', 'Alice: text 1'])
  expect(page.querySelector('button')).toBe(null)
  unmount()
  await calm()
  expect((client.list(messages('r')) as unknown as { isUsed(): boolean }).isUsed()).toBe(false)
  client.close()
})

test('both are right by their types', () => {
  const script = /<script lang="ts">\n([\s\S]*?)<\/script>/.exec(svelte)![1]!
  const used = 'shown.subscribe(({ items }) => items.map(({ author, text, $state }) => [author?.name, text, $state]))'
  const program = ts.createProgram([file('svelte.ts', `/// <reference types="svelte" />\n${script}\n${used}\n`), file('vue.ts', vue)], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    paths: { tidewire: [path.join(here, 'src/index.ts')] },
  })
  const found = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
  expect(found).toEqual([])
})
