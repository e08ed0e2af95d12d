// The two lists of the console: stored events by offset, and the last frames of the connection. Newest first.

import { shown } from './json_view.js'

const MAX_FRAMES = 500

const clock = (date) => date.toTimeString().slice(0, 8) + '.' + String(date.getMilliseconds()).padStart(3, '0')

function element(name, className, text) {
  const made = document.createElement(name)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

/** A row that can be opened. `inside()` makes its content then. */
function row(className, parts, inside) {
  const item = element('li', className)
  const details = element('details')
  const summary = element('summary')
  summary.append(...parts)
  details.append(summary)
  details.addEventListener('toggle', () => details.children.length > 1 || details.append(...inside()), { once: true })
  item.append(details)
  return item
}

export class FrameList {
  constructor(list, count) {
    this.list = list
    this.count = count
    this.total = 0
  }

  add({ isOut, text, message, ms }) {
    const size = `${new TextEncoder().encode(text).length} B`
    const parts = [
      element('span', 'arrow', isOut ? '↑' : '↓'),
      element('time', '', clock(new Date())),
      element('span', 'what', describe(message, isOut)),
      element('span', 'size', ms === undefined ? size : `${ms.toFixed(0)} ms, ${size}`),
    ]
    parts[0].setAttribute('aria-label', isOut ? 'sent' : 'received')
    const isPing = message && Object.keys(message).length === 0
    const kind = [isOut ? 'out' : 'in', isPing ? 'ping' : 'new', message?.error || !message ? 'bad' : ''].join(' ')
    this.put(row(kind, parts, () => [shown(message ?? text)]))
    if (!isPing) this.count.textContent = `${++this.total}`
  }

  remark(text) {
    this.put(element('li', 'remark', text))
  }

  put(item) {
    this.list.prepend(item)
    while (this.list.children.length > MAX_FRAMES) this.list.lastChild.remove()
  }

  clear() {
    this.list.replaceChildren()
    this.total = 0
    this.count.textContent = ''
  }
}

function describe(message, isOut) {
  if (!message) return 'not JSON'
  if (message.push) {
    const { channel, pub, ...rest } = message.push
    const type = pub?.data?.type ?? Object.keys(rest)[0]
    return `${type}${pub?.offset ? ` #${pub.offset}` : ''}  ${channel}`
  }
  if (message.error) return `error ${message.error.code} ${message.error.message}`
  const method = Object.keys(message).find((key) => key !== 'id')
  if (!method) return isOut ? 'pong' : 'ping'
  return `${method} ${message.id ?? ''}  ${message[method]?.channel ?? ''}`.trim()
}

export class EventList {
  constructor(list, onReplay) {
    this.list = list
    this.onReplay = onReplay
    this.lowest = 0
    this.seen = new Set()
  }

  clear() {
    this.list.replaceChildren()
    this.lowest = 0
    this.seen.clear()
  }

  /** Adds an event in the order of offsets. One that is in the list already is left alone. */
  add({ offset, data }) {
    if (!offset || this.seen.has(offset)) return
    this.seen.add(offset)
    this.lowest = this.lowest ? Math.min(this.lowest, offset) : offset
    const item = this.make(offset, data)
    item.dataset.offset = offset
    const below = [...this.list.children].find((other) => Number(other.dataset.offset) < offset)
    this.list.insertBefore(item, below ?? null)
  }

  make(offset, data) {
    const parts = [
      element('span', 'offset', `${offset}`),
      element('span', 'what', data.type),
      element('time', 'size', data.at ? clock(new Date(data.at)) : ''),
    ]
    return row('new', parts, () => {
      const button = element('button', 'action', `Replay after ${offset}`)
      button.type = 'button'
      button.addEventListener('click', () => this.onReplay(offset))
      return [shown(data), button]
    })
  }
}
