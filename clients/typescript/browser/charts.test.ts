import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Site } from '../test/site.js'
import { launch } from './chromium.js'

/** The demo's charts: what is pushed by REST is seen, without a reload, and what is alarming is seen to be. */
let site: Site
let browser: Browser

beforeAll(async () => {
  ;[site, browser] = await Promise.all([Site.start(), launch()])
}, 180_000)

afterAll(async () => {
  await browser?.close()
  await site?.kill()
})

test('a sample that is pushed is on the page, and so is an alarm', async () => {
  const headers = { ...(await site.headers(await site.login('alice'))), 'Content-Type': 'application/json' }
  const { results } = await site.ask<{ results: { id: string; name: string }[] }>('/api/v1/dashboards/', { headers })
  const path = `/api/v1/dashboards/${results.find(({ name }) => name === 'This machine')!.id}/samples/`
  const push = (value: number) =>
    site.ask(path, { method: 'POST', headers, body: JSON.stringify({ samples: [{ metric: 'cpu', value }] }) })

  await push(12)
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage()
  await page.goto(site.demo())
  await page.getByRole('button', { name: 'This machine' }).click()
  await page.waitForSelector('#charts[data-status="live"]')
  expect(await page.locator('#charts figure').count()).toBe(5)
  const cpu = page.locator('#charts [data-key="cpu"]')
  await cpu.getByText('12 %').waitFor()

  await push(34)
  await cpu.getByText('34 %').waitFor()
  expect((await cpu.locator('polyline').getAttribute('points'))!.split(' ').length).toBe(2)

  await push(99)
  await page.locator('#charts [data-key="cpu"][data-state="alarm"]').waitFor()
  await push(5)
  await page.locator('#charts [data-key="cpu"][data-state="ok"]').waitFor()
}, 60_000)
