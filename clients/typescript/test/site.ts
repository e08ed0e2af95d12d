import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** The tree whose server is started, and the interpreter that has its requirements. */
const root = process.env.TIDEWIRE_ROOT ?? new URL('../../..', import.meta.url).pathname
const python = process.env.PYTHON ?? path.join(root, '.venv/bin/python')

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })

export interface Login {
  readonly email: string
  readonly password: string
}

/** A real server with the demo's data, in a folder of its own. */
export class Site {
  private process: ChildProcess | null = null

  private constructor(
    readonly url: string,
    private readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(settings: NodeJS.ProcessEnv = {}): Promise<Site> {
    const folder = mkdtempSync(path.join(tmpdir(), 'tidewire-site-'))
    const port = await freePort()
    // A developer's own servers are not for tests to fill.
    const own = { DATABASE_URL: undefined, REDIS_URL: undefined, TIDEWIRE_MODE: 'development' }
    const env = { ...process.env, ...own, DATA_DIR: folder, PORT: String(port), ...settings }
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

  /** One of the people of the seeded demo. */
  async login(name: string): Promise<Login> {
    const logins = JSON.parse(readFileSync(path.join(this.env.DATA_DIR!, 'demo_logins.json'), 'utf8')) as Record<string, string>
    const email = `${name}@example.com`
    return { email, password: logins[email]! }
  }

  /** The address that opens the demo, as the terminal prints it. */
  demo(): string {
    const { key } = JSON.parse(readFileSync(path.join(this.env.DATA_DIR!, 'demo_key.json'), 'utf8')) as { key: string }
    return `${this.url}/demo/enter/${key}/`
  }

  async headers(login: Login): Promise<Record<string, string>> {
    const body = JSON.stringify(login)
    const { access } = await this.ask<{ access: string }>('/api/v1/token/', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
    return { Authorization: `Bearer ${access}` }
  }

  /** The room where only this person and whom they asked in are. */
  async room(owner: Login): Promise<string> {
    const { results } = await this.ask<{ results: { id: string; kind: string; me: { role: string } }[] }>('/api/v1/rooms/?limit=100', {
      headers: await this.headers(owner),
    })
    return results.find(({ kind, me }) => kind === 'private' && me.role === 'owner')!.id
  }

  async ask<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(new URL(path, this.url), init)
    if (!response.ok) throw Object.assign(new Error(`${response.status} ${path}`), { status: response.status })
    return (await response.json()) as T
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
