// The behaviour of the page: the console, the copy buttons, and `code` in the descriptions.

import { paint } from './json_view.js'
import { Link } from './link.js'
import { EventList, FrameList } from './lists.js'

const $ = (id) => document.getElementById(id)
const root = $('console')
const PAGE = 50

const socketURL = new URL(root.dataset.socket, location.href)
socketURL.protocol = socketURL.protocol.replace('http', 'ws')

const link = new Link(socketURL.href)
const frames = new FrameList($('frames'), $('count'))
const log = new EventList($('log'), (offset) => replay(offset))
let chosen = '' // the stream whose log is shown
let specification = null
let refreshToken = '' // kept in this page's memory only
let renewal = 0

// -- events of the link ------------------------------------------------------------------------------------------------

link.addEventListener('frame', ({ detail }) => frames.add(detail))
link.addEventListener('remark', ({ detail }) => frames.remark(detail.text))
link.addEventListener('state', ({ detail }) => {
  $('status').dataset.state = detail.state
  $('status').textContent = detail.text
  $('credentials').hidden = !['idle', 'stopped'].includes(detail.state)
  if (detail.state === 'online') suggestStreams(link.token)
  enable()
})
link.addEventListener('streams', () => {
  if (!link.streams.has(chosen)) choose([...link.streams.keys()].at(-1) ?? '')
  showStreams()
})
link.addEventListener('lost', ({ detail }) => notify(`${detail.stream} is over: ${detail.code} ${detail.reason}`))
link.addEventListener('publication', ({ detail }) => {
  if (detail.stream !== chosen) return
  log.add(detail.publication)
  showHead()
})

function enable() {
  $('drop').disabled = !link.isOnline
  $('leave').disabled = ['idle', 'stopped', undefined].includes(link.state)
  for (const id of ['follow', 'raw']) button(id).disabled = !link.isOnline
  for (const id of ['replay', 'ephemeral']) button(id).disabled = !link.isOnline || !chosen
}

const button = (form) => $(form).querySelector('button[type=submit]')

function notify(text) {
  $('notice').textContent = text
  $('notice').hidden = !text
}

/** Runs `action` when the form is submitted. Shows errors as a notice. */
function on(form, action) {
  $(form)?.addEventListener('submit', async (event) => {
    event.preventDefault()
    notify('')
    try {
      await action(new FormData(event.target), event.target)
    } catch (error) {
      notify(error.code ? `${error.code} ${error.message}` : error.message)
    }
  })
}

// -- streams -----------------------------------------------------------------------------------------------------------

function showStreams() {
  $('followed').replaceChildren(...[...link.streams.keys()].map(chip))
  enable()
}

function chip(stream) {
  const made = document.createElement('span')
  made.className = 'chip'
  made.dataset.chosen = stream === chosen
  const show = Object.assign(document.createElement('button'), { type: 'button', textContent: stream, title: stream })
  show.setAttribute('aria-pressed', stream === chosen)
  show.addEventListener('click', () => choose(stream))
  const end = Object.assign(document.createElement('button'), { type: 'button', textContent: '×' })
  end.setAttribute('aria-label', `Unsubscribe from ${stream}`)
  end.addEventListener('click', () => link.unsubscribe(stream).catch((error) => notify(error.message)))
  made.append(show, end)
  return made
}

async function choose(stream) {
  chosen = stream
  log.clear()
  $('head').textContent = ''
  $('older').hidden = true
  showStreams()
  suggestEphemeralTypes()
  if (stream && link.isOnline) await older().catch((error) => notify(error.message))
}

function showHead() {
  const position = link.streams.get(chosen)
  $('head').textContent = position ? `at ${position.offset} of epoch ${position.epoch}` : ''
}

/** Reads the next page of the log, backwards. */
async function older() {
  const stream = chosen
  const since = log.lowest ? { since: { offset: log.lowest, epoch: link.streams.get(stream).epoch } } : {}
  const page = await link.ask('history', { channel: stream, limit: PAGE, reverse: true, ...since })
  if (stream !== chosen) return
  for (const publication of page.publications ?? []) log.add(publication)
  $('older').hidden = (page.publications?.length ?? 0) < PAGE || log.lowest === 1
  showHead()
}

async function replay(offset) {
  notify('')
  try {
    const reply = await link.replay(chosen, offset)
    const count = reply.publications?.length ?? 0
    frames.remark(reply.recovered ? `replayed after ${offset}: ${count} in the reply` : `${offset} cannot be recovered from`)
  } catch (error) {
    notify(error.message)
  }
}

on('follow', async (data) => {
  const stream = data.get('stream').trim()
  if (!link.streams.has(stream)) await link.subscribe(stream, data.has('join_leave') ? { join_leave: true } : {})
  if (chosen !== stream) await choose(stream)
})
on('replay', (data) => replay(Number(data.get('offset'))))
$('older').addEventListener('click', () => older().catch((error) => notify(error.message)))

// -- the connection ----------------------------------------------------------------------------------------------------

on('sign-in', async (data, form) => {
  const pair = await post(root.dataset.signIn, { email: data.get('email'), password: data.get('password') })
  form.reset()
  refreshToken = pair.refresh
  link.connect(pair.access)
})
on('with-token', (data, form) => {
  form.reset()
  refreshToken = ''
  link.connect(data.get('token').trim())
})

async function post(url, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  const content = await response.json()
  if (!response.ok) throw new Error(content.detail ?? `${response.status}`)
  return content
}

/** Fetches another token before this one expires. A token that was pasted in must be replaced by hand. */
link.addEventListener('expires', ({ detail }) => {
  clearTimeout(renewal)
  if (refreshToken && root.dataset.renew) renewal = setTimeout(renew, detail.seconds * 800)
})

async function renew() {
  try {
    const pair = await post(root.dataset.renew, { refresh: refreshToken })
    refreshToken = pair.refresh ?? refreshToken
    await link.renew(pair.access)
  } catch (error) {
    notify(`The token could not be renewed: ${error.message}`)
  }
}

$('drop').addEventListener('click', () => link.drop())
$('leave').addEventListener('click', () => link.disconnect())
$('clear').addEventListener('click', () => frames.clear())
$('pings').addEventListener('change', ({ target }) => $('frames').classList.toggle('with-pings', target.checked))

/** Suggests names of streams, from the lists that the site gives for each kind. Lists that fail are left out. */
async function suggestStreams(token) {
  const options = []
  for (const [kind, url] of Object.entries(JSON.parse(root.dataset.lists))) {
    const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } })
    const found = response.ok ? (await response.json()).results : []
    options.push(...found.map(({ id, name }) => new Option(name ?? '', `${kind}:${id}`)))
  }
  $('streams-known').replaceChildren(...options)
}

// -- ephemeral messages and raw frames ---------------------------------------------------------------------------------

on('ephemeral', async (data) => {
  const message = { type: data.get('type'), data: JSON.parse(data.get('data')) }
  await link.ask('publish', { channel: chosen, data: message })
})
on('raw', (data) => link.send(data.get('frame').trim().replaceAll('\r', '')))
$('raw').elements.frame.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) $('raw').requestSubmit()
})
$('raw').elements.preset.addEventListener('change', ({ target }) => fill(target.value))

async function loadDocument() {
  specification = await (await fetch(root.dataset.document)).json()
  link.reasons = new Map(specification['x-codes'].disconnects.map(({ code, reason }) => [code, reason]))
  const { messages } = specification.components
  const commands = Object.keys(messages).filter((name) => messages[name].tags[0].name === 'command')
  $('raw').elements.preset.replaceChildren(...commands.map((name) => new Option(name)))
  $('raw').elements.preset.value = 'presence'
  fill('presence')
}

/** Fills in the example of a command, for the chosen stream and with an id of its own. */
function fill(name) {
  const frame = structuredClone(specification.components.messages[name].examples[0].payload)
  if (frame.id) frame.id = 1000 + Math.floor(Math.random() * 9000)
  if (chosen && frame[name]?.channel) frame[name].channel = chosen
  if (frame[name]?.epoch) Object.assign(frame[name], link.streams.get(chosen) ?? {})
  $('raw').elements.frame.value = JSON.stringify(frame)
}

function suggestEphemeralTypes() {
  const kind = specification?.channels[chosen.split(':')[0]]
  const names = Object.keys(kind?.messages ?? {})
  const types = names.filter((name) => specification.components.messages[name].tags[0].name === 'ephemeral')
  $('ephemeral-known').replaceChildren(...types.map((name) => new Option(name)))
  $('ephemeral').elements.type.value = types[0] ?? ''
  if ($('raw').elements.preset.value) fill($('raw').elements.preset.value)
}

// -- the reference -----------------------------------------------------------------------------------------------------

for (const code of document.querySelectorAll('code.json')) paint(code)

// `words` in the descriptions become code.
for (const text of document.querySelectorAll('.marked')) {
  const parts = text.textContent.split('`')
  if (parts.length > 1)
    text.replaceChildren(...parts.map((part, n) => (n % 2 ? Object.assign(document.createElement('code'), { textContent: part }) : part)))
}

for (const copy of document.querySelectorAll('.copy')) {
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(copy.closest('figure').querySelector('pre').textContent)
    copy.textContent = 'Copied'
    setTimeout(() => (copy.textContent = 'Copy'), 1500)
  })
}

/** Opens the event that the address names. */
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (target instanceof HTMLDetailsElement) target.open = true
}
addEventListener('hashchange', openTarget)

openTarget()
enable()
loadDocument().catch(() => notify('The document could not be read.'))
