import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { chromium, type Browser } from 'playwright-core'

/** Where screenshots are left for people to look at. */
export const artifacts = process.env.ARTIFACTS ?? new URL('../test-results', import.meta.url).pathname

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const INSTALL = [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]

/** The browser, found as tests/rig/chromium.py finds it: CHROMIUM, the PATH, apt where we may, else one sentence. */
export async function launch(): Promise<Browser> {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const find = () => process.env.CHROMIUM ?? NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(existsSync)
  if (!find() && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const command of INSTALL) execFileSync('apt-get', command, { stdio: 'ignore', env })
  }
  const executablePath = find()
  if (!executablePath) throw new Error('needs Chromium: apt-get install chromium, or set CHROMIUM to its path')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
