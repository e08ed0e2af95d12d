import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Site } from '../test/site.js'
import { artifacts, launch } from './chromium.js'

/** The demo's charts: what is pushed by REST is seen, without a reload, and what is alarming is seen to be. */
let site: Site
let browser: Browser

beforeAll(async () => {
  mkdirSync(artifacts, { recursive: true })
  ;[site, browser] = await Promise.all([Site.start(), launch()])
}, 180_000)

afterAll(async () => {
  await browser?.close()
  await site?.kill()
})

test('a sample that is pushed is on the page, and so is an alarm', async () => {
  const headers = { ...(await site.headers(await site.login('alice'))), 'Content-Type': 'application/json' }
  const { results } = await site.ask<{ results: { id: string; name: string }[] }>('/api/v1/dashboards/', { headers })
  const address = `/api/v1/dashboards/${results.find(({ name }) => name === 'This machine')!.id}/samples/`
  const push = (value: number) =>
    site.ask(address, { method: 'POST', headers, body: JSON.stringify({ samples: [{ metric: 'cpu', value }] }) })

  await push(12)
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage()
  await page.goto(site.demo())
  await page.getByRole('button', { name: 'This machine' }).click()
  await page.waitForSelector('#charts[data-status="live"]')
  expect(await page.locator('#charts figure').count()).toBe(5)
  const cpu = page.locator('#charts [data-key="cpu"]')
  await cpu.getByText('12 %').waitFor()

  // What was stored before the page was opened is on it, and so are the times and the threshold.
  expect((await cpu.locator('polyline').getAttribute('points'))!.split(' ').length).toBe(1)
  expect(await cpu.locator('.axis time').allTextContents()).toSatisfy((times: string[]) => times.length >= 4 && times.every((time) => /^\d\d:\d\d$/.test(time)))
  expect(await cpu.locator('span.limit').allTextContents()).toEqual(['above 90 %'])

  await push(34)
  await cpu.getByText('34 %').waitFor()
  expect((await cpu.locator('polyline').getAttribute('points'))!.split(' ').length).toBe(2)
  const { x, y, width } = (await cpu.locator('.plot').boundingBox())!
  const pointed = async (): Promise<string | null> => {
    await page.mouse.move(x + width - 9, y + 10)
    await page.mouse.move(x + width - 1, y + 10)
    return cpu.locator('.under').textContent()
  }
  // The chart moves on beneath the pointer.
  await expect.poll(pointed).toMatch(/^34 % \d\d:\d\d:\d\d$/)
  await cpu.locator('.plot').press('ArrowLeft')
  expect(await cpu.locator('.under').textContent()).toMatch(/^12 % /)

  await push(99)
  await page.locator('#charts [data-key="cpu"][data-state="alarm"]').getByText('alarm', { exact: true }).waitFor()
  await page.screenshot({ path: path.join(artifacts, 'charts.png') })
  await push(5)
  await page.locator('#charts [data-key="cpu"][data-state="ok"]').waitFor()
  await page.getByRole('button', { name: '1 hour' }).click()
  await page.waitForFunction(() => /^\d\d:(00|15|30|45)$/.test(document.querySelector('.axis time')?.textContent ?? ''))
  await cpu.locator('polyline').waitFor({ state: 'attached' })
}, 60_000)
