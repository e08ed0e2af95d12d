import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, openSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium, type Browser } from 'playwright-core'

/** The tree whose server is started, and the interpreter that has its requirements. */
const root = process.env.TIDEWIRE_ROOT ?? new URL('../../..', import.meta.url).pathname
const python = process.env.PYTHON ?? path.join(root, '.venv/bin/python')

export const artifacts = process.env.ARTIFACTS ?? new URL('../test-results', import.meta.url).pathname

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })

/** A real server with the demo's data, in a folder of its own. */
export class Site {
  private process: ChildProcess | null = null

  private constructor(
    readonly url: string,
    private readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(settings: NodeJS.ProcessEnv = {}): Promise<Site> {
    const folder = mkdtempSync(path.join(tmpdir(), 'tidewire-browser-'))
    const port = await freePort()
    const env = { ...process.env, DATA_DIR: folder, PORT: String(port), ...settings }
    const site = new Site(`http://127.0.0.1:${port}`, port, env)
    for (const command of ['migrate', 'seed_demo']) {
      execFileSync(python, ['-W', 'ignore', 'manage.py', command], { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] })
    }
    await site.up()
    return site
  }

  async up(): Promise<void> {
    const log = openSync(path.join(this.env.DATA_DIR!, 'log'), 'a')
    const command = ['-W', 'ignore', '-m', 'daphne', '-b', '127.0.0.1', '-p', String(this.port), 'backend.asgi:application']
    this.process = spawn(python, command, { cwd: root, env: this.env, stdio: ['ignore', log, log] })
    await this.answers()
  }

  /** As a crash. */
  async kill(): Promise<void> {
    const { process } = this
    this.process = null
    if (!process || process.exitCode !== null) return
    const gone = new Promise((resolve) => process.once('exit', resolve))
    process.kill('SIGKILL')
    await gone
  }

  async answers(): Promise<void> {
    for (const end = Date.now() + 30_000; Date.now() < end; ) {
      try {
        if ((await fetch(`${this.url}/healthz`)).ok) return
      } catch {
        // Not yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`the server did not answer; its log is in ${this.env.DATA_DIR}`)
  }
}

/** Debian's Chromium: the one that is there, else from apt where we may, else one sentence. */
export async function launch(): Promise<Browser> {
  const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  const find = () => places.find((place) => place && existsSync(place))
  if (!find() && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' })
    execFileSync('apt-get', ['install', '-y', '-qq', 'chromium'], { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  }
  const executablePath = find()
  if (!executablePath) throw new Error('the browser tests need Chromium: apt-get install chromium, or CHROMIUM=/path/to/it')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
