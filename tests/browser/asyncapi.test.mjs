// The socket's page in a real browser: node --test, with SITE, EMAIL, PASSWORD, TOKEN, STREAM and CHROMIUM in the environment.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { chromium } from 'playwright-core'

const { SITE, EMAIL, PASSWORD, TOKEN, STREAM, CHROMIUM, SCREENSHOTS } = process.env
const ROOM = STREAM.split(':')[1]
const PAGE = `${SITE}/api/asyncapi/`

let browser, page, wrong

before(async () => {
  if (SCREENSHOTS) mkdirSync(SCREENSHOTS, { recursive: true })
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
})
after(() => browser.close())

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  wrong = []
  page.on('pageerror', (error) => wrong.push(`exception: ${error}`))
  page.on('console', (line) => line.type() === 'error' && wrong.push(line.text()))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${SITE}/`) && !url.startsWith('data:')) wrong.push(`asked ${url}`)
  })
})
afterEach(async () => {
  await page.close()
  assert.deepEqual(wrong, [], 'exceptions, refused content or requests to other hosts')
})

const post = (text) =>
  fetch(`${SITE}/api/v1/rooms/${ROOM}/messages/`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ text }),
  }).then((response) => assert.equal(response.status, 201))

const shot = (name) => SCREENSHOTS && page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true })
const frames = (text) => page.locator('#frames li', { hasText: text })
const stored = (text) => page.locator('#log li', { hasText: text })
const soon = (locator, count = 1) => locator.nth(count - 1).waitFor({ timeout: 10_000 })

async function signInAndSubscribe() {
  await page.goto(PAGE)
  await page.getByLabel('E-mail').fill(EMAIL)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in and connect' }).click()
  await soon(page.locator('#status[data-state=online]'))
  await page.getByLabel('Stream', { exact: true }).fill(STREAM)
  await page.getByRole('button', { name: 'Subscribe' }).click()
  await soon(page.locator('.chip[data-chosen=true]'))
}

test('shows stored and live events, and recovers what a dropped connection missed', async () => {
  await post('before')
  await signInAndSubscribe()
  await soon(stored('message.created'))
  const before = await stored('message.created').count()
  await post('while online')
  await soon(stored('message.created'), before + 1)
  await soon(frames('message.created'))

  await page.getByRole('button', { name: 'Drop connection' }).click()
  await post('while away')
  await soon(stored('message.created'), before + 2)
  await soon(page.locator('#status[data-state=online]'))
  await soon(frames('dropped by hand'))
  const offsets = await page.locator('#log li').evaluateAll((items) => items.map((item) => Number(item.dataset.offset)))
  assert.deepEqual(offsets, [...offsets].sort((a, b) => b - a))
  assert.equal(new Set(offsets).size, offsets.length)
  await page.locator('#frames summary').first().click()
  await page.locator('#log summary').first().click()
  await shot('console-light')
})

test('replays from an offset', async () => {
  await post('one more')
  await signInAndSubscribe()
  await page.getByLabel('Replay after').fill('0')
  await page.getByRole('button', { name: 'Replay', exact: true }).click()
  await soon(frames('replayed after 0'))
  assert.match(await frames('replayed after 0').first().textContent(), /: [1-9]\d* in the reply/)
})

test('publishes ephemeral messages and sends raw frames', async () => {
  await signInAndSubscribe()
  await page.locator('#ephemeral').getByRole('button', { name: 'Publish' }).click()
  await soon(frames('typing'))
  await page.getByLabel('Start from').selectOption('presence_stats')
  await page.getByLabel('Frame', { exact: true }).press('Control+Enter')
  await soon(frames('presence_stats'), 2)
  await page.getByLabel('Frame', { exact: true }).fill('{"id":77,"history":{"channel":"nobody:here"}}')
  await page.locator('#raw').getByRole('button', { name: 'Send' }).click()
  await soon(frames('error 103'))
})

test('says why it stopped', async () => {
  await page.goto(PAGE)
  await page.getByLabel('or a token').fill('not a token')
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await soon(page.locator('#status[data-state=stopped]'))
  assert.match(await page.locator('#status').textContent(), /3500 invalid token/)
})

test('describes each event with a table and an example, and opens what the address names', async () => {
  await page.goto(`${PAGE}#room-message.created`)
  const card = page.locator('[id="room-message.created"]')
  assert.equal(await card.getAttribute('open'), '')
  await soon(card.getByRole('rowheader', { name: 'data.author.name' }))
  assert.equal(JSON.parse(await card.locator('pre').textContent()).type, 'message.created')
  const described = await page.locator('#streams .kind .card').count()
  const { channels } = await (await fetch(`${SITE}/api/asyncapi.json`)).json()
  const declared = Object.entries(channels).filter(([name]) => name !== 'connection')
  assert.equal(described, declared.reduce((sum, [, channel]) => sum + Object.keys(channel.messages).length, 0))
  await card.scrollIntoViewIfNeeded()
  await shot('reference-light')
})

test('works with the keyboard alone', async () => {
  await page.goto(PAGE)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content')
  const reached = new Set()
  for (let n = 0; n < 60; n++) {
    await page.keyboard.press('Tab')
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.textContent.trim()))
  }
  for (const name of ['email', 'password', 'token', 'stream', 'log', 'frames']) assert.ok(reached.has(name), name)
  await page.locator('#streams .card summary').first().focus()
  await page.keyboard.press('Enter')
  assert.equal(await page.locator('#streams .card').first().getAttribute('open'), '')
})

for (const [scheme, width] of [['light', 360], ['dark', 360], ['dark', 1280]]) {
  test(`fits ${width} pixels, ${scheme}`, async () => {
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize({ width, height: 800 })
    await signInAndSubscribe()
    for (const card of await page.locator('#command-subscribe, [id="room-message.created"]').all()) await card.locator('summary').first().click()
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.equal(overflow, 0)
    await shot(`page-${scheme}-${width}`)
  })
}
