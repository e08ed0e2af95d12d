// Writes docs/reference/typescript/ from the types and their comments: npm run reference [FOLDER]

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Application } from 'typedoc'

const here = new URL('..', import.meta.url).pathname
const out = path.resolve(process.argv[2] ?? path.join(here, '../../docs/reference/typescript'))

process.chdir(here)
rmSync(out, { recursive: true, force: true })
const app = await Application.bootstrapWithPlugins({ options: path.join(here, 'typedoc.json'), out, logLevel: 'Warn' })
const project = await app.convert()
app.validate(project)
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)
await app.generateOutputs(project)

// Names that a page has several times: GitHub and the site number their headings differently.
const AMBIGUOUS = /\[([^\]]+)\]\((?:[\w-]+\.md)?#[\w-]+-\d+\)/g
const HEAD = '<!-- Written by clients/typescript/scripts/reference.mjs from the types: change their comments, and run `npm run reference`. -->\n\n'
for (const name of readdirSync(out)) {
  const file = path.join(out, name)
  writeFileSync(file, HEAD + readFileSync(file, 'utf8').replace(AMBIGUOUS, '$1').replaceAll('| - |', '| |'))
}
