import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Site } from '../test/site.js'
import { artifacts, launch } from './chromium.js'

/** The demo in a real Chromium against a real server: every button, and in the end both lists equal a fresh read. */
let site: Site
let browser: Browser

beforeAll(async () => {
  mkdirSync(artifacts, { recursive: true })
  ;[site, browser] = await Promise.all([Site.start({ ACCESS_TOKEN_SECONDS: '20' }), launch()])
}, 180_000)

afterAll(async () => {
  await browser?.close()
  await site?.kill()
})

interface Opened {
  page: Page
  /** What the console said that is not the expected noise of a broken network. */
  complaints: string[]
}

/** A page that is signed in and settled. `refusals`: which answers of 400 and above are no complaint. */
async function open(options: BrowserContextOptions = {}, refusals = /^$/): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_|WebSocket|Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  page.on('response', (response) => {
    const said = `${response.status()} ${response.request().method()} ${response.url()}`
    if (response.status() >= 400 && !refusals.test(said)) complaints.push(said)
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(site.url) && !request.url().startsWith('data:')) complaints.push(`outside host: ${request.url()}`)
  })
  await page.goto(site.demo())
  await settled(page)
  return { page, complaints }
}

const verdict = (who: string) => `#${who} .truth[data-verdict="true"]`

/** Both lists are live and equal a fresh read. */
async function settled(page: Page, ...who: string[]): Promise<void> {
  for (const one of who.length ? who : ['alice', 'bob']) {
    await page.waitForSelector(`#${one}[data-status="live"]`, { state: 'attached', timeout: 30_000 })
    await page.waitForSelector(verdict(one), { state: 'attached', timeout: 30_000 })
  }
}

/** The room as REST shows it to somebody who comes by, oldest first; and the offsets of what the log holds. */
async function fresh(): Promise<{ texts: string[]; offsets: number[] }> {
  const alice = await site.login('alice')
  const headers = await site.headers(alice)
  const room = await site.room(alice)
  const texts: string[] = []
  for (let next: string | null = `/api/v1/rooms/${room}/messages/?limit=100`; next; ) {
    const page: { results: { text: string }[]; next: string | null } = await site.ask(next, { headers })
    texts.push(...page.results.map(({ text }) => text))
    next = page.next
  }
  const { results } = await site.ask<{ results: { offset: number }[] }>(`/api/v1/streams/room:${room}/events/?limit=500`, { headers })
  return { texts: texts.reverse(), offsets: results.map(({ offset }) => offset) }
}

/** What both see is the end of what a fresh read shows. */
async function equalsFreshRead(page: Page): Promise<void> {
  await settled(page)
  const { texts } = await fresh()
  for (const who of ['alice', 'bob']) {
    const shown = await bubbles(page, who)
    expect(shown).toEqual(texts.slice(-shown.length))
  }
}

const bubbles = (page: Page, who: string) => page.locator(`#${who} .bubble p`).allTextContents()
const shoot = (page: Page, name: string) => page.screenshot({ path: path.join(artifacts, `${name}.png`) })

async function say(page: Page, who: string, text: string): Promise<void> {
  await page.locator(`#${who} textarea`).fill(text)
  await page.locator(`#${who} textarea`).press('Enter')
}

/** Does something, and waits until the link of one was down, for however short a time. */
async function linkBreaks(page: Page, who: string, act: () => Promise<void>): Promise<void> {
  const broken = page.evaluate((id) => {
    const element = document.getElementById(id)!
    return new Promise<void>((resolve) => {
      const observer = new MutationObserver(() => {
        if (element.dataset.link !== 'online') resolve()
      })
      observer.observe(element, { attributeFilter: ['data-link'] })
    })
  }, who)
  await act()
  await broken
}

test('what one writes, the other sees; both lists equal a fresh read', async () => {
  const { page, complaints } = await open()
  await say(page, 'alice', 'The tide is coming in.')
  await say(page, 'bob', 'Aye, I hear it.')
  await page.waitForFunction(() => document.querySelectorAll('#alice .bubble').length === document.querySelectorAll('#bob .bubble').length)
  await settled(page)
  expect(await bubbles(page, 'alice')).toEqual(await bubbles(page, 'bob'))
  expect((await bubbles(page, 'alice')).slice(-2)).toEqual(['The tide is coming in.', 'Aye, I hear it.'])
  await shoot(page, 'light')
  expect(complaints).toEqual([])
  await page.context().close()
}, 240_000)

test('a cut socket heals by itself', async () => {
  const { page, complaints } = await open()
  await linkBreaks(page, 'bob', () => page.click('#bob .cut'))
  await say(page, 'alice', 'Did you hear that?')
  await settled(page)
  expect((await bubbles(page, 'bob')).at(-1)).toBe('Did you hear that?')
  expect(complaints).toEqual([])
  await page.context().close()
}, 240_000)

test('what is written offline waits in the queue, is not called a difference, and comes into the filtered list', async () => {
  const { page, complaints } = await open()
  const focus = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
  await page.click('#alice .offline')
  await page.click('.tabs button:has-text("Queue")')
  await page.locator('#alice textarea').fill('Written in a tunnel')
  await page.click('#alice .composer button')
  expect(await focus()).toBe('Write as Alice')
  await page.waitForSelector('#queue li[data-state="waiting"]:has-text("Written in a tunnel")')
  await page.waitForSelector('#alice .truth:has-text("1 waiting")')
  // The last bubble is whole, whatever was written below its text since.
  const bottoms = () => page.evaluate(() => ['#alice .bubble:last-child', '#alice .scroll'].map((what) => document.querySelector(what)!.getBoundingClientRect().bottom))
  const [bubble, scroller] = await bottoms()
  expect(bubble).toBeLessThanOrEqual(scroller!)
  // A message that is removed takes its button with it, and not the focus.
  await page.locator('#alice .bubble[data-mine="true"][data-state="saved"] .erase').last().press('Enter')
  expect(await focus()).toBe('Messages as Alice sees them')
  await shoot(page, 'queue')
  await page.waitForSelector('#queue li[data-state="waiting"]:has-text("remove")')
  await page.click('#queue li:has-text("remove") button:has-text("Discard")')

  await page.click('.tabs button:has-text("Filter")')
  await page.click('#filtered button:has-text("Alice")')
  await page.click('#alice .offline')
  await page.waitForSelector('#bob .bubble:has-text("Written in a tunnel")')
  await page.waitForSelector('#filtered li[data-state="saved"]:has-text("Written in a tunnel")')
  await say(page, 'bob', 'This one is of Bob')
  await settled(page)
  expect(await page.locator('#filtered li:has-text("of Bob")').count()).toBe(0)
  await page.click('#filtered button:has-text("oldest")')
  await page.waitForFunction(() => [...document.querySelectorAll('#filtered li span')].at(-1)?.textContent === 'Written in a tunnel')
  expect(await page.locator('[data-verdict="false"]').count()).toBe(0)
  await shoot(page, 'filtered')
  expect(complaints).toEqual([])
  await page.context().close()
}, 240_000)

test('a hundred messages pass while Bob is away; he gets each once, and reads no list again', async () => {
  const { page, complaints } = await open()
  const lists: string[] = []
  page.on('request', (request) => request.url().endsWith('/messages/') && request.method() === 'GET' && lists.push(request.url()))
  const before = await page.locator('#bob .bubble').count()
  await page.click('#do-tunnel')
  await page.waitForSelector('#bob[data-status="stale"]')
  await shoot(page, 'away')
  await page.waitForFunction(() => document.querySelector('#bob .bubble:last-child p')?.textContent?.startsWith('Wave'), undefined, { timeout: 60_000 })
  await page.waitForSelector('.harm p:has-text("Bob is back")')
  await equalsFreshRead(page)
  expect(await page.locator('#bob .bubble').count()).toBe(before + 100)
  expect(lists).toEqual([])
  await shoot(page, 'back')
  expect(complaints).toEqual([])
  await page.context().close()
}, 240_000)

test('offline and back: what was written meanwhile on both sides is there, once', async () => {
  const { page, complaints } = await open()
  await page.click('#bob .offline')
  await say(page, 'alice', 'while you were out')
  await page.waitForSelector('#bob .link:has-text("Offline")')
  await page.click('#bob .offline')
  await settled(page)
  expect((await bubbles(page, 'bob')).at(-1)).toBe('while you were out')
  expect(complaints).toEqual([])
  await page.context().close()
}, 240_000)

test('two browsers, one of them offline in the middle of a burst', async () => {
  const [here, there] = [await open(), await open()]
  const burst = async (from: number, to: number) => {
    for (let n = from; n < to; n++) await say(here.page, 'alice', `burst ${n}`)
  }
  await burst(0, 10)
  await there.page.context().setOffline(true)
  await burst(10, 30)
  await say(there.page, 'bob', 'from the tunnel')
  await there.page.waitForSelector('#bob .bubble[data-state="saving"]')
  await there.page.context().setOffline(false)
  await burst(30, 40)
  for (const { page, complaints } of [here, there]) {
    await page.waitForSelector('#alice .bubble:has-text("burst 39")', { state: 'attached' })
    await page.waitForSelector('#alice .bubble:has-text("from the tunnel")', { state: 'attached' })
    await equalsFreshRead(page)
    const said = await bubbles(page, 'bob')
    // Each once; in which order, the server says, which had many at once.
    expect(said.filter((text) => text.startsWith('burst')).sort()).toEqual([...Array(40).keys()].map((n) => `burst ${n}`).sort())
    expect(said.filter((text) => text === 'from the tunnel')).toHaveLength(1)
    expect(complaints).toEqual([])
    await page.context().close()
  }
}, 240_000)

test('the server restarts, by the button and by a kill; nobody notices but the status', async () => {
  const { page, complaints } = await open()
  await linkBreaks(page, 'alice', () => page.click('#do-restart'))
  await site.answers()
  await settled(page)
  await site.kill()
  await page.waitForSelector('#bob[data-status="stale"]')
  await site.up()
  await settled(page)
  await say(page, 'alice', 'after the storm')
  await page.waitForSelector('#bob .bubble:has-text("after the storm")')
  await equalsFreshRead(page)
  expect(complaints).toEqual([])
  await page.context().close()
}, 240_000)

test('Bob is removed and let in again; what he may not see he does not', async () => {
  const { page, complaints } = await open({}, /^404 GET .*\/rooms\//)
  await page.click('#do-remove')
  await page.waitForSelector('#bob[data-status="denied"]')
  expect(await bubbles(page, 'bob')).toEqual([])
  await say(page, 'alice', 'only for those in here')
  await shoot(page, 'removed')
  await page.click('#do-invite')
  await settled(page)
  expect((await bubbles(page, 'bob')).at(-1)).toBe('only for those in here')
  await equalsFreshRead(page)
  expect(complaints).toEqual([])
  await page.context().close()
}, 240_000)

test('the token ends and is renewed on the living socket', async () => {
  const { page, complaints } = await open()
  await page.click('.inspector button:has-text("frames")')
  await page.waitForSelector('.lines:not(.rows) li:has-text("refresh")', { timeout: 45_000 })
  await say(page, 'alice', 'still here')
  await page.waitForSelector('#bob .bubble:has-text("still here")')
  expect(await page.locator('.lines:not(.rows) li:has-text("socket closed")').count()).toBe(0)
  expect(complaints).toEqual([])
  await page.context().close()
}, 240_000)

test('the inspector shows what the log holds, and every frame with what it says', async () => {
  const { page, complaints } = await open()
  await page.click('.inspector button:has-text("events")')
  await say(page, 'bob', 'for the log')
  await page.waitForSelector('.lines:not(.rows) li:has-text("for the log")')
  await settled(page)
  const { offsets } = await fresh()
  const shown = (await page.locator('.lines:not(.rows) time').allTextContents()).map((text) => Number(text.slice(1)))
  expect(shown.reverse()).toEqual(offsets.slice(-200))
  await page.click('.lines:not(.rows) li:has-text("for the log") summary')
  expect(JSON.parse((await page.locator('.lines:not(.rows) pre').first().textContent())!)).toMatchObject({ type: 'message.created', data: { text: 'for the log' } })
  await shoot(page, 'events')
  await page.click('.inspector button:has-text("frames")')
  const connect = page.locator('.lines:not(.rows) li[data-way="out"]').last()
  await connect.locator('summary').click()
  expect(JSON.parse((await connect.locator('pre').textContent())!)).toMatchObject({ id: 1, connect: { token: '…' } })
  await shoot(page, 'frames')
  expect(complaints).toEqual([])
  await page.context().close()
}, 240_000)

test('two browsers at once, one of them a phone in the dark, by keyboard alone', async () => {
  const desk = await open()
  const phone = await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true, isMobile: true })
  await phone.page.locator('#alice textarea').focus()
  await phone.page.keyboard.type('from the phone')
  await phone.page.keyboard.press('Tab')
  await phone.page.keyboard.press('Enter')
  await desk.page.waitForSelector('#bob .bubble:has-text("from the phone")')
  await settled(phone.page, 'alice')
  await shoot(phone.page, 'phone-dark')
  expect(await phone.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await phone.page.click('.tabs button:has-text("Inspector")')
  await phone.page.click('.inspector button:has-text("events")')
  await say(desk.page, 'bob', 'hello, phone')
  await phone.page.waitForSelector('.lines:not(.rows) li:has-text("hello, phone")')
  await shoot(phone.page, 'phone-inspector')
  const dark = await open({ colorScheme: 'dark' })
  await shoot(dark.page, 'dark')
  expect([...desk.complaints, ...phone.complaints, ...dark.complaints]).toEqual([])
  for (const { page } of [desk, phone, dark]) await page.context().close()
}, 240_000)
