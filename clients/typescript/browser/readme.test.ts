import { mkdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { App, snippets } from '../test/app.js'
import { Site } from '../test/site.js'
import { artifacts, launch } from './chromium.js'

/** The README's React snippet in a fresh Vite app on another origin, as somebody's first contact would be. */
let host: Server
let site: Site
let browser: Browser
let folder = ''

beforeAll(async () => {
  mkdirSync(artifacts, { recursive: true })
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }
  host = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://x')
    try {
      const file = readFileSync(path.join(folder, pathname === '/' ? 'index.html' : pathname))
      response.setHeader('Content-Type', types[path.extname(pathname)] ?? 'text/html').end(file)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  ;[site, browser] = await Promise.all([Site.start({ CORS_ALLOWED_ORIGINS: origin() }), launch()])
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await site?.kill()
  host?.close()
})

const origin = () => `http://127.0.0.1:${(host.address() as AddressInfo).port}`

test('the React snippet, built by Vite in strict TypeScript, is a living list in Chromium', async () => {
  const app = new App('react', 'react-dom', '@types/react', '@types/react-dom', 'vite')
  app.write('src/App.tsx', snippets[0]!.replace('http://localhost:8000', site.url))
  app.write(
    'src/main.tsx',
    `import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App, auth } from './App.js'

const asked = new URLSearchParams(location.search)
void auth.signIn(asked.get('email')!, asked.get('password')!).then(() =>
  createRoot(document.body).render(<StrictMode><App room={asked.get('room')} /></StrictMode>),
)
`,
  )
  app.write('index.html', '<!doctype html><link rel="icon" href="data:," /><body></body><script type="module" src="/src/main.tsx"></script>')
  app.typecheck('ESNext', 'Bundler', [])
  app.run(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'error'])
  folder = path.join(app.folder, 'dist')

  const [alice, bob] = await Promise.all(['alice', 'bob'].map((name) => site.login(name)))
  const room = await site.room(alice!)
  const [hers, his] = await Promise.all(
    [alice!, bob!].map(async ({ email, password }) => {
      const page = await (await browser.newContext()).newPage()
      const complaints: string[] = []
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.goto(`${origin()}/?${new URLSearchParams({ email, password, room })}`)
      await page.waitForSelector('section[aria-busy="false"] li')
      return { page, complaints }
    }),
  )
  await hers!.page.click('button:has-text("Say hello")')
  for (const { page, complaints } of [hers!, his!]) {
    await page.waitForSelector('li[data-state="saved"]:has-text("Alice: Hello")')
    await page.waitForSelector('p[role="status"]', { state: 'detached' })
    expect(await page.locator('li:has-text("Alice: Hello")').count()).toBe(1)
    expect(complaints).toEqual([])
  }
  await his!.page.screenshot({ path: path.join(artifacts, 'readme.png') })
}, 300_000)
