import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const server = process.env.TIDEWIRE_URL ?? 'http://127.0.0.1:8000'

/** The client is built from its source, so that the demo shows what is in this tree. Nothing comes from another host. */
export default {
  base: '/demo/',
  resolve: {
    alias: [
      { find: /^tidewire$/, replacement: here('../clients/typescript/src/index.ts') },
      { find: /^tidewire\/([\w-]+)$/, replacement: here('../clients/typescript/src/$1.ts') },
    ],
    dedupe: ['react', 'react-dom', 'centrifuge'],
  },
  build: {
    target: 'es2022',
    // Names that stay, so that a rebuild of the same source is the same tree.
    rollupOptions: { output: { entryFileNames: 'assets/demo.js', assetFileNames: 'assets/[name][extname]' } },
  },
  server: {
    proxy: {
      '/api': server,
      '/demo/logins': server,
      '/demo/restart': server,
      '/connection': { target: server.replace('http', 'ws'), ws: true },
    },
  },
}
