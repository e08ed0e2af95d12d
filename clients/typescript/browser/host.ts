import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'

/** A page on an origin of its own, with a script that is bundled from this tree. */
export class Host {
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(script: string): Promise<Host> {
    const { outputFiles } = await build({
      stdin: { contents: script, resolveDir: new URL('..', import.meta.url).pathname, loader: 'ts' },
      bundle: true,
      format: 'esm',
      target: 'es2022',
      write: false,
    })
    const code = outputFiles[0]!.text
    const page = '<!doctype html><link rel="icon" href="data:," /><body></body><script type="module" src="/page.js"></script>'
    const server = createServer((request, response) => {
      const isCode = request.url === '/page.js'
      response.setHeader('Content-Type', isCode ? 'text/javascript' : 'text/html').end(isCode ? code : page)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Host(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  }

  stop(): void {
    this.server.close()
    this.server.closeAllConnections()
  }
}
